// SPDX-License-Identifier: GPL-2.0

//! A constant index into a buffer with a run-time size.

include!("../prelude.rs");

pub fn f(heap: &CoherentHandle) -> Result<DmaAddress> {
    // control: Ok(io_project!(heap, [try: 4096]).dma_address())
    Ok(io_project!(heap, [build: At::<4096>]).dma_address()) //~ E0308
}
