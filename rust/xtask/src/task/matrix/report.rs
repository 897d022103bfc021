// SPDX-License-Identifier: GPL-2.0

//! What became of the cells: tables for a person, KTAP and JSON for a machine.

use super::cells::Cell;
use crate::host::table;
use crate::host::workspace::Workspace;
use crate::verdict::measurements::Measurement;
use crate::verdict::report::Report as Checks;
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::fmt::Write;
use std::fs;
use std::time::Duration;

pub enum Outcome {
    Ran {
        checks: Checks,
        measurements: Vec<Measurement>,
    },
    /// This host cannot run the cell.
    Skipped(String),
    /// The cell did not come as far as to its checks.
    Broken(String),
}

pub struct Report {
    cell: Cell,
    outcome: Outcome,
    took: Duration,
}

impl Report {
    pub fn new(cell: Cell, outcome: Outcome, took: Duration) -> Self {
        if let Outcome::Broken(error) = &outcome {
            eprintln!("FAILED: {}: {error}", cell.name);
        }
        Self {
            cell,
            outcome,
            took,
        }
    }

    fn verdict(&self) -> &'static str {
        match &self.outcome {
            Outcome::Ran { checks, .. } if checks.good() => "pass",
            Outcome::Skipped(_) => "skip",
            _ => "FAIL",
        }
    }

    fn counts(&self) -> [usize; 3] {
        match &self.outcome {
            Outcome::Ran { checks, .. } => checks.sum(),
            _ => [0; 3],
        }
    }

    /// What there is to say besides the counts.
    fn remark(&self) -> &str {
        match &self.outcome {
            Outcome::Ran { .. } => &self.cell.about,
            Outcome::Skipped(reason) => reason,
            Outcome::Broken(error) => error.lines().next().unwrap_or_default(),
        }
    }

    fn json(&self) -> Value {
        let [passed, failed, skipped] = self.counts();
        let (checks, measurements) = match &self.outcome {
            Outcome::Ran {
                checks,
                measurements,
            } => (&checks.checks[..], &measurements[..]),
            _ => Default::default(),
        };
        json!({
            "cell": self.cell,
            "verdict": self.verdict().to_lowercase(),
            "remark": self.remark(),
            "seconds": self.took.as_secs(),
            "passed": passed,
            "failed": failed,
            "skipped": skipped,
            "checks": checks,
            "measurements": measurements,
        })
    }

    /// A test with its subtests.
    fn ktap(&self, number: usize) -> String {
        let mut text = String::new();
        if let Outcome::Ran { checks, .. } = &self.outcome {
            text += "    KTAP version 1\n";
            _ = writeln!(text, "    1..{}", checks.checks.len());
            for (number, check) in (1..).zip(&checks.checks) {
                let result = if check.failed > 0 { "not ok" } else { "ok" };
                let directive = if check.passed + check.failed == 0 {
                    format!(" # SKIP {} skipped", check.skipped)
                } else {
                    String::new()
                };
                _ = writeln!(text, "    {result} {number} {}{directive}", check.name);
            }
        }
        let (result, directive) = match &self.outcome {
            Outcome::Skipped(reason) => ("ok", format!(" # SKIP {reason}")),
            _ if self.verdict() == "pass" => ("ok", String::new()),
            _ => ("not ok", String::new()),
        };
        _ = writeln!(text, "{result} {number} {}{directive}", self.cell.name);
        text
    }
}

pub fn table(reports: &[Report]) -> String {
    let mut table = table::new(["cell", "verdict", "passed", "failed", "skipped", "time", ""]);
    for report in reports {
        let [passed, failed, skipped] = report.counts();
        table.add_row([
            report.cell.name.clone(),
            report.verdict().to_string(),
            passed.to_string(),
            failed.to_string(),
            skipped.to_string(),
            format!("{} s", report.took.as_secs()),
            report.remark().to_string(),
        ]);
    }
    table.to_string()
}

/// What the suites measured of fresh buffers.
pub fn measurement_table(reports: &[Report]) -> String {
    let mut table = table::new(["cell", "buffer", "stale content", "kernel address space"]);
    for report in reports {
        let Outcome::Ran { measurements, .. } = &report.outcome else {
            continue;
        };
        for measured in measurements {
            let value = format!("{} of {} {}", measured.count, measured.total, measured.unit);
            let [stale, space] = match measured.what.as_str() {
                "stale" => [value, String::new()],
                _ => [String::new(), value],
            };
            table.add_row([
                report.cell.name.clone(),
                measured.buffer.clone(),
                stale,
                space,
            ]);
        }
    }
    table.to_string()
}

pub fn summary(reports: &[Report]) -> String {
    let count = |verdict| {
        let has = |report: &&Report| report.verdict() == verdict;
        reports.iter().filter(has).count()
    };
    format!(
        "{} cells passed, {} failed, {} skipped",
        count("pass"),
        count("FAIL"),
        count("skip")
    )
}

/// Whether something passed and nothing failed.
pub fn good(reports: &[Report]) -> bool {
    let is = |verdict| move |report: &Report| report.verdict() == verdict;
    reports.iter().any(is("pass")) && !reports.iter().any(is("FAIL"))
}

/// Writes the results for machines to `matrix/` in the cache.
pub fn write(workspace: &Workspace, reports: &[Report]) -> Result<()> {
    let mut ktap = format!("KTAP version 1\n1..{}\n", reports.len());
    ktap.extend(
        (1..)
            .zip(reports)
            .map(|(number, report)| report.ktap(number)),
    );
    let json = Value::Array(reports.iter().map(Report::json).collect());

    let dir = workspace.cache("matrix");
    fs::create_dir_all(&dir)?;
    for (name, text) in [
        ("results.ktap", ktap),
        ("results.json", serde_json::to_string_pretty(&json)? + "\n"),
    ] {
        let path = dir.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        println!("{}", path.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(outcome: Outcome) -> Report {
        let cell = serde_json::from_value(json!({
            "name": "cell", "about": "a road", "architecture": "x86_64", "fragments": ["debug"],
            "command_line": "", "machine": "q35", "memory": "1G", "devices": [],
            "address_bits": 28, "skips": [], "stale": "stale", "mapped": [],
        }))
        .expect("a cell");
        Report::new(cell, outcome, Duration::from_secs(3))
    }

    fn ran(rows: &[(&str, usize, usize, usize)]) -> Report {
        let mut checks = Checks::default();
        for (name, passed, failed, skipped) in rows {
            checks.count(*name, [*passed, *failed, *skipped], Vec::new());
        }
        report(Outcome::Ran {
            checks,
            measurements: Vec::new(),
        })
    }

    #[test]
    fn a_skip_is_no_pass() {
        let skipped = [report(Outcome::Skipped("no QEMU".to_string()))];
        assert!(!good(&skipped));
        assert_eq!(summary(&skipped), "0 cells passed, 0 failed, 1 skipped");
        assert_eq!(skipped[0].ktap(1), "ok 1 cell # SKIP no QEMU\n");
        assert_eq!(skipped[0].json()["verdict"], "skip");
    }

    #[test]
    fn a_failure_is_one_whatever_passed() {
        let reports = [
            ran(&[("a", 3, 0, 0)]),
            ran(&[("a", 3, 0, 0), ("b", 1, 1, 0)]),
        ];
        assert!(good(&reports[..1]));
        assert!(!good(&reports));
        assert_eq!(
            reports[1].ktap(2),
            "    KTAP version 1\n    1..2\n    ok 1 a\n    not ok 2 b\nnot ok 2 cell\n"
        );
        assert!(!good(&[report(Outcome::Broken("no compiler".to_string()))]));
        assert!(!good(&[ran(&[])]), "nothing ran");
    }
}
