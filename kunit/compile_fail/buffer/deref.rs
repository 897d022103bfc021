// SPDX-License-Identifier: GPL-2.0

//! A buffer is dereferenced.

include!("../prelude.rs");

// control: pub fn f(c: &CoherentBox<u32>) {
pub fn f(c: &Coherent<u32, NoMapping>) {
    let _ = **c; //~ E0614
}
