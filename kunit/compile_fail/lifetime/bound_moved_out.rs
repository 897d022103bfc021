// SPDX-License-Identifier: GPL-2.0

//! The unbound buffer is moved out of a bound one.

include!("../prelude.rs");

pub fn f(c: bound::Coherent<'_, u32>) {
    // control: let _seen: &Coherent<u32> = &*c;
    let _free: Coherent<u32> = *c; //~ E0507
}
