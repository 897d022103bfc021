// SPDX-License-Identifier: GPL-2.0

//! The nvme_copy sample, judged from outside: the images of its disks have to be what they should
//! be, whatever the driver says.

mod images;
mod runs;
mod said;

use self::runs::Condition;
use crate::build::external_module::named;
use crate::build::kbuild::Kernel;
use crate::build::session::Session;
use crate::run::boot::{self, Boot};
use crate::setup::architecture::Architecture;
use crate::verdict::report::Report;
use crate::verdict::{Expected, Logs, Verdict};
use anyhow::Result;
use std::path::PathBuf;
use std::time::Duration;

pub use self::images::Images;
pub use self::runs::read;
pub use self::said::{Copied, copied};

/// A machine without NVMe controllers.
#[derive(Clone, Debug, Default)]
pub struct Machine {
    /// Names the runs.
    pub name: String,
    /// What QEMU is told of it.
    pub options: Vec<String>,
    /// The machine translates addresses, and stops a device that goes astray.
    pub iommu: bool,
    /// Devices that allocate for themselves, and whose part of the trace is not judged.
    pub untraced: Vec<String>,
}

impl Machine {
    /// An x86-64 machine with an Intel IOMMU that translates for all devices.
    pub fn with_iommu(kernel: &Kernel) -> Self {
        let command_line = boot::command_line(kernel.target.architecture);
        let append = format!("{command_line} intel_iommu=on iommu=nopt iommu.strict=1");
        let options = [
            ["-machine", "q35,kernel-irqchip=split"],
            ["-device", "intel-iommu,intremap=on"],
            ["-append", &append],
        ];
        Self {
            name: "iommu-".to_string(),
            options: options.concat().iter().map(ToString::to_string).collect(),
            iommu: true,
            untraced: Vec::new(),
        }
    }
}

/// Runs everything, and judges it.
pub fn run(
    session: &Session,
    kernel: &Kernel,
    modules: &[PathBuf],
    machine: &Machine,
) -> Result<Report> {
    let module = named(modules, "nvme_copy")?;
    let x86 = kernel.target.architecture == Architecture::default();
    let here = |condition| match condition {
        Condition::Iommu => machine.iommu,
        Condition::X86 => x86,
        Condition::Other => !x86,
    };
    let mut report = Report::default();
    for mut run in runs::read(&session.workspace)?.run {
        run.actions.retain(|action| action.when.is_none_or(here));
        let name = format!("{}nvme-{}", machine.name, run.name);
        let dir = session.workspace.cache("runs").join(&name);
        let mut images = Images::create(&dir, &run.disks)?;
        let mut options = machine.options.clone();
        options.extend(monitor(&name));
        options.extend(run.arguments(&images));
        let arguments: Vec<&str> = options.iter().map(String::as_str).collect();
        let logs = session.progress.step(&format!("booting: {name}"), |step| {
            let boot = Boot {
                name: &name,
                plan: run.plan(module).dump_trace(),
                arguments: &arguments,
                limit: Duration::from_secs(600),
            };
            boot::run(&session.workspace, step, kernel, &boot)
        })?;

        let prefix = format!("{}nvme {}", machine.name, run.name);
        let missing = run.missing(&said::sections(&logs.console));
        report.note_problems(format!("{prefix}: messages"), missing);
        let copies = said::copied(&logs.console);
        report.extend(judge_log(logs, kernel, machine, &prefix)?);
        run.apply(&mut images)?;
        report.note_problems(format!("{prefix}: SHA-256 of disks"), images.problems()?);
        images.remove()?;
        if run.name == "bulk" {
            for copied in copies {
                report.facts.push(format!("{prefix}: {copied:?}"));
            }
        }
    }
    Ok(report)
}

/// A serial port with QEMU's monitor behind it: see `boot/nvme`.
fn monitor(run: &str) -> [String; 8] {
    let socket = format!("abstract=on,path={run}-{}", std::process::id());
    [
        "-chardev",
        &format!("socket,id=monitor,server=on,wait=off,{socket}"),
        "-mon",
        "chardev=monitor",
        "-chardev",
        &format!("socket,id=guest,{socket}"),
        "-device",
        "pci-serial,chardev=guest",
    ]
    .map(str::to_string)
}

/// Judges what the kernel said. A refused probe is what was asked for.
fn judge_log(mut logs: Logs, kernel: &Kernel, machine: &Machine, prefix: &str) -> Result<Report> {
    let expected = Expected {
        allocations: true,
        totals: kernel.has("CONFIG_HIST_TRIGGERS")?,
        entries: true,
        untraced: machine.untraced.clone(),
        ..Expected::default()
    };
    let probe = "probe with driver nvme_copy";
    logs.console = logs
        .console
        .replace(&format!("{probe} failed"), &format!("{probe} refused"));
    let mut report = Verdict::of(&logs, &expected).report;
    report.facts.clear();
    // The kernel runs its own suites in each boot.
    report
        .checks
        .retain(|check| !check.name.starts_with("KUnit: ") || check.failed > 0);
    for check in &mut report.checks {
        check.name = format!("{prefix}: {}", check.name);
    }
    Ok(report)
}
