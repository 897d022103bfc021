// SPDX-License-Identifier: GPL-2.0

//! The type is zero-sized.

include!("../prelude.rs");

pub fn f(dev: &Device<Bound>) -> Result {
    // control: let _ = Coherent::<[u32; 1]>::zeroed(dev, GFP_KERNEL)?;
    let _ = Coherent::<[u32; 0]>::zeroed(dev, GFP_KERNEL)?; //~ E0080
    Ok(())
}
