// SPDX-License-Identifier: GPL-2.0

//! `make nvme`: the NVMe sample copies disks, without an IOMMU and with one.

use crate::build::session::Session;
use crate::check::nvme::{self, Machine};
use crate::run::boot;
use crate::verdict::report::Report;
use anyhow::Result;
use std::process::ExitCode;

pub fn run(session: &Session) -> Result<ExitCode> {
    let kernel = session.debug_kernel()?;
    let modules = session.modules(&kernel, "samples")?;
    let append = format!(
        "{} intel_iommu=on iommu=nopt iommu.strict=1",
        boot::command_line(kernel.target.architecture)
    );
    let iommu = [
        ["-machine", "q35,kernel-irqchip=split"],
        ["-device", "intel-iommu,intremap=on"],
        ["-append", &append],
    ];
    let machines = [
        Machine::default(),
        Machine {
            name: "iommu-".to_string(),
            options: iommu
                .as_flattened()
                .iter()
                .map(ToString::to_string)
                .collect(),
            iommu: true,
            untraced: Vec::new(),
        },
    ];

    let mut report = Report::default();
    for machine in machines {
        report.extend(nvme::run(session, &kernel, &modules, &machine)?);
    }
    Ok(super::conclude(session, &report))
}
