// SPDX-License-Identifier: GPL-2.0

//! KUnit suites for DMA-coherent memory where something goes wrong.
//!
//! Loading the module runs them: on KUnit's own device, and on QEMU's `edu` device if a driver is
//! bound to it. Each file is about one kind of fault.
//!
//! What depends on the allocation path is measured and printed; the host tool compares the numbers
//! with what it knows of the machine.

use kernel::prelude::*;

mod device;
mod dma_mask;
mod drop_context;
mod failing_allocations;
mod iommu;
mod mapping_space;
mod odd_copies;
mod stale_content;
mod stress;

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
        // The suites run after this.
        stale_content::measure_no_mapping()?;
        Ok(Self)
    }
}
