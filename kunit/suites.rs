// SPDX-License-Identifier: GPL-2.0

//! KUnit suites for DMA-coherent memory.
//!
//! Loading the module runs them. Each file is about one thing that the library claims.

use kernel::prelude::*;

mod alloc;
mod at;
mod attrs;
mod bound;
mod boxed;
mod cast;
mod content;
mod device;
mod io;
mod layout;
mod project;
mod range;
mod share;
mod user;
mod zeroed;

module! {
    type: Suites,
    name: "coherent_kunit",
    authors: ["The Coherent<T, Kind> project"],
    description: "KUnit suites for DMA-coherent memory",
    license: "GPL v2",
}

struct Suites {
    _recorder: device::Recorder,
}

impl kernel::Module for Suites {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        // KUnit runs the suites after this.
        Ok(Self {
            _recorder: device::Recorder::new()?,
        })
    }
}
