// SPDX-License-Identifier: GPL-2.0

//! A bound buffer is stored where `'static` is needed.

include!("../prelude.rs");

fn keep<T: 'static>(_: T) {}

pub fn f(dev: &Device<Bound>) -> Result {
    // control: keep(CoherentHandle::alloc(dev, 64, GFP_KERNEL)?);
    keep(bound::CoherentHandle::alloc(dev, 64, GFP_KERNEL)?); //~ E0521
    Ok(())
}
