// SPDX-License-Identifier: GPL-2.0

//! KTAP, read by the kernel's own `kunit.py`.
//!
//! `kunit.py parse` stops at the end of the first plan, and a run has one for the suites that are
//! built in and one for each module. So it gets the log in parts.

use crate::console::strip_time;
use crate::process;
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
    /// Those of `names` that did not run.
    pub fn missing<'a>(&self, names: &[&'a str]) -> Vec<&'a str> {
        names
            .iter()
            .filter(|name| !self.suites.iter().any(|suite| suite.name == **name))
            .copied()
            .collect()
    }
}

/// Reads all the KTAP of a console log. `tree` is the kernel tree that has `kunit.py`.
pub fn summarise(tree: &Path, log: &str) -> Result<Summary> {
    let mut summary = Summary::default();
    for part in parts(log) {
        let dir = tempfile::tempdir().context("cannot create a directory")?;
        let (input, json) = (dir.path().join("ktap.log"), dir.path().join("ktap.json"));
        fs::write(&input, &part)?;
        // It fails if a test did; the JSON says more.
        let output = Command::new("python3")
            .arg(tree.join("tools/testing/kunit/kunit.py"))
            .args(["parse", "--failed"])
            .arg(format!("--json={}", json.display()))
            .arg(&input)
            .output()
            .context("cannot run kunit.py")?;
        let text = fs::read_to_string(&json).with_context(|| {
            format!(
                "kunit.py made no report:\n{}",
                String::from_utf8_lossy(&output.stderr)
            )
        })?;
        let mut group: Group = serde_json::from_str(&text).context("the report of kunit.py")?;
        if !has_plan(&part) {
            // kunit.py lets this pass, but without a plan nobody knows what is missing.
            group.misc.errors += 1;
            summary.diagnosis += "a top-level KTAP header without a plan\n";
        }
        summary.counts.add(group.misc);
        if !group.misc.good() {
            summary.diagnosis += &String::from_utf8_lossy(&output.stdout);
        }
        for suite in &group.sub_groups {
            let mut failures = Vec::new();
            collect_failures(suite, "", &mut failures);
            summary.suites.push(Suite {
                name: suite.name.clone(),
                counts: suite.misc,
                failures,
            });
        }
    }
    Ok(summary)
}

/// Whether `kunit.py` can run.
pub fn check_parser() -> Result<()> {
    process::output(Command::new("python3").arg("--version"))
        .context("python3 is needed to read KTAP")
        .map(drop)
}

fn collect_failures(group: &Group, prefix: &str, failures: &mut Vec<String>) {
    let name = format!("{prefix}{}", group.name);
    for case in &group.test_cases {
        if !["PASS", "SKIP"].contains(&case.status.as_str()) {
            failures.push(format!("{name}.{}: {}", case.name, case.status));
        }
    }
    for inner in &group.sub_groups {
        collect_failures(inner, &format!("{name}."), failures);
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

/// Whether the header is followed by how many results there will be.
fn has_plan(part: &str) -> bool {
    part.lines()
        .filter_map(|line| strip_time(line).strip_prefix("1.."))
        .any(|count| count.trim().parse::<usize>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn read(log: &str) -> Summary {
        let tree =
            PathBuf::from(std::env::var_os("KERNEL_TREE").expect(
                "KERNEL_TREE names a pristine 7.3 tree for these tests; `make test` sets it",
            ));
        summarise(&tree, log).expect("a summary")
    }

    /// The log of a real run of a module with a failing suite and a crashing one.
    fn real() -> String {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/console-kunit.log");
        fs::read_to_string(path).expect(path)
    }

    const GOOD: &str = "\
[    0.1] KTAP version 1
[    0.1] 1..1
[    0.1]     KTAP version 1
[    0.1]     # Subtest: first
[    0.1]     1..2
[    0.1]     ok 1 one
[    0.1] random: something in between
[    0.1]     ok 2 two
[    0.1] # first: pass:2 fail:0 skip:0 total:2
[    0.1] ok 1 first
";

    #[test]
    fn failures_crashes_and_skips_are_told_apart() {
        let summary = read(&real());
        assert_eq!(summary.suites.len(), 2);
        let first = &summary.suites[0];
        assert_eq!(first.name, "bad_first");
        assert_eq!(
            (
                first.counts.passed,
                first.counts.failed,
                first.counts.skipped
            ),
            (1, 1, 1)
        );
        assert!(
            first.failures[0].starts_with("bad_first.fails:"),
            "{:?}",
            first.failures
        );
        let second = &summary.suites[1];
        assert!(!second.counts.good());
        assert!(
            second
                .failures
                .iter()
                .any(|failure| failure.contains("crashes"))
        );
        assert!(
            summary.diagnosis.contains("Expected 1 == 2"),
            "{}",
            summary.diagnosis
        );
    }

    #[test]
    fn all_parts_of_a_log_are_read() {
        let summary = read(&format!("{GOOD}{}", GOOD.replace("first", "later")));
        assert_eq!(summary.counts.passed, 4);
        assert!(summary.counts.good());
        assert_eq!(summary.missing(&["first", "later", "never"]), ["never"]);
    }

    #[test]
    fn a_test_without_a_result_is_not_good() {
        let cut = &GOOD[..GOOD.find("[    0.1]     ok 2").expect("a test")];
        assert!(!read(cut).counts.good(), "{:?}", read(cut));
    }

    #[test]
    fn a_missing_plan_is_not_good() {
        let summary = read(&GOOD.replace("[    0.1] 1..1\n", ""));
        assert!(!summary.counts.good(), "{summary:?}");
    }

    #[test]
    fn no_tests_are_not_good() {
        assert!(!read("[    0.1] coherent: end\n").counts.good());
        assert!(
            !read("[    0.1] KTAP version 1\n[    0.1] 1..0\n")
                .counts
                .good()
        );
    }
}
