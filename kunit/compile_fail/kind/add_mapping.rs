// SPDX-License-Identifier: GPL-2.0

//! A handle is converted to a mapped buffer.

include!("../prelude.rs");

// control: pub fn f(heap: CoherentBox<[u8]>) -> Coherent<[u8]> {
pub fn f(heap: CoherentHandle) -> Coherent<[u8]> {
    heap.into() //~ E0277
}
