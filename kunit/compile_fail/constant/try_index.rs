// SPDX-License-Identifier: GPL-2.0

//! A constant index with `[try: ..]` is out of bounds.

include!("../prelude.rs");

pub fn f(frames: &Coherent<[[u8; 4096]; 8], NoMapping>) -> Result<DmaAddress> {
    // control: Ok(io_project!(frames, [try: 8]).dma_address())
    Ok(io_project!(frames, [try: At::<8>]).dma_address()) //~ E0080
}
