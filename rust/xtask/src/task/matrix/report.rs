// SPDX-License-Identifier: GPL-2.0

//! What became of the cells: tables for a person, KTAP and JSON for a machine.

use super::cells::Cell;
use crate::host::table;
use crate::host::workspace::Workspace;
use crate::verdict::report::Tally;
use anyhow::{Context, Result};
use regex::Regex;
use serde::Serialize;
use serde_json::{Value, json};
use std::fmt::Write;
use std::fs;
use std::time::Duration;

pub enum Outcome {
    Ran {
        checks: Tally,
        stale: Vec<Stale>,
        space: Vec<Space>,
    },
    /// This host cannot run the cell.
    Skipped(String),
    /// The cell did not come as far as to its checks.
    Broken(String),
}

/// How much old data a device found in a fresh buffer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stale {
    pub buffer: String,
    pub old: usize,
    pub buffers: usize,
}

/// How much of the kernel's address space a buffer takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Space {
    pub buffer: String,
    pub mapped: usize,
    pub bytes: usize,
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
            Outcome::Ran { checks, .. } if checks.sum().0 > 0 && checks.sum().1 == 0 => "pass",
            Outcome::Skipped(_) => "skip",
            _ => "FAIL",
        }
    }

    fn counts(&self) -> (usize, usize, usize) {
        match &self.outcome {
            Outcome::Ran { checks, .. } => checks.sum(),
            _ => (0, 0, 0),
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
        let (passed, failed, skipped) = self.counts();
        let (checks, stale, space) = match &self.outcome {
            Outcome::Ran {
                checks,
                stale,
                space,
            } => (&checks.rows[..], &stale[..], &space[..]),
            _ => Default::default(),
        };
        let checks: Vec<Value> = checks
            .iter()
            .map(|(name, passed, failed, skipped)| {
                json!({ "name": name, "passed": passed, "failed": failed, "skipped": skipped })
            })
            .collect();
        json!({
            "cell": self.cell,
            "verdict": self.verdict().to_lowercase(),
            "remark": self.remark(),
            "seconds": self.took.as_secs(),
            "passed": passed,
            "failed": failed,
            "skipped": skipped,
            "checks": checks,
            "stale": stale,
            "space": space,
        })
    }

    /// A test with its subtests.
    fn ktap(&self, number: usize) -> String {
        let mut text = String::new();
        if let Outcome::Ran { checks, .. } = &self.outcome {
            text += "    KTAP version 1\n";
            _ = writeln!(text, "    1..{}", checks.rows.len());
            for (number, (name, passed, failed, skipped)) in (1..).zip(&checks.rows) {
                let result = if *failed > 0 { "not ok" } else { "ok" };
                let directive = if passed + failed == 0 {
                    format!(" # SKIP {skipped} skipped")
                } else {
                    String::new()
                };
                _ = writeln!(text, "    {result} {number} {name}{directive}");
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

/// The lines of `kunit/faults/stale.rs` in a console log.
pub fn stale(console: &str) -> Result<Vec<Stale>> {
    let line = Regex::new(r"(?m)coherent_faults: stale (.+): (\d+) of (\d+) buffers$")?;
    line.captures_iter(console)
        .map(|found| {
            Ok(Stale {
                buffer: found[1].to_string(),
                old: found[2].parse()?,
                buffers: found[3].parse()?,
            })
        })
        .collect()
}

/// The lines of `kunit/faults/space.rs` in a console log.
pub fn space(console: &str) -> Result<Vec<Space>> {
    let line = Regex::new(r"(?m)coherent_faults: space (.+): (\d+) of (\d+) bytes$")?;
    line.captures_iter(console)
        .map(|found| {
            Ok(Space {
                buffer: found[1].to_string(),
                mapped: found[2].parse()?,
                bytes: found[3].parse()?,
            })
        })
        .collect()
}

pub fn table(reports: &[Report]) -> String {
    let mut table = table::new(["cell", "verdict", "passed", "failed", "skipped", "time", ""]);
    for report in reports {
        let (passed, failed, skipped) = report.counts();
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

/// The fresh buffers in which the device found old data.
pub fn stale_table(reports: &[Report]) -> String {
    let mut table = table::new([
        "cell",
        "command line",
        "buffer",
        "with old data for the device",
    ]);
    for report in reports {
        let Outcome::Ran { stale, .. } = &report.outcome else {
            continue;
        };
        for measured in stale {
            table.add_row([
                report.cell.name.clone(),
                report.cell.command_line.clone(),
                measured.buffer.clone(),
                format!("{} of {}", measured.old, measured.buffers),
            ]);
        }
    }
    table.to_string()
}

/// What buffers take of the kernel's address space.
pub fn space_table(reports: &[Report]) -> String {
    let mut table = table::new(["cell", "buffer", "bytes", "of address space"]);
    for report in reports {
        let Outcome::Ran { space, .. } = &report.outcome else {
            continue;
        };
        for measured in space {
            table.add_row([
                report.cell.name.clone(),
                measured.buffer.clone(),
                measured.bytes.to_string(),
                measured.mapped.to_string(),
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
            "address_bits": 28, "skips": [], "stale": "old", "mapped": [],
        }))
        .expect("a cell");
        Report::new(cell, outcome, Duration::from_secs(3))
    }

    fn ran(rows: &[(&str, usize, usize, usize)]) -> Report {
        let rows = rows
            .iter()
            .map(|row| (row.0.to_string(), row.1, row.2, row.3));
        report(Outcome::Ran {
            checks: Tally {
                rows: rows.collect(),
            },
            stale: Vec::new(),
            space: Vec::new(),
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

    #[test]
    fn stale_lines_are_read() {
        let log =
            "[    4.200000] coherent_faults: stale NoMapping with __GFP_ZERO: 3 of 8 buffers\n";
        let expected = Stale {
            buffer: "NoMapping with __GFP_ZERO".to_string(),
            old: 3,
            buffers: 8,
        };
        assert_eq!(stale(log).expect("lines"), [expected]);
    }

    #[test]
    fn space_lines_are_read() {
        let log = "[    4.2] coherent_faults: space Normal for edu: 1052672 of 1048576 bytes\n";
        let expected = Space {
            buffer: "Normal for edu".to_string(),
            mapped: 1_052_672,
            bytes: 1_048_576,
        };
        assert_eq!(space(log).expect("lines"), [expected]);
    }
}
