// SPDX-License-Identifier: GPL-2.0

//! The cookie is read from its private field.

include!("../prelude.rs");

pub fn f(c: &CoherentHandle) -> usize {
    // control: c.len()
    c.cpu_addr.len() //~ E0616
}
