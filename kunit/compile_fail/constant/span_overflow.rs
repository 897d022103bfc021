// SPDX-License-Identifier: GPL-2.0

//! The end of a constant range overflows.

include!("../prelude.rs");

pub fn f(c: &Coherent<[u8; 64], NoMapping>) {
    // control: let _ = io_project!(c, [build: Span::<{ u8::MAX as usize >> 4 }, 2>]);
    let _ = io_project!(c, [build: Span::<{ usize::MAX }, 2>]); //~ E0080
}
