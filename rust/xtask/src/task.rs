// SPDX-License-Identifier: GPL-2.0

//! The tasks, one a file. No task uses another.

pub mod apply;
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
use std::process::ExitCode;

/// Prints a report and the times of the steps. Returns whether the report is good.
pub fn conclude(session: &Session, report: &Report) -> ExitCode {
    println!("{}", table(report));
    println!("{}", session.progress.times());
    eprint!("{}", report.explanations());
    println!("{}", report.summary());
    if report.good() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// The counts of a report.
pub fn table(report: &Report) -> String {
    let mut table = table::new(["check", "passed", "failed", "skipped"]);
    for check in &report.checks {
        let counts = [check.passed, check.failed, check.skipped].map(|count| count.to_string());
        table.add_row([&check.name].into_iter().chain(&counts));
    }
    table.to_string()
}
