// SPDX-License-Identifier: GPL-2.0

//! The CPU reads an element.

include!("../prelude.rs");

pub fn f(frames: &Coherent<[u32; 16], NoMapping>) {
    // control: let _ = io_project!(frames, [build: 3]).dma_address();
    let _ = io_read!(frames, [build: 3]); //~ E0277
}
