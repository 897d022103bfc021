// SPDX-License-Identifier: GPL-2.0

//! Reads the KTAP in a console log.
//!
//! A log has a plan for the suites in the kernel and one for each module that has suites, with other
//! lines of the kernel in between. A line of KTAP that is missing, or that does not fit to those
//! before it, is a failure.

use crate::verdict::console::strip_time;
use regex_lite::{Captures, Regex};
use std::mem;
use std::sync::LazyLock;

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

/// A test with tests in it that did not end yet: all suites, a suite, a test with parameters.
#[derive(Default)]
struct Group {
    level: usize,
    plan: Option<usize>,
    /// How many of its tests have a result.
    ended: usize,
    sum: Suite,
}

#[derive(Default)]
struct Reader {
    results: Results,
    open: Vec<Group>,
    /// The lines since the last one of KTAP.
    said: Vec<String>,
}

/// The indentation, and then a header, a name, a plan or a result with a number and a name.
const LINE: &str = r"^((?:    )*)(?:(KTAP version 1)|# Subtest: (.*)|1\.\.(\d+)|(not )?ok (\d+) (?:- )?(.*?)( *# SKIP.*)?)$";

pub fn read(log: &str) -> Results {
    static PATTERN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(LINE).ok());
    debug_assert!(PATTERN.is_some());
    let mut reader = Reader::default();
    for line in log.lines().map(strip_time) {
        match PATTERN.as_ref().and_then(|pattern| pattern.captures(line)) {
            Some(found) => {
                reader.take(&found);
                reader.said.clear();
            }
            None => reader.said.push(line.to_string()),
        }
    }
    reader.close_from(0);
    reader.results
}

impl Reader {
    fn take(&mut self, found: &Captures<'_>) {
        let text = |group| found.get(group).map(|text| text.as_str());
        let number = |group| text(group).and_then(|text| text.parse::<usize>().ok());
        let level = found[1].len() / 4;
        if text(2).is_some() {
            self.close_from(level);
            self.open.push(Group {
                level,
                ..Group::default()
            });
        } else if let Some(name) = text(3) {
            if let Some(group) = self.at(level) {
                group.sum.name = name.to_string();
            }
        } else if let Some(plan) = number(4) {
            match self.at(level) {
                Some(group) if group.plan.is_none() => group.plan = Some(plan),
                _ => self.error(format!("the plan 1..{plan} has no header")),
            }
        } else if let (Some(number), Some(name)) = (number(6), text(7)) {
            self.result(level, text(5).is_none(), number, name, text(8).is_some());
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
            let level = group.level;
            let mut tests = self.close(group);
            if level > 0 {
                tests.failed = tests.failed.max(1);
                tests.failures.push(self.failure("did not end"));
                self.add(tests);
            }
        }
    }

    /// The sum of a group that ends. The tests of its plan that have no result did not run.
    fn close(&mut self, group: Group) -> Suite {
        let mut sum = group.sum;
        let problem = match group.plan {
            // A test with parameters may not know how many it has.
            None if group.level > 1 => return sum,
            Some(plan) if plan == group.ended && plan > 0 => return sum,
            Some(plan) => format!("{} of {plan} ended", group.ended),
            None => "no plan".to_string(),
        };
        let missing = group.plan.unwrap_or(0).saturating_sub(group.ended);
        sum.failed += missing.max(1);
        sum.failures.push(problem.clone());
        if group.level == 0 {
            self.error(format!("the KTAP: {problem}"));
        }
        sum
    }

    /// Adds a test that ended to the group that is open, or to the suites.
    fn add(&mut self, tests: Suite) {
        match self.open.last_mut() {
            Some(group) if group.level > 0 => {
                let sum = &mut group.sum;
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

#[cfg(test)]
mod tests;
