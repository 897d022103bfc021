// SPDX-License-Identifier: GPL-2.0

//! A mapped buffer is used as a handle.

include!("../prelude.rs");

// control: pub fn f(shared: CoherentHandle) -> CoherentHandle {
pub fn f(shared: Coherent<[u8]>) -> CoherentHandle {
    shared //~ E0308
}
