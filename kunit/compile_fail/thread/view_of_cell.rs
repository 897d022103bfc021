// SPDX-License-Identifier: GPL-2.0

//! A view is sent although its type is not `Sync`.

include!("../prelude.rs");

fn send<T: Send>() {}

pub fn f() {
    // control: send::<CoherentView<'static, core::cell::Cell<u32>, NoMapping>>();
    send::<CoherentView<'static, core::cell::Cell<u32>>>(); //~ E0277
}
