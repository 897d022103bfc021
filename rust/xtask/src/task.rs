// SPDX-License-Identifier: GPL-2.0

//! The tasks, one a file. No task uses another.

pub mod bench;
pub mod check;
pub mod demo;
pub mod docs;
pub mod driver;
pub mod matrix;
pub mod mutants;
pub mod nvme;
pub mod series;
pub mod shell;
pub mod test;
pub mod upstream;

use crate::build::session::Session;
use crate::host::lanes::{self, Job};
use crate::host::progress::Step;
use crate::host::table;
use crate::verdict::report::Report;
use anyhow::Result;
use std::process::ExitCode;

/// How many checks run side by side. Most keep a core busy.
const LANES: usize = 2;

/// One of the checks of a task.
type Check<'a> = Job<'a, Report>;

/// A check that makes a report, or breaks off with an error.
fn check<'a>(
    name: impl Into<String>,
    work: impl FnOnce() -> Result<Report> + Send + 'a,
) -> Check<'a> {
    let name = name.into();
    Box::new(move || {
        work().unwrap_or_else(|error| {
            let mut report = Report::default();
            report.note(name, Err::<(), _>(error));
            report
        })
    })
}

/// A check that is one step, and passes or fails.
fn step<'a>(
    session: &'a Session,
    name: &'a str,
    work: impl FnOnce(&Step) -> Result<()> + Send + 'a,
) -> Check<'a> {
    check(name, move || {
        let mut report = Report::default();
        report.note(name, session.progress.step(name, work));
        Ok(report)
    })
}

/// Runs checks side by side, the first ones first.
fn all(checks: Vec<Check<'_>>) -> Report {
    let mut all = Report::default();
    for report in lanes::run(LANES, checks) {
        all.extend(report);
    }
    all
}

/// Prints a report and the times of the steps. Returns whether the report is good.
pub fn conclude(session: &Session, report: &Report) -> ExitCode {
    println!("{}", counts(report));
    println!("{}", session.progress.times());
    eprint!("{}", report.explanations());
    println!("{}", report.summary());
    exit_code(report.good())
}

fn counts(report: &Report) -> String {
    let mut table = table::new(["check", "passed", "failed", "skipped"]);
    for check in &report.checks {
        let counts = [check.passed, check.failed, check.skipped].map(|count| count.to_string());
        table.add_row([&check.name].into_iter().chain(&counts));
    }
    table.to_string()
}

fn exit_code(good: bool) -> ExitCode {
    if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
