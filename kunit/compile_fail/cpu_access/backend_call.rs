// SPDX-License-Identifier: GPL-2.0

//! The operations of the backend are called directly.

include!("../prelude.rs");

// control: pub fn f(c: CoherentView<'_, u32, Normal>) {
pub fn f(c: CoherentView<'_, u32, NoMapping>) {
    let _ = CoherentIoBackend::io_read(c); //~ E0277
    CoherentIoBackend::io_write(c, 1); //~ E0277
    let _ = <CoherentIoBackend<_> as IoCopyable>::copy_read(c); //~ E0277
    <CoherentIoBackend<_> as IoCopyable>::copy_write(c, 1); //~ E0277
}
