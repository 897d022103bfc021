// SPDX-License-Identifier: GPL-2.0

//! `make nvme`: the NVMe sample copies disks, without an IOMMU and with one.

use crate::build::session::Session;
use crate::check::nvme::{self, Machine};
use crate::verdict::report::Report;
use anyhow::Result;
use std::process::ExitCode;

pub fn run(session: &Session) -> Result<ExitCode> {
    let kernel = session.debug_kernel()?;
    let modules = session.modules(&kernel, "samples")?;
    let machines = [Machine::default(), Machine::with_iommu(&kernel)];
    let mut report = Report::default();
    for machine in machines {
        report.extend(nvme::run(session, &kernel, &modules, &machine)?);
    }
    Ok(super::conclude(session, &report))
}
