// SPDX-License-Identifier: GPL-2.0

//! The nvme_copy sample, judged from outside: the images of its disks have to be what they should
//! be, whatever the driver says.

mod images;
mod runs;
mod said;

use self::runs::Condition;
use super::cells::Cell;
use crate::build::external_module::named;
use crate::build::kbuild::Kernel;
use crate::build::session::Session;
use crate::run::boot::Plan;
use crate::setup::architecture::Architecture;
use crate::verdict::addresses::Addressing;
use crate::verdict::report::Report;
use crate::verdict::{Expected, Logs, Verdict};
use anyhow::Result;
use std::path::PathBuf;
use std::time::Duration;

pub use self::images::Images;
pub use self::runs::read;
pub use self::said::copied;

/// Runs everything on the machine of a cell, and judges it.
pub fn run(session: &Session, kernel: &Kernel, modules: &[PathBuf], cell: &Cell) -> Result<Report> {
    let module = named(modules, "nvme_copy")?;
    let references = Plan::default().load(named(modules, "device_references")?, "");
    let lockdep = kernel.has("CONFIG_PROVE_LOCKING")?;
    let x86 = kernel.target.architecture == Architecture::X86_64;
    let here = |condition| match condition {
        Condition::Iommu => cell.addresses == Some(Addressing::Iova),
        Condition::Msi => !cell.intx,
        Condition::Hotplug => !cell.intx && !lockdep,
        Condition::X86 => x86,
        Condition::Other => !x86,
    };
    let mut report = Report::default();
    for mut run in runs::read(&session.workspace)?.run {
        if !run.when.is_none_or(here) {
            continue;
        }
        run.actions.retain(|action| action.when.is_none_or(here));
        let name = format!("{}-nvme-{}", cell.name, run.name);
        let dir = session.workspace.cache("runs").join(&name);
        let mut images = Images::create(&dir, &run.disks)?;
        let mut options = cell.options(session)?;
        options.extend(monitor(&name));
        options.extend(run.arguments(&images));
        let limit = Duration::from_secs(600);
        let plan = run.plan(references.clone(), module);
        let logs = super::boot(session, kernel, &name, plan, &options, limit)?;

        let prefix = format!("{}: nvme {}", cell.name, run.name);
        let missing = run.missing(&said::sections(&logs.console));
        report.note_problems(format!("{prefix}: messages"), missing);
        let references = said::references(&logs.console);
        report.note_problems(format!("{prefix}: references to devices"), references);
        let copies = said::copied(&logs.console);
        let verdict = judge_log(logs, kernel, cell, &prefix)?;
        report.extend(verdict.report);
        let unfreed = run.unfreed(&verdict.allocations.marks);
        report.note_problems(format!("{prefix}: frees after each action"), unfreed);
        run.apply(&mut images)?;
        report.note_problems(format!("{prefix}: SHA-256 of disks"), images.problems()?);
        images.remove()?;
        if run.name == "bulk" {
            let facts = copies.iter().map(|copied| format!("{prefix}: {copied}"));
            report.facts.extend(facts);
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
fn judge_log(mut logs: Logs, kernel: &Kernel, cell: &Cell, prefix: &str) -> Result<Verdict> {
    let expected = Expected {
        allocations: true,
        totals: kernel.has("CONFIG_HIST_TRIGGERS")?,
        entries: true,
        untraced: cell.others.clone(),
        ..Expected::default()
    };
    let probe = "probe with driver nvme_copy";
    logs.console = logs
        .console
        .replace(&format!("{probe} failed"), &format!("{probe} refused"));
    let mut verdict = Verdict::of(&logs, &expected);
    verdict.report.facts.clear();
    let checks = &mut verdict.report.checks;
    // The kernel runs its own suites in each boot.
    checks.retain(|check| !check.name.starts_with("KUnit: ") || check.failed > 0);
    for check in checks {
        check.name = format!("{prefix}: {}", check.name);
    }
    Ok(verdict)
}
