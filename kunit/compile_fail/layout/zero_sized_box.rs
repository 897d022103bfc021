// SPDX-License-Identifier: GPL-2.0

//! A box of a zero-sized type.

include!("../prelude.rs");

pub fn f(dev: &Device<Bound>) {
    // control: let _ = CoherentBox::<[u32; 2]>::zeroed(dev, GFP_KERNEL);
    let _ = CoherentBox::<[u32; 0]>::zeroed(dev, GFP_KERNEL); //~ E0080
}
