// SPDX-License-Identifier: GPL-2.0

//! A view is cast to an alignment above a page.

include!("../prelude.rs");

// control: #[repr(align(4096))]
#[repr(align(8192))]
pub struct Huge([u8; 8192]);

pub fn f(heap: &CoherentHandle) -> Result<DmaAddress> {
    Ok(heap.try_cast::<Huge>()?.dma_address()) //~ E0080
}
