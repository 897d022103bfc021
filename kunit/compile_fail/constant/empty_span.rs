// SPDX-License-Identifier: GPL-2.0

//! A constant range is empty.

include!("../prelude.rs");

pub fn f(c: &Coherent<[u8; 64], NoMapping>) {
    // control: let _ = io_project!(c, [build: Span::<63, 1>]);
    let _ = io_project!(c, [build: Span::<64, 0>]); //~ E0080
}
