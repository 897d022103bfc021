// SPDX-License-Identifier: GPL-2.0

//! A constant index with `[panic: ..]` is out of bounds.

include!("../prelude.rs");

pub fn f(c: &Coherent<[u32; 4], NoMapping>) {
    // control: let _ = io_project!(c, [panic: At::<3>]);
    let _ = io_project!(c, [panic: At::<4>]); //~ E0080
}
