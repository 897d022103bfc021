// SPDX-License-Identifier: GPL-2.0

//! `make demo`: the edu device copies through memory without a mapping, without an IOMMU and with one, and a
//! misuse does not compile.

use super::{LANES, exit_code};
use crate::build::external_module::named;
use crate::build::kbuild::{Kernel, Lints};
use crate::build::session::Session;
use crate::host::lanes::{self, Job};
use crate::host::process;
use crate::host::progress::Step;
use crate::host::table;
use crate::host::workspace::Workspace;
use crate::run::boot::{self, Boot, Plan};
use crate::verdict::addresses::Addressing;
use crate::verdict::report::Report;
use crate::verdict::transfers::Transfer;
use crate::verdict::{Expected, Verdict};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// What makes the kernel use the IOMMU for all devices.
const IOMMU: &str = "intel_iommu=on iommu=nopt iommu.strict=1";

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
    let (kernel, modules) = (&kernel, &modules);
    let machines: Vec<Job<'_, Result<Verdict>>> = vec![
        Box::new(|| boot(session, kernel, modules, "demo", &[], Addressing::Physical)),
        Box::new(|| {
            boot(
                session,
                kernel,
                modules,
                "demo-iommu",
                translated,
                Addressing::Iova,
            )
        }),
    ];
    let machines = lanes::run(LANES, machines);
    let machines: Vec<Verdict> = machines.into_iter().collect::<Result<_>>()?;

    println!(
        "\nThe compiler on samples/misuse.rs, where the CPU reads memory without a mapping:\n"
    );
    println!("{misuse}");
    println!("\nCopies by QEMU's edu device through memory without a mapping:\n");
    let transfers: Vec<&[Transfer]> = machines.iter().map(|v| &v.transfers[..]).collect();
    println!("{}", transfer_table(transfers[0], transfers[1]));
    let count = transfers.concat().len();
    let mut all = Report::default();
    for (machine, verdict) in ["without an IOMMU", "with an IOMMU"].iter().zip(machines) {
        let mut report = verdict.report;
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
) -> Result<Verdict> {
    let logs = session.progress.step(&format!("booting: {name}"), |step| {
        let boot = Boot {
            name,
            plan: Plan::default()
                .load(named(modules, "edu")?, "")
                .shell("addresses edu")
                .shell("step rmmod edu")
                .load_and_unload(named(modules, "flush_page")?),
            arguments: &[arguments, &["-device", "edu", "-device", "pci-testdev"]].concat(),
            limit: Duration::from_secs(120),
        };
        boot::run(&session.workspace, step, kernel, &boot)
    })?;
    let expected = Expected {
        transfers: true,
        addresses: Some(addressing),
        ..Expected::default()
    };
    Ok(Verdict::of(&logs, &expected))
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
    let (mut make, log) = kernel.object_command(
        workspace,
        &workspace.checkout.join("samples"),
        "misuse.o",
        Lints::Rustc,
    )?;
    make.arg("CONFIG_COHERENT_MISUSE=m");
    let child = process::spawn(&mut make, &log)?;
    let status = process::wait(step, child, &log, None)?;
    let text = fs::read_to_string(&log)?;
    if status.is_some_and(|status| status.success()) {
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
