// SPDX-License-Identifier: GPL-2.0

//! A constant offset is out of bounds.

include!("../prelude.rs");

pub fn f(fw: &Coherent<[u8; 4096], NoMapping>) {
    // control: let _ = fw.dma_address_at::<4095>();
    let _ = fw.dma_address_at::<4096>(); //~ E0080
}
