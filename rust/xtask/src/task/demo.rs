// SPDX-License-Identifier: GPL-2.0

//! `make demo`: an NVMe controller copies a disk and the edu device copies patterns through memory
//! without a mapping, without an IOMMU and with one, and a misuse does not compile.

use super::{LANES, conclude};
use crate::build::external_module::named;
use crate::build::kbuild::Kernel;
use crate::build::session::Session;
use crate::check::nvme::{self, Images};
use crate::check::{self, cells};
use crate::host::lanes;
use crate::host::process;
use crate::host::progress::Step;
use crate::host::table;
use crate::host::workspace::Workspace;
use crate::run::boot::Plan;
use crate::verdict::report::Report;
use crate::verdict::transfers::Transfer;
use crate::verdict::{Expected, Verdict};
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// The cells of `matrix.toml` whose machines are booted: without an IOMMU, and with one.
const MACHINES: [&str; 2] = ["x86-direct", "x86-iommu"];

/// What the demo shows of a boot.
struct Act {
    report: Report,
    transfers: Vec<Transfer>,
    /// The row of the copied disk.
    copy: Option<[String; 7]>,
}

pub fn run(session: &Session) -> Result<ExitCode> {
    let kernel = session.debug_kernel()?;
    let modules = session.modules(&kernel, "samples")?;
    let misuse = session.progress.step("compiling a misuse", |step| {
        misuse(&session.workspace, step, &kernel)
    })?;
    let acts = lanes::run(LANES, MACHINES, |machine| {
        boot(session, &kernel, &modules, machine)
    });
    let acts: Vec<Act> = acts.into_iter().collect::<Result<_>>()?;

    let mut copies = table::new([
        "machine",
        "bytes",
        "DMA address of the slots",
        "commands",
        "in flight",
        "interrupts",
        "SHA-256 of source and target",
    ]);
    copies.add_rows(acts.iter().filter_map(|act| act.copy.as_ref()));
    println!(
        "\nA disk, copied by an NVMe controller through memory without a CPU mapping:\n\n{copies}"
    );

    let [direct, iommu] = MACHINES.map(|machine| format!("DMA address, {machine}"));
    let mut transfers = table::new(["transfer", "size", &direct, "", &iommu, ""]);
    for (first, second) in acts[0].transfers.iter().zip(&acts[1].transfers) {
        transfers.add_row([
            &first.place,
            &first.size.to_string(),
            &first.dma_address,
            &first.result,
            &second.dma_address,
            &second.result,
        ]);
    }
    println!("\nCopies by QEMU's edu device through memory without a mapping:\n\n{transfers}");

    println!(
        "\nThe compiler on samples/misuse.rs, where the CPU reads memory without a mapping:\n"
    );
    println!("{misuse}\n");
    let mut report = Report::default();
    for (machine, act) in MACHINES.into_iter().zip(acts) {
        let facts = act.report.facts.iter();
        let facts = facts.map(|fact| format!("{machine}: {fact}"));
        report.facts.extend(facts);
        report.merge(machine, act.report);
    }
    Ok(conclude(session, &report))
}

/// Boots a machine, which has the edu device, with two disks more.
fn boot(session: &Session, kernel: &Kernel, modules: &[PathBuf], machine: &str) -> Result<Act> {
    let cell = cells::choose(cells::read(&session.workspace)?, machine)?;
    let name = format!("demo-{machine}");
    let run = nvme::read(&session.workspace)?.demo;
    let mut images = Images::create(&session.workspace.cache("runs").join(&name), &run.disks)?;
    let arguments = [cell.options(session)?, run.arguments(&images)].concat();
    let plan = run
        .plan(Plan::default(), named(modules, "nvme_copy")?)
        .load(named(modules, "edu")?, "")
        .shell("addresses edu")
        .shell("step rmmod edu")
        .load_and_unload(named(modules, "flush_page")?);
    let limit = Duration::from_secs(120);
    let logs = check::boot(session, kernel, &name, plan, &arguments, limit)?;
    let expected = Expected {
        transfers: true,
        allocations: true,
        addresses: cell.addresses,
        untraced: cell.others,
        ..Expected::default()
    };
    let Verdict {
        mut report,
        transfers,
        ..
    } = Verdict::of(&logs, &expected);
    run.apply(&mut images)?;
    let copy = copy_row(machine, &logs.console, &images);
    let copy = report.note("the disks are equal", copy);
    images.remove()?;
    Ok(Act {
        report,
        transfers,
        copy,
    })
}

/// What became of the copy, from the log and from the disks. Fails unless these are equal.
fn copy_row(machine: &str, console: &str, images: &Images) -> Result<[String; 7]> {
    let copied = nvme::copied(console).pop();
    let copied = copied.context("the copy did not come to its end")?;
    let problems = images.problems()?;
    ensure!(problems.is_empty(), "{}", problems.join("\n"));
    let [digest, _] = images.digests()?.pop().context("there is no disk")?;
    Ok([
        machine.to_string(),
        copied.bytes,
        copied.slots,
        copied.commands,
        copied.depth,
        copied.interrupts,
        digest[..12].to_string(),
    ])
}

/// Compiles samples/misuse.rs, which must fail, and returns the compiler's error.
fn misuse(workspace: &Workspace, step: &Step, kernel: &Kernel) -> Result<String> {
    let samples = workspace.checkout.join("samples");
    let (mut make, _, log) = kernel.modules_command(workspace, &samples, "misuse.o")?;
    let made = process::logged(step, make.arg("CONFIG_COHERENT_MISUSE=m"), &log);
    let failure = made.err();
    let failure = failure.context("samples/misuse.rs compiles, and must not")?;
    let text = fs::read_to_string(&log)?;
    let error = compiler_error(&text);
    let error = error
        .ok_or(failure)
        .context("samples/misuse.rs failed, but not in the compiler")?;
    Ok(error.to_string())
}

/// The errors in a log of rustc's.
fn compiler_error(log: &str) -> Option<&str> {
    let start = log.find("error[E")?;
    let errors = log[start..].split("error: aborting").next()?;
    Some(errors.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compilers_error_is_cut_out() {
        let log =
            "  RUSTC [M] misuse.o\nerror[E0277]: no\n --> misuse.rs\n\nerror: aborting due to";
        assert_eq!(
            compiler_error(log),
            Some("error[E0277]: no\n --> misuse.rs")
        );
        assert_eq!(compiler_error("make: *** no rule"), None);
    }
}
