// SPDX-License-Identifier: GPL-2.0

//! The lifetime of a view is extended.

include!("../prelude.rs");

pub fn keep(_: CoherentView<'static, u32, NoMapping>) {}

// control: pub fn f(c: CoherentView<'static, u32, NoMapping>) {
pub fn f(c: CoherentView<'_, u32, NoMapping>) {
    keep(c); //~ E0521
}
