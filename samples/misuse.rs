// SPDX-License-Identifier: GPL-2.0

//! This does not compile, and shall not: it reads memory that has no mapping for the CPU.
//!
//! `make demo` shows what the compiler says about it.

use kernel::{
    device::{
        Bound,
        Device, //
    },
    dma::{
        Coherent,
        NoMapping, //
    },
    io::io_read,
    prelude::*, //
};

#[repr(C)]
struct Header {
    magic: u32,
    version: u32,
}

/// Reads a field of a buffer that only the device can reach.
pub fn version(dev: &Device<Bound>) -> Result<u32> {
    let header = Coherent::<Header, NoMapping>::alloc(dev, GFP_KERNEL)?;

    Ok(io_read!(&header, .version))
}
