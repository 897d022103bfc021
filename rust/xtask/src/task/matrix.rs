// SPDX-License-Identifier: GPL-2.0

//! `make matrix`: the suites and the samples on machines with different allocation paths.
//!
//! The machines are in `matrix.toml`. What is run, and how it is judged, is the same as in
//! `make test`.

use super::exit_code;
use crate::build::kbuild::Kernel;
use crate::build::session::Session;
use crate::check::cells::{self, Cell};
use crate::check::nvme;
use crate::host::table;
use crate::host::workspace::Workspace;
use crate::verdict::addresses::Addressing;
use crate::verdict::measurements::Measurement;
use crate::verdict::report::Report;
use anyhow::{Context, Result, anyhow};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

#[derive(clap::Args)]
pub struct Arguments {
    /// Run this cell only
    #[arg(long, env = "CELL")]
    cell: Option<String>,

    /// Print the names of the cells as JSON, and run none
    #[arg(long)]
    list: bool,

    /// How many allocations the stress suite makes
    #[arg(long, env = "ALLOCATIONS")]
    allocations: Option<u64>,
}

/// What became of a cell.
#[derive(Serialize)]
struct Ran {
    cell: Cell,
    verdict: &'static str,
    seconds: u64,
    report: Report,
    measurements: Vec<Measurement>,
}

/// The kernels and modules that were built, or why there are none, by the name of the kernel.
type Builds = BTreeMap<String, Result<(Kernel, Vec<PathBuf>)>>;

pub fn run(session: &Session, arguments: &Arguments) -> Result<ExitCode> {
    let all = cells::read(&session.workspace)?;
    if arguments.list {
        let names: Vec<&str> = all.iter().map(|cell| cell.name.as_str()).collect();
        println!("{}", serde_json::to_string(&names)?);
        return Ok(ExitCode::SUCCESS);
    }

    let mut builds = Builds::new();
    let mut ran = Vec::new();
    for cell in cells::choose(all, arguments.cell.as_deref())? {
        let started = Instant::now();
        let mut report = Report::default();
        let run = run_cell(
            session,
            &cell,
            &mut builds,
            arguments.allocations,
            &mut report,
        );
        let measurements = run.unwrap_or_else(|error| {
            report.note("the run", Err::<(), _>(error));
            Vec::new()
        });
        eprint!("{}", report.explanations());
        ran.push(Ran {
            verdict: verdict(&report),
            cell,
            seconds: started.elapsed().as_secs(),
            report,
            measurements,
        });
    }

    write(&session.workspace, &ran)?;
    println!("{}", session.progress.times());
    println!("{}", measurements(&ran));
    println!("{}", verdicts(&ran));
    let [passed, failed, skipped] =
        ["pass", "FAIL", "skip"].map(|verdict| ran.iter().filter(|r| r.verdict == verdict).count());
    println!("{passed} cells passed, {failed} failed, {skipped} skipped");
    Ok(exit_code(passed > 0 && failed == 0))
}

/// Runs a cell, if this host can, on a kernel that may have been built for another one.
fn run_cell(
    session: &Session,
    cell: &Cell,
    builds: &mut Builds,
    allocations: Option<u64>,
    report: &mut Report,
) -> Result<Vec<Measurement>> {
    if let Some(reason) = cell.obstacle(session)? {
        report.skip("the run", reason);
        return Ok(Vec::new());
    }
    let built = builds
        .entry(cell.kernel())
        .or_insert_with(|| cell.build(session));
    let (kernel, modules) = built.as_ref().map_err(|error| anyhow!("{error:#}"))?;
    let verdict = cell.run(session, kernel, modules, allocations)?;
    report.extend(verdict.report);
    let machine = nvme::Machine {
        name: format!("matrix-{}-", cell.name),
        options: cell.options(session)?,
        iommu: cell.addresses == Some(Addressing::Iova),
        untraced: cell.others.clone(),
    };
    report.extend(nvme::run(session, kernel, modules, &machine)?);
    Ok(verdict.measurements)
}

/// A skip is no pass.
fn verdict(report: &Report) -> &'static str {
    match report.sum() {
        [_, failed, _] if failed > 0 => "FAIL",
        [passed, ..] if passed > 0 => "pass",
        _ => "skip",
    }
}

fn verdicts(ran: &[Ran]) -> String {
    let mut table = table::new(["cell", "verdict", "passed", "failed", "skipped", "time", ""]);
    for Ran {
        cell,
        verdict,
        seconds,
        report,
        ..
    } in ran
    {
        let [passed, failed, skipped] = report.sum().map(|count| count.to_string());
        let reason = report.checks.iter().flat_map(|check| &check.reasons).next();
        let remark = match (*verdict, reason) {
            ("pass", _) | (_, None) => &cell.about,
            (_, Some(reason)) => reason,
        };
        table.add_row([
            &cell.name,
            *verdict,
            &passed,
            &failed,
            &skipped,
            &format!("{seconds} s"),
            remark.lines().next().unwrap_or_default(),
        ]);
    }
    table.to_string()
}

/// What the suites measured of fresh buffers.
fn measurements(ran: &[Ran]) -> String {
    let mut table = table::new(["cell", "buffer", "stale content", "kernel address space"]);
    for (cell, measured) in ran
        .iter()
        .flat_map(|r| r.measurements.iter().map(|m| (&r.cell, m)))
    {
        let value = format!("{} of {} {}", measured.count, measured.total, measured.unit);
        let [stale, space] = match measured.what.as_str() {
            "stale" => [value.as_str(), ""],
            _ => ["", value.as_str()],
        };
        table.add_row([&cell.name, &measured.buffer, stale, space]);
    }
    table.to_string()
}

/// Writes the results for machines to the cache.
fn write(workspace: &Workspace, ran: &[Ran]) -> Result<()> {
    let path = workspace.cache("matrix/results.json");
    fs::create_dir_all(workspace.cache("matrix"))?;
    fs::write(&path, serde_json::to_string_pretty(ran)? + "\n")
        .with_context(|| format!("cannot write {}", path.display()))?;
    println!("{}", path.display());
    Ok(())
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
