// SPDX-License-Identifier: GPL-2.0

//! An index is out of bounds.

include!("../prelude.rs");

pub fn f(frames: &Coherent<[u32; 16], NoMapping>) -> DmaAddress {
    // control: io_project!(frames, [build: 15]).dma_address()
    io_project!(frames, [build: 16]).dma_address() //~ build_error
}
