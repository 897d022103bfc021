// SPDX-License-Identifier: GPL-2.0

//! `make test`: all checks, and one verdict.

use crate::build::external_module;
use crate::build::kbuild::Kernel;
use crate::build::session::Session;
use crate::check::api;
use crate::check::binding;
use crate::check::contract;
use crate::check::guide;
use crate::check::lint;
use crate::host::workspace::Workspace;
use crate::run::boot::{self, Boot, Logs, Plan};
use crate::task::matrix;
use crate::verdict::console;
use crate::verdict::ktap;
use crate::verdict::report::Tally;
use crate::verdict::trace;
use crate::verdict::transfers;
use anyhow::{Context, Result, bail};
use regex::Regex;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

mod faults;

pub fn run(session: &Session) -> Result<ExitCode> {
    let mut tally = Tally::default();
    ktap::check_parser().or_else(|_| session.prepare().map(drop))?;

    let kernel = session.debug_kernel()?;
    tally.note("build without warnings", Ok(()));

    let contract = contract::check(session, &kernel, false)?;
    for (name, passed, failed, skipped) in contract.rows {
        tally.add(name, passed, failed, skipped);
    }
    for failure in contract.failures {
        eprintln!("FAILED: {failure}");
    }

    let modules = boot_and_judge(session, &kernel, &mut tally)?;
    matrix::run_cheap(session, &mut tally, &kernel, &modules)?;
    let misdirected = misdirect(session, &kernel, external_module::named(&modules, "edu")?);
    tally.note("edu: a wrong place is seen", misdirected);
    tally.note("docs/your-driver.md", guide::check(session, &kernel));
    tally.note("docs/binding.md", binding::check(session, &kernel));
    tally.note(
        "rustfmt",
        session.progress.step("checking the format", |step| {
            lint::format(&session.workspace, step, &kernel.tree, true)
        }),
    );
    tally.note(
        "host: clippy",
        session.progress.step("linting the host tool", |step| {
            lint::host_clippy(&session.workspace, step)
        }),
    );
    tally.note(
        "kernel code: CLIPPY=1",
        lint::kernel_clippy(session, &kernel),
    );
    let name = "public API beside 7.3's";
    let compared = session.progress.step("comparing the public API", |step| {
        api::check(&session.workspace, step, &kernel)
    });
    match compared {
        Ok(api::Outcome::Compared(report)) => {
            println!("{report}");
            tally.note(name, Ok(()));
        }
        Ok(api::Outcome::Unreadable(reason)) => {
            eprintln!("SKIPPED: {name}: {reason}");
            tally.add(name, 0, 0, 1);
        }
        Err(error) => tally.note(name, Err(error)),
    }
    let host = session.progress.step("testing the host tool", |step| {
        lint::host_tests(&session.workspace, step, &kernel.pristine)
    });
    match host {
        Ok((passed, failed)) => tally.add("host: tests", passed, failed, 0),
        Err(error) => tally.note("host: tests", Err(error)),
    }

    tally.print();
    println!("{}", session.progress.times());
    let (passed, failed, skipped) = tally.sum();
    if skipped > 0 {
        println!("{passed} passed, {failed} failed, {skipped} skipped");
    } else {
        println!("{passed} passed, {failed} failed");
    }
    Ok(if failed == 0 && passed > 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Builds the suites and samples, runs them in QEMU, and judges the run. Returns the modules.
fn boot_and_judge(session: &Session, kernel: &Kernel, tally: &mut Tally) -> Result<Vec<PathBuf>> {
    let modules = matrix::modules(session, kernel)?;
    let logs = session
        .progress
        .step("booting: KUnit suites and samples", |step| {
            let boot = Boot {
                name: "test",
                plan: matrix::plan(kernel, &modules, None, matrix::ADDRESS_BITS)?,
                arguments: &["-device", "edu", "-device", "pci-testdev"],
                limit: Duration::from_secs(300),
            };
            boot::run(&session.workspace, step, kernel, &boot)
        })?;
    session.progress.step("judging the run", |_| {
        let mut suites = all_suites(&session.workspace)?;
        // There is none here; `make matrix` has one.
        suites.retain(|suite| suite != "dma_faults_iommu");
        judge_run(tally, kernel, &logs, &suites)
    })?;
    Ok(modules)
}

/// The checks that fail for a kernel in QEMU.
pub fn failing_in_qemu(session: &Session, kernel: &Kernel) -> Result<Vec<String>> {
    let mut tally = Tally::default();
    boot_and_judge(session, kernel, &mut tally)?;
    let failed = tally.rows.into_iter().filter(|row| row.2 > 0);
    Ok(failed.map(|row| row.0).collect())
}

/// The edu sample has to fail if a place is not where it should be: one is fetched from elsewhere.
fn misdirect(session: &Session, kernel: &Kernel, edu: &Path) -> Result<()> {
    const PLACE: usize = 4;

    let logs = session.progress.step("booting: edu, misdirected", |step| {
        let boot = Boot {
            name: "misdirect",
            plan: Plan::default().load(edu, &format!("misdirect={PLACE}")),
            arguments: &["-device", "edu"],
            limit: Duration::from_secs(120),
        };
        boot::run(&session.workspace, step, kernel, &boot)
    })?;
    let failed: Vec<usize> = (0..)
        .zip(transfers::transfers(&logs.console)?)
        .filter(|(_, transfer)| !transfer.good())
        .map(|(number, _)| number)
        .collect();
    if failed != [PLACE] {
        bail!("place {PLACE} was misdirected, and those that failed are {failed:?}");
    }
    if !logs
        .console
        .contains("probe with driver edu failed with error -5")
    {
        bail!(
            "a transfer failed, and the probe did not (log: {})",
            logs.console_path.display()
        );
    }
    Ok(())
}

/// Judges what a run of the suites and samples left behind.
pub fn judge_run(tally: &mut Tally, kernel: &Kernel, logs: &Logs, wanted: &[String]) -> Result<()> {
    let summary = ktap::summarise(&kernel.tree, &logs.console)?;
    for suite in &summary.suites {
        let counts = suite.counts;
        tally.add(
            format!("KUnit: {}", suite.name),
            counts.passed,
            counts.bad(),
            counts.skipped,
        );
        for failure in &suite.failures {
            eprintln!("FAILED: {failure}");
        }
    }
    if !summary.diagnosis.is_empty() {
        eprintln!("{}", summary.diagnosis);
    }
    let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
    let missing = summary.missing(&wanted);
    tally.note(
        "all suites ran",
        if missing.is_empty() && summary.counts.passed > 0 {
            Ok(())
        } else {
            Err(anyhow::anyhow!("no results of: {}", missing.join(", ")))
        },
    );

    match transfers::transfers(&logs.console) {
        Ok(transfers) => {
            let good = transfers.iter().filter(|transfer| transfer.good()).count();
            for transfer in transfers.iter().filter(|transfer| !transfer.good()) {
                eprintln!("FAILED: transfer {}: {}", transfer.place, transfer.verdict);
            }
            tally.add("edu: transfers", good, transfers.len() - good, 0);
        }
        Err(error) => tally.note("edu: transfers", Err(error)),
    }

    tally.note("console", judge_console(logs));
    let report = trace::judge(&logs.trace);
    println!(
        "traced: {} allocations ({} without a mapping), {} that failed, {} frees",
        report.allocations, report.without_mapping, report.failed, report.frees
    );
    tally.note(
        "trace of allocations",
        if report.problems.is_empty() {
            Ok(())
        } else {
            Err(anyhow::anyhow!("{}", report.problems.join("\n")))
        },
    );
    faults::judge(tally, kernel, logs);
    Ok(())
}

/// The suites of all modules.
pub fn all_suites(workspace: &Workspace) -> Result<Vec<String>> {
    let mut suites = suite_names(&workspace.checkout.join("kunit"))?;
    suites.extend(suite_names(&workspace.checkout.join("kunit/faults"))?);
    Ok(suites)
}

fn judge_console(logs: &Logs) -> Result<()> {
    let findings = console::judge(&logs.console);
    if findings.is_empty() && !logs.timed_out {
        return Ok(());
    }
    let text: String = findings.iter().map(ToString::to_string).collect();
    let late = if logs.timed_out {
        "the time was over\n"
    } else {
        ""
    };
    bail!("{late}{text}(log: {})", logs.console_path.display())
}

/// The suites that the sources have, so that one that does not run is missed.
fn suite_names(dir: &Path) -> Result<Vec<String>> {
    let attribute = Regex::new(r"(?m)^#\[kunit_tests\((\w+)\)\]")?;
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).with_context(|| format!("no {}", dir.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path)?;
            names.extend(
                attribute
                    .captures_iter(&text)
                    .map(|found| found[1].to_string()),
            );
        }
    }
    if names.is_empty() {
        bail!("{} has no suites", dir.display());
    }
    names.sort();
    Ok(names)
}

/// `xtask parse`: judges the console log of a run.
pub fn parse(session: &Session, path: &Path) -> Result<ExitCode> {
    let source = session.source()?;
    let log =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let findings = console::judge(&log);
    for finding in &findings {
        println!("{finding}");
    }
    let summary = ktap::summarise(&source.tree, &log)?;
    let mut tally = Tally::default();
    for suite in &summary.suites {
        let counts = suite.counts;
        tally.add(&suite.name, counts.passed, counts.bad(), counts.skipped);
    }
    println!("{}", summary.diagnosis);
    tally.print();
    println!("{} findings", findings.len());
    Ok(if findings.is_empty() && summary.counts.bad() == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suites_are_read_from_their_sources() {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../kunit");
        let names = suite_names(&dir).expect("suites");
        assert!(
            names.contains(&"dma_coherent_project".to_string()),
            "{names:?}"
        );
    }

    #[test]
    fn one_failure_is_enough() {
        let mut tally = Tally::default();
        tally.add("a", 10, 0, 1);
        assert_eq!(tally.sum(), (10, 0, 1));
        tally.note("b", Err(anyhow::anyhow!("for this test")));
        assert_eq!(tally.sum(), (10, 1, 1));
    }
}
