// SPDX-License-Identifier: GPL-2.0

//! A constant index is out of bounds.

include!("../prelude.rs");

pub fn f(frames: &Coherent<[[u8; 4096]; 8], NoMapping>) {
    // control: let _ = io_project!(frames, [build: At::<7>]).dma_address();
    let _ = io_project!(frames, [build: At::<8>]).dma_address(); //~ E0080
}
