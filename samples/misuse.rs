// SPDX-License-Identifier: GPL-2.0

//! THIS DOES NOT COMPILE, AND SHALL NOT: it reads memory that has no mapping for the CPU.
//!
//! The one error is that the I/O backend of `NoMapping` is not `IoCapable`. Built with
//! `CONFIG_COHERENT_MISUSE=m` on the command line of make, to show what the compiler says.

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
    let header = Coherent::<Header, NoMapping>::new(dev, GFP_KERNEL)?;

    Ok(io_read!(&header, .version))
}
