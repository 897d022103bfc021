// SPDX-License-Identifier: GPL-2.0

//! All checks that need a running kernel, in one boot of the machine `x86-direct`: the suites, the
//! samples, and the drivers that the documentation explains.

use super::cells;
use super::documented;
use crate::build::external_module::named;
use crate::build::kbuild::Kernel;
use crate::build::session::Session;
use crate::run::boot::Plan;
use crate::verdict::report::Report;
use crate::verdict::{Expected, Logs, Verdict};
use anyhow::{Result, ensure};
use std::path::PathBuf;

const MACHINE: &str = "x86-direct";

/// The part of the run in which the edu sample is made to fail.
const MISDIRECT: &str = "misdirect";
/// The transfer that fails then.
const MISDIRECTED: usize = 4;

pub fn run(session: &Session, kernel: &Kernel, modules: &[PathBuf]) -> Result<Report> {
    let workspace = &session.workspace;
    let cell = cells::choose(cells::read(workspace)?, Some(MACHINE))?.remove(0);
    let misdirect = Plan::default()
        .load(named(modules, "edu")?, &format!("misdirect={MISDIRECTED}"))
        .shell("step rmmod edu");
    let more = Plan::default().part(MISDIRECT, misdirect);
    let more = documented::plan(more, modules)?;

    let mut logs = cell.boot(session, kernel, modules, None, more)?;
    let misdirected = misdirected(&mut logs);
    let guide = documented::guide(workspace, &mut logs);
    let binding = documented::binding(workspace, &mut logs);
    let mut report = Verdict::of(&logs, &cell.expected(session, kernel)?).report;
    report.note("edu: a misdirected copy is seen", misdirected);
    report.note("docs/your-driver.md", guide);
    report.note("docs/binding.md", binding);
    Ok(report)
}

/// The edu sample has to fail if a transfer does not end where it should: one is fetched from
/// elsewhere.
fn misdirected(logs: &mut Logs) -> Result<()> {
    let verdict = Verdict::of(&logs.take_part(MISDIRECT)?, &Expected::default());
    let failed: Vec<usize> = (0..)
        .zip(&verdict.transfers)
        .filter(|(_, transfer)| !transfer.good())
        .map(|(number, _)| number)
        .collect();
    ensure!(
        failed == [MISDIRECTED],
        "transfer {MISDIRECTED} was misdirected, and those that failed are {failed:?}"
    );
    let said = |text: &str| matches!(&verdict.findings[..], [one] if one.excerpt.contains(text));
    ensure!(
        said("probe with driver edu failed with error -5"),
        "a transfer failed, and not only the probe: {:?} (log: {})",
        verdict.findings,
        logs.console_path.display()
    );
    Ok(())
}
