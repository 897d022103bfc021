// SPDX-License-Identifier: GPL-2.0

//! The cases in Rust that both the library and Linux 7.3 can do.
//!
//! Built for a tree with the library and for a pristine one.

mod access;
mod alloc;
mod glue;
mod layout;
mod project;

use kernel::{
    dma::Coherent,
    prelude::*, //
};

struct Bench;

impl kernel::Module for Bench {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let dev = glue::device();
        let buffer = Coherent::<layout::Layout>::zeroed(dev, GFP_KERNEL)?;

        // SAFETY: The cases are for a device.
        unsafe { glue::run(alloc::CASES, dev, 1) };
        // SAFETY: The cases are for such a buffer.
        unsafe { glue::run(project::CASES, &buffer, 16) };
        // SAFETY: As above.
        unsafe { glue::run(access::CASES, &buffer, 16) };
        Ok(Self)
    }
}

module! {
    type: Bench,
    name: "coherent_bench",
    authors: ["The Coherent<T, Kind> project"],
    description: "DMA-coherent memory: benchmark in Rust",
    license: "GPL",
}
