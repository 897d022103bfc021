// SPDX-License-Identifier: GPL-2.0

//! The CPU reads through what owns the buffer.

include!("../prelude.rs");

use core::ops::Deref;
use kernel::sync::Arc;

// control: type Buffer = Coherent<u32, Normal>;
type Buffer = Coherent<u32, NoMapping>;

pub fn f(arc: Arc<Buffer>, kbox: KBox<Buffer>, owner: impl Deref<Target = Buffer>) {
    let _ = arc.read_val(); //~ E0277
    let _ = kbox.read_val(); //~ E0277
    let _ = owner.read_val(); //~ E0277
    let _ = io_read!(&*arc,); //~ E0277
    let _ = io_read!(&*owner,); //~ E0277
}
