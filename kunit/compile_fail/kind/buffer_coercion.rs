// SPDX-License-Identifier: GPL-2.0

//! A reference to a buffer changes its kind.

include!("../prelude.rs");

// control: pub fn f(c: &Coherent<u32, NoMapping>) -> &Coherent<u32, NoMapping> {
pub fn f(c: &Coherent<u32, NoMapping>) -> &Coherent<u32> {
    c //~ E0308
}
