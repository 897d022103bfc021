// SPDX-License-Identifier: GPL-2.0

//! A constant offset is out of bounds of a struct.

include!("../prelude.rs");

use core::mem::offset_of;

#[repr(C)]
pub struct Firmware {
    header: [u8; 256],
    heap: [u8; 0x8000],
}

pub fn f(fw: &Coherent<Firmware, NoMapping>) {
    // control: let _ = fw.dma_address_at::<{ offset_of!(Firmware, heap) + 0x7fff }>();
    let _ = fw.dma_address_at::<{ offset_of!(Firmware, heap) + 0x8000 }>(); //~ E0080
}
