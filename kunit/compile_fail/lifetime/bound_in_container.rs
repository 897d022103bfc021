// SPDX-License-Identifier: GPL-2.0

//! A container of a bound buffer is dropped after its device is unbound.

include!("../prelude.rs");

use core::{
    cell::RefCell,
    ops::Deref, //
};
use kernel::sync::Arc;

pub fn new(dev: &Device<Bound>) -> Result<bound::CoherentHandle<'_>> {
    bound::CoherentHandle::alloc(dev, 64, GFP_KERNEL)
}

pub fn f<Guard: Deref<Target = Device<Bound>>>(guard: fn() -> Guard) -> Result {
    // control: let (a, b, c, d, _a, _b, _c, mut _d);
    let (_a, _b, _c, mut _d, a, b, c, d);
    (a, b, c, d) = (guard(), guard(), guard(), guard());
    _a = RefCell::new(new(&a)?); //~ E0597
    _b = Arc::new(new(&b)?, GFP_KERNEL)?; //~ E0597
    _c = Some(new(&c)?); //~ E0597
    _d = KVec::new();
    _d.push(new(&d)?, GFP_KERNEL)?; //~ E0597
    Ok(())
}
