// SPDX-License-Identifier: GPL-2.0

//! A trait object is used as a kind.

include!("../prelude.rs");

// control: pub fn f(c: &Coherent<u32, Normal>) {
pub fn f(c: &Coherent<u32, dyn Send>) {
    //~^ E0277
    let _ = c;
}
