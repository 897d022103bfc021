// SPDX-License-Identifier: GPL-2.0

//! A bound buffer is in a `Devres`, which outlives the borrow of its device.

include!("../prelude.rs");

use kernel::devres::Devres;

pub fn f(dev: &Device<Bound>) -> Result {
    // control: let _ = Devres::new(dev, Coherent::<u32>::zeroed(dev, GFP_KERNEL)?)?;
    let _ = Devres::new(dev, bound::Coherent::<u32>::zeroed(dev, GFP_KERNEL)?)?; //~ E0521
    Ok(())
}
