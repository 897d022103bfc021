// SPDX-License-Identifier: GPL-2.0

//! A buffer is sent although its type is not `Send`.

include!("../prelude.rs");

fn send<T: Send>() {}

pub struct Pinned(*mut u8);

pub fn f() {
    // control: send::<Coherent<Pinned, NoMapping>>();
    send::<Coherent<Pinned>>(); //~ E0277
}
