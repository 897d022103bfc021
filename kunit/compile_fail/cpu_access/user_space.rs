// SPDX-License-Identifier: GPL-2.0

//! The memory is copied to user space.

include!("../prelude.rs");

use kernel::uaccess::UserSliceWriter;

// control: pub fn f(writer: &mut UserSliceWriter, heap: &Coherent<[u8]>) -> Result {
pub fn f(writer: &mut UserSliceWriter, heap: &CoherentHandle) -> Result {
    writer.write_dma(heap, 0, 64) //~ E0308
}
