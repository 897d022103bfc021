// SPDX-License-Identifier: GPL-2.0

//! KTAP, read by the kernel's own `kunit.py`.
//!
//! `kunit.py parse` stops at the end of the first plan, and a run has one for the suites that are
//! built in and one for each module. So it gets the log in parts. It also takes a missing plan for an
//! unknown one, and then a log that is cut off is good: plans are counted here.

use crate::host::process;
use crate::verdict::console::strip_time;
use anyhow::{Context, Result};
use serde::Deserialize;
use std::fs;
use std::path::Path;
use std::process::Command;

/// A suite, or a test with cases of its own.
#[derive(Clone, Debug, Deserialize)]
struct Group {
    name: String,
    #[serde(default)]
    sub_groups: Vec<Group>,
    #[serde(default)]
    test_cases: Vec<Case>,
    misc: Counts,
}

#[derive(Clone, Debug, Deserialize)]
struct Case {
    name: String,
    status: String,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
pub struct Counts {
    pub passed: usize,
    pub failed: usize,
    pub crashed: usize,
    pub skipped: usize,
    /// What is wrong with the KTAP itself: a plan without its tests, a test without its result.
    pub errors: usize,
}

impl Counts {
    /// Whether something passed and nothing did not.
    pub fn good(self) -> bool {
        self.passed > 0 && self.failed + self.crashed + self.errors == 0
    }

    pub fn bad(self) -> usize {
        self.failed + self.crashed + self.errors
    }

    fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.crashed += other.crashed;
        self.skipped += other.skipped;
        self.errors += other.errors;
    }
}

#[derive(Clone, Debug)]
pub struct Suite {
    pub name: String,
    pub counts: Counts,
    /// The cases that did not pass and were not skipped, with what `kunit.py` says of them.
    pub failures: Vec<String>,
}

#[derive(Clone, Debug, Default)]
pub struct Summary {
    pub suites: Vec<Suite>,
    pub counts: Counts,
    /// What `kunit.py` prints about the parts with failures, for a person.
    pub diagnosis: String,
}

impl Summary {
    /// Those of `names` of which nothing passed: a suite that was skipped did not run.
    pub fn missing<'a>(&self, names: &[&'a str]) -> Vec<&'a str> {
        names
            .iter()
            .filter(|name| {
                let ran = |suite: &Suite| suite.name == **name && suite.counts.passed > 0;
                !self.suites.iter().any(ran)
            })
            .copied()
            .collect()
    }
}

/// Reads all the KTAP of a console log. `tree` is the kernel tree that has `kunit.py`.
pub fn summarise(tree: &Path, log: &str) -> Result<Summary> {
    let mut summary = Summary::default();
    for part in parts(log) {
        let (group, text) = kunit_py(tree, &part)?;
        summary.counts.add(group.misc);
        let lost = lost_lines(&part);
        summary.counts.errors += usize::from(lost.is_some());
        if !group.misc.good() || lost.is_some() {
            summary.diagnosis += &text;
            summary
                .diagnosis
                .extend(lost.map(|lost| format!("{lost}\n")));
        }
        summary.suites.extend(suites(&group));
    }
    Ok(summary)
}

/// What `kunit.py` makes of `ktap`, for the machine and for a person.
fn kunit_py(tree: &Path, ktap: &str) -> Result<(Group, String)> {
    let dir = tempfile::tempdir().context("cannot create a directory")?;
    let (input, json) = (dir.path().join("ktap.log"), dir.path().join("ktap.json"));
    fs::write(&input, ktap)?;
    // It fails if a test did; the JSON says more. With `-B` it leaves no bytecode in the tree.
    let output = Command::new("python3")
        .arg("-B")
        .arg(tree.join("tools/testing/kunit/kunit.py"))
        .args(["parse", "--failed"])
        .arg(format!("--json={}", json.display()))
        .arg(&input)
        .output()
        .context("cannot run kunit.py")?;
    let report = fs::read_to_string(&json).with_context(|| {
        format!(
            "kunit.py made no report:\n{}",
            String::from_utf8_lossy(&output.stderr)
        )
    })?;
    let group = serde_json::from_str(&report).context("the report of kunit.py")?;
    let text = String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter(|line| !line.contains("Test results stored in"))
        .fold(String::new(), |text, line| text + after_clock(line) + "\n");
    Ok((group, text))
}

/// A line of `kunit.py` without the time of day.
fn after_clock(line: &str) -> &str {
    match line
        .strip_prefix('[')
        .and_then(|line| line.split_once("] "))
    {
        Some((clock, rest)) if clock.len() == "00:00:00".len() => rest,
        _ => line,
    }
}

/// The suites of a part. One without cases is a case for `kunit.py`: its setup failed, or it was to
/// come when the log ended, and then it has no name either.
fn suites(group: &Group) -> impl Iterator<Item = Suite> {
    let with_cases = group.sub_groups.iter().map(|suite| {
        let mut failures = Vec::new();
        collect_failures(suite, "", &mut failures);
        Suite {
            name: suite.name.clone(),
            counts: suite.misc,
            failures,
        }
    });
    let without = group.test_cases.iter().map(|case| {
        let mut counts = Counts::default();
        match case.status.as_str() {
            "PASS" => counts.passed = 1,
            "SKIP" => counts.skipped = 1,
            "ERROR" => counts.crashed = 1,
            _ => counts.failed = 1,
        }
        Suite {
            name: case.name().to_string(),
            counts,
            failures: case.failure("").into_iter().collect(),
        }
    });
    with_cases.chain(without)
}

impl Case {
    fn name(&self) -> &str {
        if self.name.is_empty() {
            "(did not run)"
        } else {
            &self.name
        }
    }

    fn failure(&self, prefix: &str) -> Option<String> {
        let good = ["PASS", "SKIP"].contains(&self.status.as_str());
        (!good).then(|| format!("{prefix}{}: {}", self.name(), self.status))
    }
}

/// Headers without a plan and plans without a header, of the whole part and of its suites. A test
/// with parameters has a header of its own and no plan.
fn lost_lines(part: &str) -> Option<String> {
    let lines: Vec<&str> = part.lines().map(strip_time).collect();
    ["", "    "].iter().find_map(|indent| {
        let text = |line: &&str| line.strip_prefix(indent).map(str::to_string);
        let (mut headers, mut plans) = (0, 0);
        for line in lines.iter().filter_map(text) {
            headers += usize::from(line == "KTAP version 1");
            plans += usize::from(line.starts_with("1.."));
        }
        (headers != plans).then(|| format!("{headers} KTAP headers have {plans} plans"))
    })
}

/// Whether `kunit.py` can run.
pub fn check_parser() -> Result<()> {
    process::output(Command::new("python3").arg("--version"))
        .context("python3 is needed to read KTAP")
        .map(drop)
}

fn collect_failures(group: &Group, prefix: &str, failures: &mut Vec<String>) {
    let name = format!("{prefix}{}", group.name);
    let prefix = format!("{name}.");
    failures.extend(
        group
            .test_cases
            .iter()
            .filter_map(|case| case.failure(&prefix)),
    );
    for inner in &group.sub_groups {
        collect_failures(inner, &prefix, failures);
    }
    if group.misc.errors > 0 {
        failures.push(format!("{name}: {} errors in its KTAP", group.misc.errors));
    }
}

/// The log from each top-level KTAP header to the next one.
fn parts(log: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for line in log.lines() {
        if strip_time(line) == "KTAP version 1" {
            parts.push(String::new());
        }
        if let Some(part) = parts.last_mut() {
            part.push_str(line);
            part.push('\n');
        }
    }
    parts
}

#[cfg(test)]
mod tests;
