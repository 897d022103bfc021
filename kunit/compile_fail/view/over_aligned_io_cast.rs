// SPDX-License-Identifier: GPL-2.0

//! A view is cast through `Io` to an alignment above a page.

include!("../prelude.rs");

#[derive(FromBytes, IntoBytes)]
// control: #[repr(C, align(4096))]
#[repr(C, align(8192))]
pub struct Huge([u8; 8192]);

pub fn f(heap: &CoherentHandle) -> Result<DmaAddress> {
    Ok(Io::try_cast::<Huge>(heap)?.dma_address()) //~ E0080
}
