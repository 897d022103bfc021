// SPDX-License-Identifier: GPL-2.0

//! The cases in Rust that Linux 7.3 lacks.

mod glue;
mod kinds;
mod layout;

use kernel::{
    dma::{
        Coherent,
        NoMapping, //
    },
    prelude::*, //
};

struct Bench;

impl kernel::Module for Bench {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let dev = glue::device();
        let buffer = Coherent::<layout::Layout, NoMapping>::new(dev, GFP_KERNEL)?;

        // SAFETY: The cases are for a device.
        unsafe { glue::run(kinds::ALLOC, dev, 1) };
        // SAFETY: The cases are for such a buffer.
        unsafe { glue::run(kinds::PROJECT, &buffer, 16) };
        Ok(Self)
    }
}

module! {
    type: Bench,
    name: "coherent_bench_kinds",
    authors: ["The Coherent<T, Kind> project"],
    description: "DMA-coherent memory: benchmark of kinds in Rust",
    license: "GPL",
}
