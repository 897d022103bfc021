// SPDX-License-Identifier: GPL-2.0

//! The verdict on a run, from all that it left behind.

use super::addresses::{self, Addressing};
use super::console::{self, Finding};
use super::ktap;
use super::leftovers;
use super::measurements::{self, FreshMemory};
use super::report::{Check, Report};
use super::reserved_memory;
use super::trace::{self, Allocations};
use super::transfers::{self, Transfer};
use anyhow::{Result, bail};
use std::path::PathBuf;

/// What a run left behind.
#[derive(Clone, Debug, Default)]
pub struct Logs {
    pub console: String,
    /// For messages: where the console log is.
    pub console_path: PathBuf,
    /// The trace of all coherent allocations, and their totals by device.
    pub trace: String,
    /// The run was stopped because its time was over.
    pub timed_out: bool,
}

/// What a run has to show, besides an end in time and a console without complaints.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// KUnit suites that have to run; an empty list asks for any. Those that run have to pass in any
    /// case.
    pub suites: Option<Vec<String>>,
    /// The edu sample has to make transfers. Those that it makes have to succeed in any case.
    pub transfers: bool,
    /// Something has to be allocated. What is allocated has to be freed in any case.
    pub allocations: bool,
    /// Devices that allocate for themselves, and whose part of the trace is not judged.
    pub untraced: Vec<String>,
    /// The kernel's own sums of allocations and frees have to agree.
    pub totals: bool,
    /// dma-debug has to end with the entries that it began with.
    pub entries: bool,
    /// How often edu_late is unbound during a copy.
    pub unbinds: Option<usize>,
    /// What the DMA addresses of the edu sample are.
    pub addresses: Option<Addressing>,
    /// The edu device has a pool of its own.
    pub reserved_memory: bool,
    pub fresh_memory: Option<FreshMemory>,
    /// Buffers that take kernel address space.
    pub mapped: Option<Vec<String>>,
}

/// What a run was.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    pub report: Report,
    /// What is wrong with the console log.
    pub findings: Vec<Finding>,
    pub suites: Vec<Check>,
    pub transfers: Vec<Transfer>,
    pub allocations: Allocations,
    console_path: PathBuf,
}

impl Verdict {
    pub fn of(logs: &Logs, expected: &Expected) -> Self {
        let mut verdict = Self {
            findings: console::judge(&logs.console),
            console_path: logs.console_path.clone(),
            ..Self::default()
        };
        verdict.judge_suites(logs, expected);
        verdict.judge_transfers(logs, expected);
        verdict.judge_console(logs);
        verdict.judge_trace(logs, expected);
        let (report, console) = (&mut verdict.report, &logs.console);
        if let Some(content) = expected.fresh_memory {
            report.note("stale memory", measurements::judge_stale(console, content));
        }
        if let Some(mapped) = &expected.mapped {
            let judged = measurements::judge_space(console, mapped);
            report.note("address space", judged);
        }
        if expected.entries {
            report.note("dma-debug's entries", leftovers::judge_entries(console));
        }
        if let Some(times) = expected.unbinds {
            let judged = leftovers::judge_unbinds(console, times);
            report.note("unbound during a copy", judged);
        }
        if let Some(addressing) = expected.addresses {
            let name = format!("the DMA address is {addressing}");
            let said = report.note(name, addresses::expect(console, addressing));
            let fact = said.map(|said| format!("a DMA address is {said}"));
            report.facts.extend(fact);
        }
        verdict
    }

    /// This verdict, or all that is wrong with the run as an error.
    pub fn into_result(self) -> Result<Self> {
        if self.report.good() {
            return Ok(self);
        }
        let (reasons, log) = (self.report.explanations(), self.console_path.display());
        bail!("{reasons}(log: {log})")
    }

    /// How many KUnit tests passed.
    pub fn tests_passed(&self) -> usize {
        self.suites.iter().map(|suite| suite.passed).sum()
    }

    fn judge_console(&mut self, logs: &Logs) {
        let late = logs.timed_out.then(|| "the time was over".to_string());
        let found = self.findings.iter().map(ToString::to_string);
        let mut problems: Vec<String> = late.into_iter().chain(found).collect();
        if !problems.is_empty() {
            problems.push(format!("(log: {})", logs.console_path.display()));
        }
        self.report.note_problems("console", problems);
    }

    fn judge_suites(&mut self, logs: &Logs, expected: &Expected) {
        self.suites = ktap::read(&logs.console).checks;
        for suite in &self.suites {
            let name = format!("KUnit: {}", suite.name);
            self.report.checks.push(Check {
                name,
                ..suite.clone()
            });
        }
        if let Some(wanted) = &expected.suites {
            // A suite that was skipped did not run.
            let ran = |name: &String| self.suites.iter().any(|s| s.name == *name && s.passed > 0);
            let missing = wanted.iter().filter(|name| !ran(name));
            let mut problems: Vec<String> = missing
                .map(|name| format!("no test of {name} passed"))
                .collect();
            if self.tests_passed() == 0 {
                problems.push("no test passed".to_string());
            }
            self.report.note_problems("all suites ran", problems);
        }
    }

    fn judge_transfers(&mut self, logs: &Logs, expected: &Expected) {
        let judged = match transfers::transfers(&logs.console) {
            Ok(transfers) => {
                self.transfers = transfers;
                self.transfers.iter().map(Transfer::judge).collect()
            }
            Err(error) if expected.transfers => vec![Err(error)],
            Err(_) => return,
        };
        self.report.results("edu: transfers", judged);
    }

    fn judge_trace(&mut self, logs: &Logs, expected: &Expected) {
        let report = &mut self.report;
        let mut untraced = expected.untraced.clone();
        if expected.reserved_memory {
            let device = reserved_memory::judge(&logs.console, &logs.trace);
            untraced.extend(report.note("reserved memory", device));
        }
        let allocations = trace::judge(&logs.trace, &untraced);
        // A run that was cut off has no trace, and is bad for that.
        if expected.allocations || !logs.trace.is_empty() {
            report.facts.push(allocations.to_string());
            let mut problems = allocations.problems.clone();
            if expected.allocations && allocations.made == 0 {
                problems.push("no allocation was traced".to_string());
            }
            report.note_problems("trace of allocations", problems);
        }
        if expected.totals {
            let judged = trace::judge_totals(&logs.trace, &untraced);
            report.note("totals of allocations", judged);
        }
        self.allocations = allocations;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The logs of a real run, see tests/data.
    fn real(name: &str) -> Logs {
        let path = format!(
            "{}/tests/data/console-{name}.log",
            env!("CARGO_MANIFEST_DIR")
        );
        Logs {
            console: std::fs::read_to_string(&path).expect(&path),
            console_path: path.into(),
            ..Logs::default()
        }
    }

    fn failing(verdict: &Verdict) -> Vec<&str> {
        let names = verdict.report.failing().map(|check| check.name.as_str());
        names.collect()
    }

    #[test]
    fn a_good_run_is_good() {
        let expected = Expected {
            suites: Some(vec!["dma_coherent_alloc".to_string()]),
            ..Expected::default()
        };
        let verdict = Verdict::of(&real("clean"), &expected);
        assert!(verdict.report.good(), "{verdict:#?}");
        assert!(verdict.tests_passed() > 9);
    }

    #[test]
    fn a_run_that_was_stopped_is_not_good_whatever_it_says() {
        let mut logs = real("clean");
        logs.timed_out = true;
        let verdict = Verdict::of(&logs, &Expected::default());
        assert_eq!(failing(&verdict), ["console"]);
        let error = verdict.into_result().expect_err("late").to_string();
        assert!(error.contains("the time was over"), "{error}");
        assert!(error.contains("console-clean.log"), "{error}");
    }

    #[test]
    fn a_failing_test_is_seen_also_where_none_is_asked_for() {
        let verdict = Verdict::of(&real("kunit"), &Expected::default());
        let failing = failing(&verdict);
        assert_eq!(
            failing,
            ["KUnit: bad_first", "KUnit: bad_second", "console"]
        );
    }

    #[test]
    fn a_trace_without_allocations_is_good_unless_some_are_expected() {
        let mut logs = real("clean");
        logs.trace = "# entries-in-buffer/entries-written: 0/0   #P:2\n".to_string();
        let judged = |allocations| {
            let expected = Expected {
                allocations,
                ..Expected::default()
            };
            Verdict::of(&logs, &expected)
        };
        assert_eq!(failing(&judged(false)), [""; 0]);
        assert_eq!(failing(&judged(true)), ["trace of allocations"]);
    }

    #[test]
    fn what_is_expected_has_to_be_there() {
        let expected = Expected {
            suites: Some(vec!["never".to_string()]),
            transfers: true,
            allocations: true,
            totals: true,
            entries: true,
            unbinds: Some(1),
            addresses: Some(Addressing::Physical),
            reserved_memory: true,
            fresh_memory: Some(FreshMemory::Zeroed),
            mapped: Some(Vec::new()),
            ..Expected::default()
        };
        let verdict = Verdict::of(&real("clean"), &expected);
        assert_eq!(failing(&verdict).len(), 10, "{:?}", failing(&verdict));
    }
}
