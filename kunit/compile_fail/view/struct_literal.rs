// SPDX-License-Identifier: GPL-2.0

//! A view is built from its private fields.

include!("../prelude.rs");

pub fn f<'a>(c: CoherentView<'a, u32, NoMapping>) -> CoherentView<'a, u32, NoMapping> {
    // control: c
    CoherentView { dma_addr: 0, ..c } //~ E0451
}
