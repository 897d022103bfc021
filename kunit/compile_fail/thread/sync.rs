// SPDX-License-Identifier: GPL-2.0

//! A buffer is shared although its type is not `Sync`.

include!("../prelude.rs");

fn sync<T: Sync>() {}

pub struct Pinned(*mut u8);

pub fn f() {
    // control: sync::<Coherent<Pinned, NoMapping>>();
    sync::<Coherent<Pinned>>(); //~ E0277
}
