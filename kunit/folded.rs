// SPDX-License-Identifier: GPL-2.0

//! A projection by constants is as cheap as a sum written by hand.
//!
//! `make contract` compares the machine code of each `*_projected` function with that of its
//! `*_by_hand` reference.

use kernel::{
    dma::{
        At,
        Coherent,
        DmaAddress,
        NoMapping,
        Range,
        Span, //
    },
    io::io_project,
    prelude::*, //
};

#[repr(C)]
pub struct Queue {
    head: [u8; 256],
    ring: [[u64; 2]; 64],
}

#[no_mangle]
pub fn element_projected(c: &Coherent<[[u32; 1024]; 8], NoMapping>) -> DmaAddress {
    io_project!(c, [build: At::<7>][build: At::<2>]).dma_address()
}

#[no_mangle]
pub fn element_by_hand(c: &Coherent<[[u32; 1024]; 8], NoMapping>) -> DmaAddress {
    c.dma_address().wrapping_add(7 * 4096 + 2 * 4)
}

#[no_mangle]
pub fn mapped_projected(c: &Coherent<[[u32; 1024]; 8]>) -> DmaAddress {
    io_project!(c, [build: At::<7>][build: At::<2>]).dma_address()
}

#[no_mangle]
pub fn mapped_by_hand(c: &Coherent<[[u32; 1024]; 8]>) -> DmaAddress {
    c.dma_address().wrapping_add(7 * 4096 + 2 * 4)
}

#[no_mangle]
pub fn checked_projected(c: &Coherent<[[u32; 1024]; 8], NoMapping>) -> Result<DmaAddress> {
    Ok(io_project!(c, [try: At::<7>]).dma_address())
}

#[no_mangle]
pub fn checked_by_hand(c: &Coherent<[[u32; 1024]; 8], NoMapping>) -> Result<DmaAddress> {
    Ok(c.dma_address().wrapping_add(7 * 4096))
}

#[no_mangle]
pub fn field_projected(c: &Coherent<Queue, NoMapping>) -> DmaAddress {
    io_project!(c, .ring[build: Span::<8, 4>][build: At::<3>]).dma_address()
}

#[no_mangle]
pub fn field_by_hand(c: &Coherent<Queue, NoMapping>) -> DmaAddress {
    c.dma_address().wrapping_add(256 + 11 * 16)
}

#[no_mangle]
pub fn offset_projected(c: &Coherent<Queue, NoMapping>) -> DmaAddress {
    c.dma_address_at::<300>()
}

#[no_mangle]
pub fn offset_by_hand(c: &Coherent<Queue, NoMapping>) -> DmaAddress {
    c.dma_address().wrapping_add(300)
}

/// What a range is made of, as a driver that has none passes it on.
fn parts(range: Range) -> (DmaAddress, usize) {
    (range.base(), range.size())
}

#[no_mangle]
pub fn range_projected(c: &Coherent<Queue, NoMapping>) -> (DmaAddress, usize) {
    parts(c.dma_range())
}

#[no_mangle]
pub fn range_by_hand(c: &Coherent<Queue, NoMapping>) -> (DmaAddress, usize) {
    (c.dma_address(), 256 + 64 * 16)
}

#[no_mangle]
pub fn part_range_projected(c: &Coherent<Queue>) -> Result<(DmaAddress, usize)> {
    io_project!(c, .ring[build: At::<5>]).dma_range().map(parts)
}

#[no_mangle]
pub fn part_range_by_hand(c: &Coherent<Queue>) -> Result<(DmaAddress, usize)> {
    Ok((c.dma_address().wrapping_add(256 + 5 * 16), 16))
}

#[no_mangle]
pub fn range_offset_projected(c: &Coherent<Queue, NoMapping>) -> Result<DmaAddress> {
    c.dma_range().address_at(300)
}

#[no_mangle]
pub fn range_offset_by_hand(c: &Coherent<Queue, NoMapping>) -> Result<DmaAddress> {
    Ok(c.dma_address().wrapping_add(300))
}

#[no_mangle]
pub fn subrange_projected(c: &Coherent<Queue, NoMapping>) -> Result<(DmaAddress, usize)> {
    c.dma_range().subrange(256, 64 * 16).map(parts)
}

#[no_mangle]
pub fn subrange_by_hand(c: &Coherent<Queue, NoMapping>) -> Result<(DmaAddress, usize)> {
    Ok((c.dma_address().wrapping_add(256), 64 * 16))
}
