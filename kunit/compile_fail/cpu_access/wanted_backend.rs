// SPDX-License-Identifier: GPL-2.0

//! A function needs the backend of `Normal`, that a driver may name.

include!("../prelude.rs");

use kernel::dma::CoherentIoBackend;

pub fn read<'a>(io: impl Io<'a, Target = u32, Backend = CoherentIoBackend>) -> u32 {
    io.read_val()
}

// control: pub fn f(c: &Coherent<u32>) -> u32 {
pub fn f(c: &Coherent<u32, NoMapping>) -> u32 {
    read(c) //~ E0271
}
