// SPDX-License-Identifier: GPL-2.0

//! Reads the KTAP in a console log.
//!
//! A log has a plan for the suites in the kernel and one for each module that has suites, with other
//! lines of the kernel in between. A line of KTAP that is missing, or that does not fit to those
//! before it, is a failure.

use crate::verdict::console::strip_time;
use std::mem;

/// How many lines before a failure are shown as its diagnosis.
const DIAGNOSIS: usize = 12;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suite {
    pub name: String,
    pub passed: usize,
    pub failed: usize,
    pub skipped: usize,
    /// The tests that failed or did not run, and what the kernel said of them.
    pub failures: Vec<String>,
}

/// What the KTAP of a log says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Results {
    pub suites: Vec<Suite>,
    /// What is wrong with the KTAP itself.
    pub errors: Vec<String>,
}

impl Results {
    /// Those of `names` of which nothing passed: a suite that was skipped did not run.
    pub fn missing<'a>(&self, names: &'a [String]) -> Vec<&'a str> {
        let ran = |name: &str| self.suites.iter().any(|s| s.name == name && s.passed > 0);
        names
            .iter()
            .map(String::as_str)
            .filter(|name| !ran(name))
            .collect()
    }

    pub fn passed(&self) -> usize {
        self.suites.iter().map(|suite| suite.passed).sum()
    }

    #[cfg(test)]
    fn good(&self) -> bool {
        let failed = self.suites.iter().any(|suite| suite.failed > 0);
        self.passed() > 0 && !failed && self.errors.is_empty()
    }
}

/// A test with tests in it, which did not end yet: all suites, a suite, a test with parameters.
#[derive(Default)]
struct Group {
    level: usize,
    name: String,
    plan: Option<usize>,
    /// How many of its tests have a result.
    ended: usize,
    tests: Suite,
}

/// A line of KTAP.
enum Line<'a> {
    Header,
    Name(&'a str),
    Plan(usize),
    Result {
        good: bool,
        number: usize,
        name: &'a str,
        skipped: bool,
    },
}

pub fn read(log: &str) -> Results {
    let mut reader = Reader::default();
    for line in log.lines().map(strip_time) {
        let text = line.trim_start_matches(' ');
        let indent = line.len() - text.len();
        match parse(text).filter(|_| indent % 4 == 0) {
            Some(line) => {
                reader.take(indent / 4, &line);
                reader.said.clear();
            }
            None => reader.said.push(line.to_string()),
        }
    }
    reader.close_from(0);
    reader.results
}

fn parse(text: &str) -> Option<Line<'_>> {
    if text == "KTAP version 1" {
        return Some(Line::Header);
    }
    if let Some(name) = text.strip_prefix("# Subtest: ") {
        return Some(Line::Name(name));
    }
    if let Some(plan) = text.strip_prefix("1..") {
        return plan.parse().ok().map(Line::Plan);
    }
    let (good, rest) = match text.strip_prefix("not ") {
        Some(rest) => (false, rest),
        None => (true, text),
    };
    let (number, rest) = rest.strip_prefix("ok ")?.split_once(' ')?;
    let number = number.parse().ok()?;
    let (name, skipped) = match rest.split_once("# SKIP") {
        Some((name, _)) => (name.trim_end(), true),
        None => (rest, false),
    };
    Some(Line::Result {
        good,
        number,
        name: name.trim_start_matches("- "),
        skipped,
    })
}

#[derive(Default)]
struct Reader {
    results: Results,
    open: Vec<Group>,
    /// The lines since the last one of KTAP.
    said: Vec<String>,
}

impl Reader {
    fn take(&mut self, level: usize, line: &Line<'_>) {
        match *line {
            Line::Header => {
                self.close_from(level);
                self.open.push(Group {
                    level,
                    ..Group::default()
                });
            }
            Line::Name(name) => {
                if let Some(group) = self.at(level) {
                    group.name = name.to_string();
                }
            }
            Line::Plan(plan) => match self.at(level) {
                Some(group) if group.plan.is_none() => group.plan = Some(plan),
                _ => self.error(format!("the plan 1..{plan} has no header")),
            },
            Line::Result {
                good,
                number,
                name,
                skipped,
            } => self.result(level, good, number, name, skipped),
        }
    }

    fn result(&mut self, level: usize, good: bool, number: usize, name: &str, skipped: bool) {
        self.close_from(level + 2);
        let mut tests = match self.pop(level + 1) {
            Some(group) => self.close(group),
            None => Suite::default(),
        };
        let nothing = tests.passed + tests.failed + tests.skipped == 0;
        if skipped {
            tests.skipped += usize::from(nothing);
        } else if good {
            tests.passed += usize::from(nothing);
        } else if tests.failed == 0 {
            tests.failed = 1;
            tests.failures.push(self.failure("FAILED"));
        }
        let Some(group) = self.at(level) else {
            return self.error(format!("the result of {name} has no header"));
        };
        group.ended += 1;
        if number != group.ended {
            let ended = group.ended;
            self.error(format!("{name} has number {number} and not {ended}"));
        }
        tests.name = name.to_string();
        self.add(tests);
    }

    /// Ends the groups of `level` and below it, which have no result.
    fn close_from(&mut self, level: usize) {
        while let Some(group) = self.pop(level) {
            let (level, name) = (group.level, group.name.clone());
            let mut tests = self.close(group);
            if level > 0 {
                tests.name = if name.is_empty() {
                    "(no name)".into()
                } else {
                    name
                };
                tests.failed = tests.failed.max(1);
                tests.failures.push(self.failure("did not end"));
                self.add(tests);
            }
        }
    }

    /// What a group that ends adds up to; the tests of its plan that have no result did not run.
    fn close(&mut self, group: Group) -> Suite {
        let mut tests = group.tests;
        match group.plan {
            // A test with parameters may not know how many it has.
            None if group.level > 1 => {}
            Some(plan) if plan == group.ended && plan > 0 => {}
            None => self.error(format!("{} has no plan", described(&group.name))),
            Some(plan) => {
                let what = format!("{} of {plan} ended", group.ended);
                tests.failed += plan.saturating_sub(group.ended).max(1);
                tests.failures.push(what.clone());
                if group.level == 0 {
                    self.error(format!("{}: {what}", described(&group.name)));
                }
            }
        }
        tests
    }

    /// Adds a test that ended to the group that is open, or to the suites.
    fn add(&mut self, tests: Suite) {
        match self.open.last_mut() {
            Some(group) if group.level > 0 => {
                let sum = &mut group.tests;
                sum.passed += tests.passed;
                sum.failed += tests.failed;
                sum.skipped += tests.skipped;
                let named = |failure: &String| format!("{}: {failure}", tests.name);
                sum.failures.extend(tests.failures.iter().map(named));
            }
            _ => self.results.suites.push(tests),
        }
    }

    /// Takes the innermost group, if it is of `level` or below it.
    fn pop(&mut self, level: usize) -> Option<Group> {
        match self.open.last() {
            Some(group) if group.level >= level => self.open.pop(),
            _ => None,
        }
    }

    fn at(&mut self, level: usize) -> Option<&mut Group> {
        self.open.last_mut().filter(|group| group.level == level)
    }

    fn error(&mut self, error: String) {
        self.results.errors.push(error);
    }

    /// How a test failed, with the last lines that the kernel printed before.
    fn failure(&mut self, how: &str) -> String {
        let said = mem::take(&mut self.said);
        let shown = &said[said.len().saturating_sub(DIAGNOSIS)..];
        shown
            .iter()
            .fold(how.to_string(), |text, line| text + "\n    " + line)
    }
}

fn described(name: &str) -> &str {
    if name.is_empty() { "the KTAP" } else { name }
}

#[cfg(test)]
mod tests;
