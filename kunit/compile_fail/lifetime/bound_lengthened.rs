// SPDX-License-Identifier: GPL-2.0

//! The lifetime of a bound buffer is extended.

include!("../prelude.rs");

pub fn keep(_: bound::Coherent<'static, u32>) {}

// control: pub fn f(c: bound::Coherent<'static, u32>) {
pub fn f(c: bound::Coherent<'_, u32>) {
    keep(c); //~ E0521
}
