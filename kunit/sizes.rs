// SPDX-License-Identifier: GPL-2.0

//! The sizes of the types.
//!
//! `make contract` compiles this file against the library and against Linux 7.3, so they are equal.

use kernel::dma::{
    Coherent,
    CoherentBox,
    CoherentHandle,
    CoherentView, //
};
use static_assertions::assert_eq_size;

// The device, the two addresses, and the attributes.
assert_eq_size!(Coherent<u32>, [u64; 4]);
assert_eq_size!(Coherent<[u32; 1024]>, [u64; 4]);
assert_eq_size!(CoherentBox<u32>, [u64; 4]);

// The same, with a length.
assert_eq_size!(Coherent<[u32]>, [u64; 5]);
assert_eq_size!(CoherentBox<[u32]>, [u64; 5]);
assert_eq_size!(CoherentHandle, [u64; 5]);

// The two addresses.
assert_eq_size!(CoherentView<'static, u32>, [u64; 2]);
assert_eq_size!(CoherentView<'static, [u32]>, [u64; 3]);
