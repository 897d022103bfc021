// SPDX-License-Identifier: GPL-2.0

//! A view is converted to a view of system memory.

include!("../prelude.rs");

// control: pub fn f(c: SysMem<'_, u32>) {
pub fn f(c: CoherentView<'_, u32, NoMapping>) {
    let _ = IoSysMap::from(c); //~ E0277
}
