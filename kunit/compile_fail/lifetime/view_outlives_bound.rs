// SPDX-License-Identifier: GPL-2.0

//! A view outlives a bound buffer.

include!("../prelude.rs");

pub fn f(c: bound::Coherent<'static, [u32; 4], NoMapping>) {
    let view = io_project!(&c, [build: 3]);
    // control: let _ = &c;
    drop(c); //~ E0505
    let _ = view.dma_address();
}
