// SPDX-License-Identifier: GPL-2.0

//! `make demo`: an NVMe controller copies a disk and the edu device copies patterns through memory
//! without a mapping, without an IOMMU and with one, and a misuse does not compile.

use super::{LANES, exit_code};
use crate::build::external_module::named;
use crate::build::kbuild::Kernel;
use crate::build::session::Session;
use crate::check::nvme::{self, Copied, Images, Machine};
use crate::host::lanes;
use crate::host::process;
use crate::host::progress::Step;
use crate::host::table;
use crate::host::workspace::Workspace;
use crate::run::boot::{self, Boot};
use crate::verdict::addresses::Addressing;
use crate::verdict::report::Report;
use crate::verdict::transfers::Transfer;
use crate::verdict::{Expected, Verdict};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// What the demo shows of a boot.
struct Act {
    verdict: Verdict,
    copied: Option<Copied>,
    /// The SHA-256 of the source and of the target, if they are equal.
    digest: Option<String>,
}

const MACHINES: [&str; 2] = ["without an IOMMU", "with an IOMMU"];

pub fn run(session: &Session) -> Result<ExitCode> {
    let kernel = session.debug_kernel()?;
    let modules = session.modules(&kernel, "samples")?;
    let misuse = session.progress.step("compiling a misuse", |step| {
        misuse(&session.workspace, step, &kernel)
    })?;
    let machines = [Machine::default(), Machine::with_iommu(&kernel)];
    let acts = lanes::run(LANES, &machines, |machine| {
        boot(session, &kernel, &modules, machine)
    });
    let acts: Vec<Act> = acts.into_iter().collect::<Result<_>>()?;

    println!("\nA disk, copied by an NVMe controller through memory without a mapping:\n");
    println!("{}", copy_table(&acts));
    println!("\nCopies by QEMU's edu device through memory without a mapping:\n");
    let transfers: Vec<&[Transfer]> = acts.iter().map(|a| &a.verdict.transfers[..]).collect();
    println!("{}", transfer_table(transfers[0], transfers[1]));
    println!(
        "\nThe compiler on samples/misuse.rs, where the CPU reads memory without a mapping:\n"
    );
    println!("{misuse}\n");
    let count: usize = acts.iter().map(|act| act.verdict.transfers.len()).sum();
    let mut all = Report::default();
    for (machine, act) in MACHINES.iter().zip(acts) {
        let mut report = act.verdict.report;
        for fact in report.facts.drain(..) {
            println!("{machine:16} {fact}");
        }
        for check in &mut report.checks {
            check.name = format!("{}, {machine}", check.name);
        }
        all.extend(report);
    }
    println!("\n{}", session.progress.times());
    eprint!("{}", all.explanations());
    println!(
        "{count} transfers, {}",
        if all.good() { "all ok" } else { "FAILED" }
    );
    Ok(exit_code(all.good()))
}

/// Boots with an NVMe controller and the edu device.
fn boot(session: &Session, kernel: &Kernel, modules: &[PathBuf], machine: &Machine) -> Result<Act> {
    let name = format!("{}demo", machine.name);
    let run = nvme::read(&session.workspace)?.demo;
    let mut images = Images::create(&session.workspace.cache("runs").join(&name), &run.disks)?;
    let disks = run.arguments(&images);
    let devices = ["-device", "edu", "-device", "pci-testdev"];
    let arguments = machine.options.iter().chain(&disks).map(String::as_str);
    let logs = session.progress.step(&format!("booting: {name}"), |step| {
        let boot = Boot {
            name: &name,
            plan: run
                .plan(named(modules, "nvme_copy")?)
                .load(named(modules, "edu")?, "")
                .shell("addresses edu")
                .shell("step rmmod edu")
                .load_and_unload(named(modules, "flush_page")?),
            arguments: &arguments.chain(devices).collect::<Vec<_>>(),
            limit: Duration::from_secs(120),
        };
        boot::run(&session.workspace, step, kernel, &boot)
    })?;
    let expected = Expected {
        transfers: true,
        addresses: Some(match machine.iommu {
            true => Addressing::Iova,
            false => Addressing::Physical,
        }),
        ..Expected::default()
    };
    let mut verdict = Verdict::of(&logs, &expected);
    run.apply(&mut images)?;
    let equal = images.problems()?;
    let digest = images.digests()?.pop().filter(|_| equal.is_empty());
    verdict.report.note_problems("the disks are equal", equal);
    images.remove()?;
    let copied = nvme::copied(&logs.console).pop();
    let copied = copied.context("nvme_copy does not say that it copied");
    Ok(Act {
        copied: verdict.report.note("the copy", copied),
        verdict,
        digest: digest.map(|[digest, _]| digest),
    })
}

fn copy_table(acts: &[Act]) -> String {
    let mut table = table::new([
        "machine",
        "bytes",
        "DMA address of the slots",
        "commands",
        "in flight",
        "interrupts",
        "SHA-256 of source and target",
    ]);
    for (machine, act) in MACHINES.iter().zip(acts) {
        if let (Some(copied), Some(digest)) = (&act.copied, &act.digest) {
            table.add_row([
                machine,
                &*copied.bytes,
                &copied.slots,
                &copied.commands,
                &copied.depth,
                &copied.interrupts,
                &digest[..12],
            ]);
        }
    }
    table.to_string()
}

/// The transfers without an IOMMU, and their addresses with one.
fn transfer_table(plain: &[Transfer], iommu: &[Transfer]) -> String {
    let mut table = table::new([
        "transfer",
        "size",
        "DMA address of the projection",
        "with an IOMMU",
        "verdict",
    ]);
    for (transfer, other) in plain.iter().zip(iommu) {
        let results = [&transfer.result, &other.result];
        table.add_row([
            &transfer.place,
            &transfer.size.to_string(),
            &transfer.dma_address,
            &other.dma_address,
            results
                .into_iter()
                .find(|result| *result != "ok")
                .unwrap_or(&transfer.result),
        ]);
    }
    table.to_string()
}

/// Compiles samples/misuse.rs, which must fail, and returns the compiler's error.
fn misuse(workspace: &Workspace, step: &Step, kernel: &Kernel) -> Result<String> {
    let samples = workspace.checkout.join("samples");
    let (mut make, _, log) = kernel.modules_command(workspace, &samples, "misuse.o")?;
    make.arg("CONFIG_COHERENT_MISUSE=m");
    if process::logged(step, &mut make, &log).is_ok() {
        bail!("samples/misuse.rs compiles, and must not");
    }
    let text = fs::read_to_string(&log)?;
    compiler_error(&text)
        .with_context(|| format!("samples/misuse.rs failed, but not in the compiler:\n{text}"))
}

/// The errors in a log of rustc's.
fn compiler_error(log: &str) -> Option<String> {
    let start = log.find("error[E")?;
    let end = log[start..]
        .find("error: aborting")
        .map_or(log.len(), |end| start + end);
    Some(log[start..end].trim_end().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compilers_error_is_cut_out() {
        let log =
            "  RUSTC [M] misuse.o\nerror[E0277]: no\n --> misuse.rs\n\nerror: aborting due to";
        assert_eq!(
            compiler_error(log).as_deref(),
            Some("error[E0277]: no\n --> misuse.rs")
        );
        assert_eq!(compiler_error("make: *** no rule"), None);
    }
}
