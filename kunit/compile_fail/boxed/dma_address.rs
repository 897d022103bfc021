// SPDX-License-Identifier: GPL-2.0

//! A box tells its DMA address.

include!("../prelude.rs");

pub fn f(c: CoherentBox<u32>) -> DmaAddress {
    // control: Coherent::from(c).dma_address()
    c.dma_address() //~ E0599
}
