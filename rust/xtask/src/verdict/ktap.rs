// SPDX-License-Identifier: GPL-2.0

//! Reads the KTAP in a console log.
//!
//! A log has a plan for the suites in the kernel and one for each module that has suites, with other
//! lines of the kernel in between. A line of KTAP that is missing, or that does not fit to those
//! before it, is a failure.

use crate::verdict::console::strip_time;
use crate::verdict::report::Report;
use regex_lite::{Captures, Regex};
use std::iter::Peekable;
use std::sync::LazyLock;

/// How many lines before a failure are shown as its diagnosis.
const DIAGNOSIS: usize = 12;

/// A line of KTAP, and what the kernel said before, since the last one.
type Line<'a> = (Captures<'a>, String);

/// The indentation, and then a header, a name, a plan or a result with a number and a name.
const LINE: &str = r"^((?:    )*)(?:(KTAP version 1)|# Subtest: (.*)|1\.\.(\d+)|(not )?ok (\d+) (?:- )?(.*?)( *# SKIP.*)?)$";

fn level((found, _): &Line<'_>) -> usize {
    found[1].len() / 4
}

fn is_header((found, _): &Line<'_>) -> bool {
    found.get(2).is_some()
}

/// The suites in a log, and `KTAP` for each mistake of the KTAP itself.
pub fn read(log: &str) -> Report {
    static PATTERN: LazyLock<Regex> = LazyLock::new(|| Regex::new(LINE).expect("a pattern"));
    let mut said = Vec::new();
    let lines = log.lines().map(strip_time).filter_map(|line| {
        let Some(found) = PATTERN.captures(line) else {
            said.push(line);
            return None;
        };
        let shown = said.split_off(said.len().saturating_sub(DIAGNOSIS));
        said.clear();
        Some((found, shown.join("\n    ")))
    });
    let mut lines = lines.peekable();
    let mut suites = Report::default();
    while let Some(line) = lines.next() {
        if is_header(&line) && level(&line) == 0 {
            suites.extend(group(&mut lines, 0).1);
        } else {
            mistake(&mut suites, "a line has no header".to_string());
        }
    }
    suites
}

/// Reads a group of tests after its header: all suites, a suite, or a test with parameters. Returns its
/// name and the tests.
fn group<'a>(
    lines: &mut Peekable<impl Iterator<Item = Line<'a>>>,
    depth: usize,
) -> (String, Report) {
    let (mut name, mut plan, mut ended) = (String::new(), None, 0);
    let mut tests = Report::default();
    // The group of the test whose result comes next.
    let mut inner = None;
    let belongs = |line: &Line<'_>| level(line) > depth || level(line) == depth && !is_header(line);
    while let Some(line) = lines.next_if(belongs) {
        if is_header(&line) {
            let next = group(lines, depth + 1);
            unfinished(&mut tests, inner.replace(next));
        } else if level(&line) > depth {
            mistake(&mut tests, "a line has no header".to_string());
        } else if let Some(given) = line.0.get(3) {
            name = given.as_str().to_string();
        } else if let Some(number) = line.0.get(4) {
            plan = number.as_str().parse::<usize>().ok();
        } else {
            ended += 1;
            if line.0[6] != format!("{ended}") {
                mistake(&mut tests, format!("{} is not number {ended}", &line.0[7]));
            }
            let parts = inner.take().map(|(_, parts)| parts);
            result(&mut tests, &line, parts.unwrap_or_default());
        }
    }
    unfinished(&mut tests, inner);
    match plan {
        // A test with parameters may not know how many it has.
        None if depth > 1 => {}
        Some(plan) if plan == ended && plan > 0 => {}
        Some(plan) => mistake(&mut tests, format!("{ended} of {plan} ended")),
        None => mistake(&mut tests, "no plan".to_string()),
    }
    (name, tests)
}

/// Adds a test that has a result, and the tests in it.
fn result(tests: &mut Report, (found, said): &Line<'_>, parts: Report) {
    let name = &found[7];
    let [bad, skipped] = [5, 8].map(|group| found.get(group).is_some());
    match parts.sum() {
        [passed, 0, skips] if bad && !skipped => {
            let reason = format!("FAILED\n    {said}");
            tests.count(name, [passed, 1, skips], vec![reason]);
        }
        [0, 0, 0] => {
            let counts = [!skipped, false, skipped].map(usize::from);
            tests.count(name, counts, Vec::new());
        }
        _ => tests.merge(name, parts),
    }
}

/// Adds a test with tests in it that has no result.
fn unfinished(tests: &mut Report, group: Option<(String, Report)>) {
    if let Some((name, mut parts)) = group {
        mistake(&mut parts, "it did not end".to_string());
        tests.merge(name, parts);
    }
}

fn mistake(tests: &mut Report, mistake: String) {
    tests.note_problems("KTAP", vec![mistake]);
}

#[cfg(test)]
mod tests;
