// SPDX-License-Identifier: GPL-2.0

//! A constructor of `Normal` is called for a handle.

include!("../prelude.rs");

pub fn f(dev: &Device<Bound>) {
    // control: let _ = CoherentHandle::alloc_zeroed(dev, 4096, GFP_KERNEL);
    let _ = CoherentHandle::zeroed(dev, GFP_KERNEL); //~ E0599
}
