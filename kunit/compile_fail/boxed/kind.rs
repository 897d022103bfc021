// SPDX-License-Identifier: GPL-2.0

//! A box has a kind.

include!("../prelude.rs");

// control: pub fn f(c: CoherentBox<u32>) {
pub fn f(c: CoherentBox<u32, NoMapping>) {
    //~^ E0107
    drop(c);
}
