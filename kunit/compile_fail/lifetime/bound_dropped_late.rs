// SPDX-License-Identifier: GPL-2.0

//! A bound buffer is dropped after its device is unbound.

include!("../prelude.rs");

use core::ops::Deref;

pub fn f<Guard: Deref<Target = Device<Bound>>>(guard: fn() -> Guard) -> Result {
    // control: let (dev, _c);
    let (_c, dev);
    dev = guard();
    _c = bound::CoherentHandle::alloc(&dev, 64, GFP_KERNEL)?; //~ E0597
    Ok(())
}
