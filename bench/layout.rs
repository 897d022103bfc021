// SPDX-License-Identifier: GPL-2.0

//! What the buffer of the projections holds; as `struct layout` in `baseline.c`.

use kernel::{
    prelude::*,
    transmute, //
};

#[repr(C)]
pub(crate) struct Entry {
    pub(crate) address: u64,
    pub(crate) length: u32,
    pub(crate) flags: u32,
}

/// What is copied as a whole.
#[repr(C)]
#[derive(FromBytes, IntoBytes)]
pub(crate) struct Block(pub(crate) [u64; 4]);

#[repr(C)]
pub(crate) struct Layout {
    pub(crate) head: [u64; 32],
    pub(crate) ring: [[Entry; 8]; 8],
    pub(crate) block: Block,
    pub(crate) word64: u64,
    pub(crate) word32: u32,
    pub(crate) word16: u16,
    pub(crate) word8: u8,
    pub(crate) pad: u8,
}

// SAFETY: There are integers only, and no padding.
unsafe impl transmute::AsBytes for Layout {}
// SAFETY: All bit patterns are good integers.
unsafe impl transmute::FromBytes for Layout {}
