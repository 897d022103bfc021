// SPDX-License-Identifier: GPL-2.0

//! The layout that is projected into: `struct layout` in `baseline.c`.

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

/// Copied as a whole.
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

// SAFETY: All fields are integers, and there is no padding.
unsafe impl transmute::AsBytes for Layout {}
// SAFETY: Any bit pattern is a valid integer.
unsafe impl transmute::FromBytes for Layout {}
