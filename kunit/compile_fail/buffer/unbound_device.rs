// SPDX-License-Identifier: GPL-2.0

//! The device is not known to be bound.

include!("../prelude.rs");

// control: pub fn f(dev: &Device<Bound>) -> Result<CoherentHandle> {
pub fn f(dev: &Device) -> Result<CoherentHandle> {
    CoherentHandle::alloc(dev, 4096, GFP_KERNEL) //~ E0308
}
