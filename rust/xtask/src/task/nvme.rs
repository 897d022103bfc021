// SPDX-License-Identifier: GPL-2.0

//! `make nvme`: the NVMe sample copies disks, without an IOMMU and with one.

use crate::build::session::Session;
use crate::check::{cells, nvme};
use crate::verdict::report::Report;
use anyhow::Result;
use std::process::ExitCode;

pub fn run(session: &Session) -> Result<ExitCode> {
    let kernel = session.debug_kernel()?;
    let modules = [
        session.modules(&kernel, "samples")?,
        session.modules(&kernel, "kunit/faults")?,
    ]
    .concat();
    let mut report = Report::default();
    for cell in ["x86-direct", "x86-iommu"] {
        let cell = cells::choose(cells::read(&session.workspace)?, cell)?;
        report.extend(nvme::run(session, &kernel, &modules, &cell)?);
    }
    Ok(super::conclude(session, &report))
}
