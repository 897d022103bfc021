// SPDX-License-Identifier: GPL-2.0

//! The backend of system memory is called with a view.

include!("../prelude.rs");

// control: pub fn f(c: SysMem<'_, u32>) -> *mut u32 {
pub fn f(c: CoherentView<'_, u32, NoMapping>) -> *mut u32 {
    SysMemBackend::as_ptr(c) //~ E0308
}
