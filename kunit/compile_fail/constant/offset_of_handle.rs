// SPDX-License-Identifier: GPL-2.0

//! A constant offset into a buffer with a run-time size.

include!("../prelude.rs");

pub fn f(heap: &CoherentHandle) -> Result<DmaAddress> {
    // control: Ok(io_project!(heap, [try: 4096]).dma_address())
    Ok(heap.dma_address_at::<4096>()) //~ E0599
}
