// SPDX-License-Identifier: GPL-2.0

//! A buffer is cloned.

include!("../prelude.rs");

pub fn f(c: &CoherentHandle) {
    // control: let _ = <&CoherentHandle as Clone>::clone(&c);
    let _ = <CoherentHandle as Clone>::clone(c); //~ E0277
}
