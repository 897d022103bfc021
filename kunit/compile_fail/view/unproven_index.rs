// SPDX-License-Identifier: GPL-2.0

//! The optimizer cannot prove that an index is in bounds.

include!("../prelude.rs");

pub fn f(frames: &Coherent<[u32; 16], NoMapping>, i: usize) -> Result<DmaAddress> {
    // control: Ok(io_project!(frames, [try: i]).dma_address())
    Ok(io_project!(frames, [build: i]).dma_address()) //~ build_error
}
