// SPDX-License-Identifier: GPL-2.0

//! KUnit suites for DMA-coherent memory where something goes wrong.
//!
//! Loading the module runs them: on KUnit's own device, and on QEMU's `edu` device if a driver is
//! bound to it. Each file is about one thing that can go wrong.

use kernel::prelude::*;

mod context;
mod device;
mod inject;
mod iommu;
mod mask;
mod space;
mod stale;
mod stress;
mod wrong;

module! {
    type: Suites,
    name: "coherent_faults",
    authors: ["The Coherent<T, Kind> project"],
    description: "KUnit suites for DMA-coherent memory where something goes wrong",
    license: "GPL v2",
    params: {
        allocations: u32 {
            default: 20_000,
            description: "How many allocations the stress suite makes",
        },
    },
}

struct Suites;

impl kernel::Module for Suites {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        Ok(Self)
    }
}
