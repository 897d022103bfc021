// SPDX-License-Identifier: GPL-2.0

//! Types to lay buffers out with.

use kernel::transmute::{
    AsBytes,
    FromBytes, //
};

#[repr(C)]
pub(crate) struct Inner {
    pub(crate) first: u32,
    pub(crate) pair: (u16, u16),
    pub(crate) last: u64,
}

/// Structs, arrays and tuples in each other, without padding.
#[repr(C)]
pub(crate) struct Outer {
    pub(crate) header: Inner,
    pub(crate) table: [Inner; 8],
    pub(crate) matrix: [[u16; 4]; 16],
    pub(crate) bytes: [u8; 4096],
    pub(crate) end: u8,
    pub(crate) fill: [u8; 7],
}

// SAFETY: All fields are integers, for which every bit pattern is a value.
unsafe impl FromBytes for Outer {}

// SAFETY: All fields are integers, and they leave no padding: 16 bytes of `header` (4 + 2 + 2 + 8),
// 8 times that of `table`, 128 of `matrix`, 4096 of `bytes`, 1 and 7.
unsafe impl AsBytes for Outer {}

/// As large and as aligned as a page.
#[repr(C, align(4096))]
pub(crate) struct Page(pub(crate) [u8; 4096]);

/// Tied to a thread, and neither a set of bytes nor made of them.
#[repr(C)]
pub(crate) struct Pinned(pub(crate) *mut u8, pub(crate) u64);
