// SPDX-License-Identifier: GPL-2.0

//! A function needs a backend that reads; that of `NoMapping` does not.

include!("../prelude.rs");

pub fn read<'a, T: Io<'a, Target = u32>>(io: T) -> u32
where
    T::Backend: IoCapable<u32>,
{
    io.read_val()
}

// control: pub fn f(c: &Coherent<u32>) -> u32 {
pub fn f(c: &Coherent<u32, NoMapping>) -> u32 {
    read(c) //~ E0277
}
