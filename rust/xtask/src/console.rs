// SPDX-License-Identifier: GPL-2.0

//! Judges the console log of a run: text in, findings out.
//!
//! A run is good if user space came to its end and the kernel complained about nothing. What counts
//! as a complaint is how the kernel begins one; a list of complaints that are harmless would be a
//! list of bugs that nobody sees.

use regex::Regex;
use std::fmt;

/// The lines that are shown of a complaint.
const EXCERPT: usize = 30;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Panic,
    Oops,
    Warning,
    DmaApi,
    Stall,
    Leak,
    /// A step of user space failed.
    Step,
    /// User space did not come to its end.
    NoEnd,
}

/// How the kernel, or user space, begins a complaint. The first that matches counts.
const BEGINNINGS: [(Kind, &str); 8] = [
    (
        Kind::Panic,
        r"^Kernel panic - not syncing|^---\[ end Kernel panic",
    ),
    (
        Kind::Oops,
        r"^Oops[: ]|^BUG: |^general protection fault|^Unable to handle kernel|^Internal error:|^kernel BUG at|^double fault|^invalid opcode:|^rust_kernel: panicked at|^UBSAN: ",
    ),
    (Kind::DmaApi, r"^DMA-API: |: DMA-API: "),
    (
        Kind::Warning,
        r"^WARNING: |^INFO: possible |^INFO: trying to register|^irq \d+: nobody cared",
    ),
    (
        Kind::Stall,
        r"^rcu: INFO: |^INFO: task .* blocked for more than|^watchdog: BUG: |^NMI watchdog: |soft lockup",
    ),
    (Kind::Leak, r"^kmemleak: |^BUG .*: Objects remaining"),
    (
        Kind::Step,
        r"^coherent: failed |^insmod: |^rmmod: |^[\w-]+: Unknown symbol |probe with driver .* failed with error",
    ),
    (Kind::Oops, r"^RIP: "),
];

/// What dma-debug says when nothing is wrong: at boot, and after a report that was counted already.
const DMA_API_TALK: &str = r"DMA-API: (preallocated \d+ debug entries|debugging (enabled|disabled) by kernel config|debugfs|Mapped at:|exceeded )";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub kind: Kind,
    /// The line in the log, from 1.
    pub line: usize,
    pub excerpt: String,
}

/// Everything in the log that makes the run a failure.
pub fn judge(log: &str) -> Vec<Finding> {
    let beginnings: Vec<_> = BEGINNINGS
        .iter()
        .filter_map(|(kind, pattern)| Some((*kind, Regex::new(pattern).ok()?)))
        .collect();
    debug_assert_eq!(beginnings.len(), BEGINNINGS.len());
    let talk = Regex::new(DMA_API_TALK).ok();

    let lines: Vec<&str> = log.lines().map(strip_time).collect();
    let mut findings: Vec<Finding> = Vec::new();
    let mut shown_to = 0;
    for (index, line) in lines.iter().enumerate() {
        // What is in an excerpt already belongs to that complaint, unless it is worse.
        let Some((kind, _)) = beginnings.iter().find(|(_, regex)| regex.is_match(line)) else {
            continue;
        };
        if *kind == Kind::DmaApi && talk.as_ref().is_some_and(|talk| talk.is_match(line)) {
            continue;
        }
        if index < shown_to && *kind != Kind::Panic {
            continue;
        }
        let end = end_of(&lines, index);
        shown_to = end;
        findings.push(Finding {
            kind: *kind,
            line: index + 1,
            excerpt: lines[index..end].join("\n"),
        });
    }

    if !lines.contains(&"coherent: end") {
        let last = lines.len().saturating_sub(10);
        findings.push(Finding {
            kind: Kind::NoEnd,
            line: lines.len(),
            excerpt: match last_step(&lines) {
                Some(step) => format!("it was at: {step}\n{}", lines[last..].join("\n")),
                None => format!("it did not reach user space\n{}", lines[last..].join("\n")),
            },
        });
    }
    findings
}

/// What user space was doing last.
fn last_step<'a>(lines: &[&'a str]) -> Option<&'a str> {
    lines
        .iter()
        .rev()
        .find_map(|line| line.strip_prefix("coherent: "))
}

/// Where the complaint that begins at `start` ends: at its end trace, at the next word of user space
/// or of a test, or where there is enough of it.
fn end_of(lines: &[&str], start: usize) -> usize {
    let limit = lines.len().min(start + EXCERPT);
    for (index, line) in lines.iter().enumerate().take(limit).skip(start + 1) {
        if line.starts_with("---[ end ") {
            return index + 1;
        }
        if line.starts_with("coherent: ") || line.trim_start().starts_with("ok ") {
            return index;
        }
    }
    match lines.get(start) {
        // One line says it all.
        Some(line) if line.starts_with("coherent: ") || line.contains("with error") => start + 1,
        Some(line) if line.starts_with("insmod: ") || line.starts_with("rmmod: ") => start + 1,
        _ => limit,
    }
}

/// A line without printk's time stamp.
pub fn strip_time(line: &str) -> &str {
    let rest = line
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("] "));
    match rest {
        Some((time, rest)) if time.trim().parse::<f64>().is_ok() => rest,
        _ => line,
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Panic => "kernel panic",
            Self::Oops => "oops",
            Self::Warning => "kernel warning",
            Self::DmaApi => "DMA-API debug report",
            Self::Stall => "stall",
            Self::Leak => "leak",
            Self::Step => "a step of user space failed",
            Self::NoEnd => "the run did not reach its end",
        })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "line {}: {}", self.line, self.kind)?;
        for line in self.excerpt.lines() {
            writeln!(f, "    {line}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The log of a real run, see tests/data.
    fn log(name: &str) -> String {
        let path = format!(
            "{}/tests/data/console-{name}.log",
            env!("CARGO_MANIFEST_DIR")
        );
        std::fs::read_to_string(&path).expect(&path)
    }

    fn kinds(log: &str) -> Vec<Kind> {
        judge(log).iter().map(|finding| finding.kind).collect()
    }

    #[test]
    fn a_panic_is_found_and_so_is_the_missing_end() {
        let findings = judge(&log("panic"));
        assert_eq!(findings[0].kind, Kind::Panic);
        assert!(
            findings[0].excerpt.contains("bad: asked for"),
            "{}",
            findings[0]
        );
        let last = findings.last().expect("a finding");
        assert_eq!(last.kind, Kind::NoEnd);
        assert!(
            last.excerpt.contains("step insmod /lib/bad.ko what=panic"),
            "{last}"
        );
    }

    #[test]
    fn an_oops_is_found_although_user_space_went_on() {
        let findings = judge(&log("oops"));
        assert_eq!(findings[0].kind, Kind::Oops);
        assert!(findings[0].excerpt.contains("NULL pointer dereference"));
        assert!(findings[0].excerpt.contains("RIP: 0010:bad_init"));
        assert!(!kinds(&log("oops")).contains(&Kind::NoEnd));
        assert_eq!(kinds(&log("bug"))[0], Kind::Oops);
    }

    #[test]
    fn a_warning_is_found_once_and_alone() {
        assert_eq!(kinds(&log("warn")), [Kind::Warning]);
        let findings = judge(&log("warn"));
        assert!(
            findings[0]
                .excerpt
                .starts_with("WARNING: bad.c:11 at bad_init")
        );
        assert!(
            findings[0]
                .excerpt
                .ends_with("---[ end trace 0000000000000000 ]---")
        );
    }

    #[test]
    fn a_dma_api_report_is_found_with_its_message() {
        let findings = judge(&log("dma"));
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!(findings[0].kind, Kind::DmaApi);
        assert!(
            findings[0]
                .excerpt
                .contains("frees DMA memory with different size")
        );
    }

    #[test]
    fn sleeping_in_the_wrong_place_is_found() {
        assert_eq!(kinds(&log("sleep"))[0], Kind::Oops);
    }

    #[test]
    fn a_module_that_does_not_load_is_found() {
        let findings = judge(&log("fail"));
        assert_eq!(findings[0].kind, Kind::Step);
        assert!(
            findings[0].excerpt.contains("No such device"),
            "{}",
            findings[0]
        );
    }

    #[test]
    fn a_log_that_is_cut_off_or_empty_is_a_failure() {
        let log = "[    1.0] coherent: init start\n[    1.1] coherent: step insmod /lib/a.ko\n";
        let findings = judge(log);
        assert_eq!(findings.len(), 1);
        assert!(
            findings[0]
                .excerpt
                .starts_with("it was at: step insmod /lib/a.ko")
        );
        assert_eq!(kinds(""), [Kind::NoEnd]);
    }

    #[test]
    fn what_only_looks_like_a_complaint_is_none() {
        let log = "\
[    0.100000] DMA-API: preallocated 65536 debug entries
[    0.100001] DMA-API: debugging enabled by kernel config
[    0.200000]     ok 1 no_warning_on_panic
[    0.200001]     # WARNING: is the name of a test
[    0.300000] edu 0000:00:01.0: transfer oops[0] size 1 dma_address 0x1: ok
[    0.400000] sched_clock: Marking stable
[    0.500000] coherent: end
";
        assert_eq!(kinds(log), []);
        // And with the time stamp gone, too.
        let bare: String = log
            .lines()
            .map(|line| format!("{}\n", strip_time(line)))
            .collect();
        assert_eq!(kinds(&bare), []);
        assert_eq!(
            kinds(&(bare + "WARNING: a.c:1 at f+0x1/0x2\n")),
            [Kind::Warning]
        );
    }

    #[test]
    fn every_pattern_compiles() {
        for (_, pattern) in BEGINNINGS {
            Regex::new(pattern).expect(pattern);
        }
        Regex::new(DMA_API_TALK).expect("a pattern");
    }
}
