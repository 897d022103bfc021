// SPDX-License-Identifier: GPL-2.0

//! The CPU writes an element.

include!("../prelude.rs");

// control: pub fn f(frames: &Coherent<[u32; 16]>) {
pub fn f(frames: &Coherent<[u32; 16], NoMapping>) {
    io_write!(frames, [build: 3], 42); //~ E0277
}
