// SPDX-License-Identifier: GPL-2.0

//! The backend of the other kind is called with a view.

include!("../prelude.rs");

// control: pub fn f(c: CoherentView<'_, u32, Normal>) -> u32 {
pub fn f(c: CoherentView<'_, u32, NoMapping>) -> u32 {
    CoherentIoBackend::<Normal>::io_read(c) //~ E0308
}
