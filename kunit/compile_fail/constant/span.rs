// SPDX-License-Identifier: GPL-2.0

//! A constant range is out of bounds.

include!("../prelude.rs");

pub fn f(buf: &Coherent<[u8; 4096], NoMapping>) {
    // control: let _ = io_project!(buf, [build: Span::<4088, 8>]).dma_address();
    let _ = io_project!(buf, [build: Span::<4090, 8>]).dma_address(); //~ E0080
}
