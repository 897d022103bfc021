// SPDX-License-Identifier: GPL-2.0

//! `make test`: all checks, and one verdict.

use crate::build::external_module;
use crate::build::kbuild::Kernel;
use crate::build::session::Session;
use crate::check::binding;
use crate::check::contract;
use crate::check::guide;
use crate::check::lint;
use crate::check::suites;
use crate::run::boot::{self, Boot, Plan};
use crate::task::matrix;
use crate::verdict::report::Report;
use crate::verdict::{Expected, Logs, Verdict};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

pub fn run(session: &Session) -> Result<ExitCode> {
    let mut tally = Report::default();
    // A warning is an error.
    let kernel = session.debug_kernel()?;

    let contract = contract::check(session, &kernel, false)?;
    tally.extend(contract.report);

    tally.extend(suites::run(session, &kernel)?);
    let modules = suites::modules(session, &kernel)?;
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
    let host = session.progress.step("testing the host tool", |step| {
        lint::host_tests(&session.workspace, step, &kernel.pristine)
    });
    match host {
        Ok((passed, failed)) => tally.count("host: tests", [passed, failed, 0], Vec::new()),
        Err(error) => drop(tally.note("host: tests", Err::<(), _>(error))),
    }
    Ok(super::conclude(session, &tally))
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
        .zip(Verdict::of(&logs, &Expected::default()).transfers)
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

/// `xtask parse`: judges the console log of a run.
pub fn parse(session: &Session, path: &Path) -> Result<ExitCode> {
    let console =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let logs = Logs {
        console,
        console_path: path.to_path_buf(),
        ..Logs::default()
    };
    let verdict = Verdict::of(&logs, &Expected::default());
    Ok(super::conclude(session, &verdict.report))
}
