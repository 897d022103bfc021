// SPDX-License-Identifier: GPL-2.0

//! A box is converted to a buffer without a mapping.

include!("../prelude.rs");

pub fn f(shared: CoherentBox<[u8]>) {
    // control: let _: Coherent<[u8], Normal> = shared.into();
    let _: Coherent<[u8], NoMapping> = shared.into(); //~ E0277
}
