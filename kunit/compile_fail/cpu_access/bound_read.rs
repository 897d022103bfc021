// SPDX-License-Identifier: GPL-2.0

//! The CPU reads a bound buffer without a mapping.

include!("../prelude.rs");

// control: pub fn f(c: &bound::Coherent<'_, u32>) -> u32 {
pub fn f(c: &bound::Coherent<'_, u32, NoMapping>) -> u32 {
    c.read_val() //~ E0277
}
