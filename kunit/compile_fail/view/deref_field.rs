// SPDX-License-Identifier: GPL-2.0

//! A projection goes through `Deref`, out of the buffer.

include!("../prelude.rs");

pub struct Outer {
    inner: KBox<Inner>,
    plain: Inner,
}

pub struct Inner {
    value: u32,
}

pub fn f(buf: &Coherent<Outer, NoMapping>) {
    // control: let _ = io_project!(buf, .plain.value).dma_address();
    let _ = io_project!(buf, .inner.value).dma_address(); //~ E0283 E0284
}
