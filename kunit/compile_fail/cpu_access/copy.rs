// SPDX-License-Identifier: GPL-2.0

//! The CPU copies the bytes of a handle.

include!("../prelude.rs");

// control: pub fn f(heap: &Coherent<[u8]>, bytes: &mut [u8]) {
pub fn f(heap: &CoherentHandle, bytes: &mut [u8]) {
    heap.copy_to_slice(bytes); //~ E0277
}
