// SPDX-License-Identifier: GPL-2.0

//! The elements have no size.

include!("../prelude.rs");

pub fn f(dev: &Device<Bound>) -> Result<Coherent<[()], NoMapping>> {
    // control: Err(EINVAL)
    Coherent::<[()], NoMapping>::alloc(dev, 8, GFP_KERNEL) //~ E0080
}
