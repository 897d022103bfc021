// SPDX-License-Identifier: GPL-2.0

//! What passed and failed, check by check.

use anyhow::Result;

/// One named check, and why it failed or was skipped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Check {
    pub name: String,
    pub passed: usize,
    pub failed: usize,
    pub skipped: usize,
    pub reasons: Vec<String>,
}

/// The checks of a run or of a task, and facts worth printing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub checks: Vec<Check>,
    pub facts: Vec<String>,
}

impl Report {
    /// A report of one check, which passed or failed with this error.
    pub fn of<T>(name: impl Into<String>, result: Result<T>) -> Self {
        let mut report = Self::default();
        report.note(name, result);
        report
    }

    /// Adds a check that counts many things.
    pub fn count(
        &mut self,
        name: impl Into<String>,
        [passed, failed, skipped]: [usize; 3],
        reasons: Vec<String>,
    ) {
        self.checks.push(Check {
            name: name.into(),
            passed,
            failed,
            skipped,
            reasons,
        });
    }

    /// Adds a check that passed, or failed with this error. Returns its value.
    pub fn note<T>(&mut self, name: impl Into<String>, result: Result<T>) -> Option<T> {
        let reason = result.as_ref().err().map(|error| format!("{error:#}"));
        self.note_problems(name, reason.into_iter().collect());
        result.ok()
    }

    /// Adds a check that tried many things.
    pub fn results(&mut self, name: impl Into<String>, results: Vec<Result<()>>) {
        let passed = results.iter().filter(|result| result.is_ok()).count();
        let failed = results.len() - passed;
        let errors = results.into_iter().filter_map(Result::err);
        let reasons = errors.map(|error| format!("{error:#}")).collect();
        self.count(name, [passed, failed, 0], reasons);
    }

    /// Adds a check that says how many things it looked at.
    pub fn number(&mut self, name: impl Into<String>, result: Result<usize>) {
        match result {
            Ok(number) => self.count(name, [number, 0, 0], Vec::new()),
            Err(error) => self.results(name, vec![Err(error)]),
        }
    }

    /// Adds a check that fails if there are problems.
    pub fn note_problems(&mut self, name: impl Into<String>, problems: Vec<String>) {
        let failed = usize::from(!problems.is_empty());
        self.count(name, [1 - failed, failed, 0], problems);
    }

    /// Adds a check that could not run.
    pub fn skip(&mut self, name: impl Into<String>, reason: impl Into<String>) {
        self.count(name, [0, 0, 1], vec![reason.into()]);
    }

    /// Adds the checks and facts of another report.
    pub fn extend(&mut self, other: Self) {
        self.checks.extend(other.checks);
        self.facts.extend(other.facts);
    }

    /// Adds another report as one check, with the reasons of its failures.
    pub fn merge(&mut self, name: impl Into<String>, other: Self) {
        let reason = |check: &Check| format!("{}: {}", check.name, check.reasons.join("\n"));
        let reasons = other.failing().map(reason).collect();
        self.count(name, other.sum(), reasons);
    }

    /// How many passed, failed and were skipped.
    pub fn sum(&self) -> [usize; 3] {
        self.checks.iter().fold([0; 3], |[p, f, s], check| {
            [p + check.passed, f + check.failed, s + check.skipped]
        })
    }

    /// Whether something passed and nothing failed.
    pub fn good(&self) -> bool {
        let [passed, failed, _] = self.sum();
        passed > 0 && failed == 0
    }

    pub fn failing(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| check.failed > 0)
    }

    /// What failed and was skipped, and why; the facts come first.
    pub fn explanations(&self) -> String {
        let mut text: String = self.facts.iter().map(|fact| format!("{fact}\n")).collect();
        for check in &self.checks {
            let word = if check.failed > 0 {
                "FAILED"
            } else {
                "SKIPPED"
            };
            for reason in &check.reasons {
                text += &format!("{word}: {}: {}\n", check.name, reason.trim_end());
            }
        }
        text
    }

    /// One line: how much passed and failed.
    pub fn summary(&self) -> String {
        let [passed, failed, skipped] = self.sum();
        format!("{passed} passed, {failed} failed, {skipped} skipped")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failure_is_enough() {
        let mut report = Report::default();
        assert!(!report.good(), "nothing passed");
        report.count("a", [10, 0, 1], vec!["no device".to_string()]);
        assert_eq!(report.summary(), "10 passed, 0 failed, 1 skipped");
        assert!(report.good());
        report.note("b", Err::<(), _>(anyhow::anyhow!("for this test")));
        assert!(!report.good());
        assert_eq!(
            report.explanations(),
            "SKIPPED: a: no device\nFAILED: b: for this test\n"
        );
    }
}
