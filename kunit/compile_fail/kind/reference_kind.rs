// SPDX-License-Identifier: GPL-2.0

//! A reference to a kind is used as a kind.

include!("../prelude.rs");

// control: pub fn f(c: &Coherent<u32, Normal>) {
pub fn f(c: &Coherent<u32, &'static Normal>) {
    //~^ E0277
    let _ = c;
}
