// SPDX-License-Identifier: GPL-2.0

//! The kind of a buffer is another type.

include!("../prelude.rs");

pub struct Mine;

// control: pub fn f(heap: &Coherent<[u8], Normal>) {
pub fn f(heap: &Coherent<[u8], Mine>) {
    //~^ E0277
    let _ = heap;
}
