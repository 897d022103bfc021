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

use crate::build::kbuild::Kernel;
use crate::build::session::Session;
use crate::check::{cells, contract, lint};
use crate::host::lanes;
use crate::host::table;
use crate::verdict::report::Report;
use anyhow::Result;
use std::path::PathBuf;
use std::process::ExitCode;

/// How many checks run side by side. A boot mostly waits for its devices; the others keep a core busy.
const LANES: usize = 3;

/// One of the checks of a task.
type Check<'a> = Box<dyn FnOnce() -> Report + Send + 'a>;

/// The checks of what an edit of the library can break, with one boot; the longest first.
fn of_library<'a>(
    session: &'a Session,
    kernel: &'a Kernel,
    modules: &'a [PathBuf],
) -> Vec<Check<'a>> {
    vec![
        check("suites", || cells::run_direct(session, kernel, modules)),
        check("contract", || contract::check(session, kernel, false)),
        check("rustfmt", || {
            session.progress.step("rustfmt", |step| {
                lint::format(&session.workspace, step, &kernel.tree, true)
            })?;
            Ok(Report::of("rustfmt", Ok(())))
        }),
    ]
}

/// A check that makes a report, or breaks off with an error.
fn check<'a>(
    name: impl Into<String>,
    work: impl FnOnce() -> Result<Report> + Send + 'a,
) -> Check<'a> {
    let name = name.into();
    Box::new(move || noted(name, work()))
}

/// The report, or one on the error.
fn noted(name: impl Into<String>, result: Result<Report>) -> Report {
    result.unwrap_or_else(|error| Report::of::<()>(name, Err(error)))
}

/// Runs checks side by side, the first ones first.
fn all(checks: Vec<Check<'_>>) -> Report {
    let mut all = Report::default();
    for report in lanes::run(LANES, checks, |check| check()) {
        all.extend(report);
    }
    all
}

/// Prints a report and the times of the steps. Returns whether the report is good.
pub fn conclude(session: &Session, report: &Report) -> ExitCode {
    let mut table = table::new(["check", "passed", "failed", "skipped"]);
    for check in &report.checks {
        let counts = [check.passed, check.failed, check.skipped].map(|count| count.to_string());
        table.add_row([&check.name].into_iter().chain(&counts));
    }
    println!("{table}");
    println!("{}", session.progress.times());
    eprint!("{}", report.explanations());
    println!("{}", report.summary());
    exit_code(report.good())
}

fn exit_code(good: bool) -> ExitCode {
    ExitCode::from(u8::from(!good))
}
