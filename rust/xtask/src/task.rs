// SPDX-License-Identifier: GPL-2.0

//! The tasks, one a file. No task uses another.

pub mod bench;
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
use crate::host::table;
use crate::verdict::report::Report;
use anyhow::Result;
use std::process::ExitCode;

/// How many checks run side by side. A boot mostly waits for its devices; the others keep a core busy.
const LANES: usize = 3;

/// The report, or one on the error.
fn noted(name: impl Into<String>, result: Result<Report>) -> Report {
    result.unwrap_or_else(|error| Report::of::<()>(name, Err(error)))
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
