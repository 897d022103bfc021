// SPDX-License-Identifier: GPL-2.0

//! `make demo`: an NVMe controller copies a disk and the edu device copies patterns through memory
//! without a mapping, without an IOMMU and with one, and a misuse does not compile.

use super::{LANES, exit_code};
use crate::build::external_module::named;
use crate::build::kbuild::Kernel;
use crate::build::session::Session;
use crate::check::nvme::{self, Copied, Images};
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
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// What makes the kernel use the IOMMU for all devices.
const IOMMU: &str = "intel_iommu=on iommu=nopt iommu.strict=1";

const MACHINES: [&str; 2] = ["without an IOMMU", "with an IOMMU"];

/// What the demo shows of a boot.
struct Act {
    verdict: Verdict,
    copy: Option<Copy>,
}

/// A copy of a disk, and the digest of both.
struct Copy {
    copied: Copied,
    digest: String,
}

pub fn run(session: &Session) -> Result<ExitCode> {
    let kernel = session.debug_kernel()?;
    let modules = session.modules(&kernel, "samples")?;
    let misuse = session.progress.step("compiling a misuse", |step| {
        misuse(&session.workspace, step, &kernel)
    })?;
    let append = format!("{} {IOMMU}", boot::command_line(kernel.target.architecture));
    let translated = [
        ["-machine", "q35,kernel-irqchip=split"],
        ["-device", "intel-iommu,intremap=on"],
        ["-append", &append],
    ];
    let translated = translated.as_flattened();
    let machines = [
        ("demo", &[][..], Addressing::Physical),
        ("demo-iommu", translated, Addressing::Iova),
    ];
    let acts = lanes::run(LANES, machines, |(name, machine, addressing)| {
        boot(session, &kernel, &modules, name, machine, addressing)
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

/// Boots with the edu device, and with `arguments` before it.
fn boot(
    session: &Session,
    kernel: &Kernel,
    modules: &[PathBuf],
    name: &str,
    arguments: &[&str],
    addressing: Addressing,
) -> Result<Act> {
    let disks = nvme::read(&session.workspace)?.demo;
    let mut images = Images::create(&session.workspace.cache("runs").join(name), &disks.disks)?;
    let nvme = disks.arguments(&images);
    let mut arguments = arguments.to_vec();
    arguments.extend(nvme.iter().map(String::as_str));
    arguments.extend(["-device", "edu", "-device", "pci-testdev"]);
    let logs = session.progress.step(&format!("booting: {name}"), |step| {
        let boot = Boot {
            name,
            plan: disks
                .plan(named(modules, "nvme_copy")?)
                .load(named(modules, "edu")?, "")
                .shell("addresses edu")
                .shell("step rmmod edu")
                .load_and_unload(named(modules, "flush_page")?),
            arguments: &arguments,
            limit: Duration::from_secs(120),
        };
        boot::run(&session.workspace, step, kernel, &boot)
    })?;
    let expected = Expected {
        transfers: true,
        addresses: Some(addressing),
        ..Expected::default()
    };
    let mut verdict = Verdict::of(&logs, &expected);
    disks.apply(&mut images)?;
    let copy = read_copy(&logs.console, &images);
    let copy = verdict.report.note("the disks are equal", copy);
    images.remove()?;
    Ok(Act { verdict, copy })
}

/// Reads what became of the copy, from the log and from the disks.
fn read_copy(console: &str, images: &Images) -> Result<Copy> {
    let copied = nvme::copied(console).into_iter().next();
    let copied = copied.context("the copy did not come to its end")?;
    let problems = images.problems()?;
    ensure!(problems.is_empty(), "{}", problems.join("\n"));
    let [digest, _] = images.digests()?.pop().context("there is no disk")?;
    Ok(Copy { copied, digest })
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
        let Some(copy) = &act.copy else { continue };
        table.add_row([
            machine.to_string(),
            copy.copied.bytes.clone(),
            copy.copied.slots.clone(),
            copy.copied.commands.clone(),
            copy.copied.depth.clone(),
            copy.copied.interrupts.clone(),
            copy.digest[..12].to_string(),
        ]);
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
    let status = process::run(step, &mut make, &log, &log)?;
    let text = fs::read_to_string(&log)?;
    if status.success() {
        bail!("samples/misuse.rs compiles, and must not");
    }
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
