// SPDX-License-Identifier: GPL-2.0

//! A view of an unaligned field.

include!("../prelude.rs");

#[repr(C, packed)]
pub struct Packed {
    tag: u8,
    value: u32,
}

pub fn f(buf: &Coherent<Packed, NoMapping>) {
    // control: let _ = io_project!(buf, .tag).dma_address();
    let _ = io_project!(buf, .value).dma_address(); //~ E0793
}
