// SPDX-License-Identifier: GPL-2.0

//! A debugfs file shows the memory.

include!("../prelude.rs");

use kernel::debugfs::BinaryWriter;

fn show<T: BinaryWriter>(_: &T) {}

// control: pub fn f(heap: &Coherent<[u8]>) {
pub fn f(heap: &CoherentHandle) {
    show(heap); //~ E0277
}
