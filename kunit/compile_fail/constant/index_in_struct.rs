// SPDX-License-Identifier: GPL-2.0

//! A constant index is out of bounds of an array in a struct.

include!("../prelude.rs");

pub struct Queue {
    head: u32,
    ring: [u64; 32],
}

pub fn f(queue: &Coherent<Queue>) {
    // control: io_write!(queue, .ring[build: At::<31>], 1);
    io_write!(queue, .ring[build: At::<32>], 1); //~ E0080
}
