// SPDX-License-Identifier: GPL-2.0

//! A function that takes any I/O region is given the buffer, and not a reference to it.

include!("../prelude.rs");

pub fn address<'a>(io: impl Io<'a>) -> usize {
    io.size()
}

pub fn f(c: Coherent<u32, NoMapping>) -> usize {
    // control: address(&c)
    address(c) //~ E0277
}
