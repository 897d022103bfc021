// SPDX-License-Identifier: GPL-2.0

//! `make matrix`: the suites and the samples on machines with different allocation paths.
//!
//! The machines are in `matrix.toml`. What is run, and how it is judged, is the same as in
//! `make test`.

use super::{exit_code, noted};
use crate::build::session::Session;
use crate::check::cells::{self, Cell};
use crate::check::nvme;
use crate::host::table;
use crate::verdict::report::Report;
use anyhow::Result;
use std::process::ExitCode;
use std::time::Instant;

#[derive(clap::Args)]
pub struct Selection {
    /// Run this cell only
    #[arg(long, env = "CELL")]
    cell: Option<String>,

    /// How many allocations the stress suite makes
    #[arg(long, env = "ALLOCATIONS")]
    allocations: Option<u64>,
}

pub fn run(session: &Session, selection: &Selection) -> Result<ExitCode> {
    let mut cells = cells::read(&session.workspace)?;
    if let Some(name) = &selection.cell {
        cells = vec![cells::choose(cells, name)?];
    }

    let mut table = table::new(["cell", "verdict", "passed", "failed", "skipped", "time", ""]);
    let mut verdicts = Vec::new();
    for cell in cells {
        let started = Instant::now();
        let report = run_cell(session, &cell, selection.allocations);
        let report = noted("the run", report);
        eprint!("{}", report.explanations());
        let verdict = verdict(&report);
        let reason = report.checks.iter().flat_map(|check| &check.reasons).next();
        let remark = reason.filter(|_| verdict != "pass").unwrap_or(&cell.about);
        let remark = remark.lines().next().unwrap_or_default();
        let [passed, failed, skipped] = report.sum().map(|count| count.to_string());
        let time = format!("{} s", started.elapsed().as_secs());
        let name = &cell.name;
        table.add_row([name, verdict, &passed, &failed, &skipped, &time, remark]);
        verdicts.push(verdict);
    }
    println!("{}", session.progress.times());
    println!("{table}");
    let count = |wanted| {
        verdicts
            .iter()
            .filter(|verdict| **verdict == wanted)
            .count()
    };
    let [passed, failed, skipped] = ["pass", "FAIL", "skip"].map(count);
    println!("{passed} cells passed, {failed} failed, {skipped} skipped");
    Ok(exit_code(passed > 0 && failed == 0))
}

/// Runs a cell, if this host can. Its kernel may have been built for another one.
fn run_cell(session: &Session, cell: &Cell, allocations: Option<u64>) -> Result<Report> {
    let mut report = Report::default();
    if let Err(reason) = cell.require(session) {
        report.skip("the run", format!("{reason:#}"));
        return Ok(report);
    }
    let (kernel, modules) = &cell.build(session)?;
    report.extend(cell.run(session, kernel, modules, allocations)?);
    // What the suites found is told even if this cannot run.
    let nvme = nvme::run(session, kernel, modules, cell);
    report.extend(noted("nvme", nvme));
    Ok(report)
}

/// A skip is no pass.
fn verdict(report: &Report) -> &'static str {
    match report.sum() {
        [_, failed, _] if failed > 0 => "FAIL",
        [passed, ..] if passed > 0 => "pass",
        _ => "skip",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skip_is_no_pass_and_one_failure_is_a_failure() {
        let of = |counts| {
            let mut report = Report::default();
            report.count("a", [1, 0, 0], Vec::new());
            report.count("b", counts, Vec::new());
            report
        };
        assert_eq!(verdict(&of([0, 0, 1])), "pass");
        assert_eq!(verdict(&of([3, 1, 0])), "FAIL");
        let mut skipped = Report::default();
        assert_eq!(verdict(&skipped), "skip", "nothing ran");
        skipped.skip("the run", "no QEMU");
        assert_eq!(verdict(&skipped), "skip");
    }
}
