// SPDX-License-Identifier: GPL-2.0

//! Judges the console log of a run: text in, findings out.
//!
//! A run is good if user space reached its end and the kernel reported nothing. Reports are recognised by
//! their first line. There is no list of harmless ones: it would hide bugs.

use regex_lite::Regex;
use std::fmt;
use std::sync::LazyLock;

mod faults;
#[cfg(test)]
mod tests;
mod time;

pub use time::strip_time;

/// The most lines that are shown of a complaint: an oops has 35 to 50.
const EXCERPT: usize = 60;
/// The most lines of what a program says.
const WORDS: usize = 5;
/// The lines that are shown of a log without its end.
const TAIL: usize = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Symptom {
    Panic,
    Oops,
    Warning,
    DmaApi,
    /// Lockdep, and sleeping where that is not allowed.
    Context,
    Stall,
    Sanitizer,
    Leak,
    /// An IOMMU stopped a device.
    Iommu,
    /// An IOMMU should have stopped a device and did not report it.
    NoFault,
    /// The kernel dropped messages.
    Dropped,
    /// A step of user space failed.
    Step,
    /// User space did not reach its end.
    NoEnd,
    /// Nothing was printed at all.
    Empty,
}

/// The first lines of complaints by the kernel or by user space. The first match counts.
const BEGINNINGS: [(Symptom, &str); 11] = [
    (Symptom::Panic, r"^Kernel panic - not syncing"),
    (Symptom::Dropped, r"^\*\* \d+ printk messages dropped"),
    (Symptom::Sanitizer, r"^BUG: (K[A-Z]*SAN|KFENCE): |^UBSAN: "),
    (
        Symptom::Context,
        r"^BUG: (sleeping function called|scheduling |assuming |using |spinlock |rwlock |MAX_LOCK|workqueue leaked)|^\[ BUG: |^INFO: (possible |inconsistent |trying to register)|^WARNING: (possible |inconsistent lock|bad (unlock|contention)|suspicious RCU|held lock freed|lock held when|Nested lock|chain_key|\S+-safe -> |.* still has locks held)",
    ),
    (
        Symptom::Stall,
        r"^rcu: INFO: |^rcu: .* kthread starved|^INFO: task .* blocked|^watchdog: BUG: |^watchdog: .* LOCKUP|^BUG: (soft|workqueue) lockup",
    ),
    (Symptom::DmaApi, r"^DMA-API: |: DMA-API: "),
    (
        Symptom::Iommu,
        r"^DMAR: \[(DMA|INTR)|^arm-smmu-v3 \S+: event: ",
    ),
    (
        Symptom::Leak,
        r"^kmemleak: \d+ new suspected|^BUG .*: Objects remaining",
    ),
    (
        Symptom::Oops,
        r"^BUG[: ]|^kernel BUG at|^(CPU \d+ )?Unable to handle kernel|^Internal error: |^Unhandled (fault|prefetch abort)|^(traps: )?(PANIC: |double fault|general protection fault)|^rust_kernel: panicked at",
    ),
    (Symptom::Warning, r"^WARNING: |^irq \d+: nobody cared"),
    (
        Symptom::Step,
        r"^(insmod|modprobe|rmmod): |^[\w-]+: (Unknown symbol |disagrees about version|version magic |exports duplicate symbol)|probe with driver .* failed with error",
    ),
];

/// What dma-debug says when nothing is wrong (all of its `pr_info` but the two that limit it), and after a
/// report.
const DMA_API_TALK: &str = r"DMA-API: (preallocated \d+ debug entries|debugging enabled by kernel config|dma_debug_entry pool grown|switching off dma-debug driver filter|Mapped at:)";
const MAPPED_AT: &str = "DMA-API: Mapped at:";
pub const CUT_HERE: &str = "------------[ cut here ]------------";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub symptom: Symptom,
    /// The line in the log, from 1.
    pub line: usize,
    pub excerpt: String,
}

/// A complaint and the lines that belong to it.
struct Complaint {
    symptom: Symptom,
    start: usize,
    end: usize,
    /// It began with "cut here", and what it is about is still to come.
    unnamed: bool,
    /// The `WARNING:` line, which follows the message of a `WARN()`, is still to come.
    before_warning: bool,
}

/// Everything in the log that makes the run a failure, in its order.
pub fn judge(log: &str) -> Vec<Finding> {
    let lines: Vec<&str> = log.lines().map(strip_time).collect();
    let mut findings: Vec<Finding> = complaints(&lines)
        .into_iter()
        .map(|complaint| Finding {
            symptom: complaint.symptom,
            line: complaint.start + 1,
            excerpt: lines[complaint.start..complaint.end].join("\n"),
        })
        .collect();
    faults::settle(&lines, &mut findings);
    findings.extend(no_end(&lines));
    findings
}

fn complaints(lines: &[&str]) -> Vec<Complaint> {
    let mut done: Vec<Complaint> = Vec::new();
    let mut open: Option<Complaint> = None;
    for (index, line) in lines.iter().enumerate() {
        if let Some(said) = line.strip_prefix("coherent: ") {
            // What a program said before its step failed belongs to that.
            let told = open.take_if(|open| open.symptom == Symptom::Step);
            done.extend(open.take());
            if said.starts_with("failed ") {
                let start = told.as_ref().map_or(index, |told| told.start);
                done.push(Complaint::new(Symptom::Step, start, index + 1));
            } else {
                done.extend(told);
            }
            continue;
        }
        if is_result(line) {
            done.extend(open.take());
            continue;
        }

        let symptom = if *line == CUT_HERE {
            Some(Symptom::Warning)
        } else {
            beginning(line).or_else(|| orphan(line, open.as_ref(), &done))
        };
        let begins = symptom.filter(|symptom| {
            *line == CUT_HERE || !open.as_mut().is_some_and(|open| open.takes(*symptom))
        });
        if let Some(symptom) = begins {
            done.extend(open.take());
            let mut complaint = Complaint::new(symptom, index, index + 1);
            complaint.unnamed = *line == CUT_HERE;
            complaint.before_warning = complaint.unnamed;
            open = Some(complaint);
        } else if let Some(open) = &mut open {
            open.end = index + 1;
        }
        if open.as_ref().is_some_and(|open| open.ends_with(line)) {
            done.extend(open.take().map(|mut complaint| {
                if complaint.symptom == Symptom::DmaApi {
                    complaint.end += mapped_at(&lines[complaint.end..]);
                }
                complaint
            }));
        }
    }
    done.extend(open);
    done
}

impl Complaint {
    fn new(symptom: Symptom, start: usize, end: usize) -> Self {
        Self {
            symptom,
            start,
            end,
            unnamed: false,
            before_warning: false,
        }
    }

    /// Whether a line that could begin a complaint of `symptom` is a part of this one; then this may
    /// turn out to be of that symptom.
    fn takes(&mut self, symptom: Symptom) -> bool {
        if symptom == Symptom::Warning && self.before_warning {
            self.before_warning = false;
        } else if self.unnamed && !matches!(symptom, Symptom::Panic | Symptom::Dropped) {
            self.symptom = symptom;
            self.before_warning &= symptom != Symptom::Oops;
        } else {
            return symptom == Symptom::Step && self.symptom == Symptom::Step;
        }
        self.unnamed = false;
        true
    }

    fn ends_with(&self, line: &str) -> bool {
        let length = self.end - self.start;
        match self.symptom {
            Symptom::Dropped | Symptom::Iommu => true,
            Symptom::Step => length >= WORDS,
            // Without a trace it is one line.
            Symptom::DmaApi if !line.starts_with("---[ end ") && length == 1 => true,
            Symptom::Context | Symptom::Stall if line.trim() == "</TASK>" => true,
            Symptom::Sanitizer if length > 1 && line.starts_with("==========") => true,
            _ => line.starts_with("---[ end ") || length >= EXCERPT,
        }
    }
}

/// The symptom of the complaint that the line begins.
fn beginning(line: &str) -> Option<Symptom> {
    static PATTERNS: LazyLock<Vec<(Symptom, Regex)>> = LazyLock::new(|| {
        BEGINNINGS
            .iter()
            .filter_map(|(symptom, pattern)| Some((*symptom, Regex::new(pattern).ok()?)))
            .collect()
    });
    static TALK: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(DMA_API_TALK).ok());

    debug_assert_eq!(PATTERNS.len(), BEGINNINGS.len());
    let (symptom, _) = PATTERNS.iter().find(|(_, regex)| regex.is_match(line))?;
    let talk = *symptom == Symptom::DmaApi && TALK.as_ref().is_some_and(|talk| talk.is_match(line));
    (!talk).then_some(*symptom)
}

/// The symptom of a complaint whose beginning is missing. The registers of an oops are printed twice,
/// and stalls and traces have some as well: alone they tell only if there is nothing else.
fn orphan(line: &str, open: Option<&Complaint>, done: &[Complaint]) -> Option<Symptom> {
    if line.starts_with("Oops: ") || line.starts_with("Oops ") {
        return (open.is_none_or(|open| open.symptom != Symptom::Oops)).then_some(Symptom::Oops);
    }
    let nothing = open.is_none() && done.is_empty();
    if line.starts_with("RIP: ") && nothing {
        return Some(Symptom::Oops);
    }
    (line.starts_with("---[ end Kernel panic") && nothing).then_some(Symptom::Panic)
}

/// The lines after a report of dma-debug that say where the mapping was made.
fn mapped_at(lines: &[&str]) -> usize {
    match lines.split_first() {
        Some((&MAPPED_AT, trace)) => 1 + trace.iter().take_while(|l| l.starts_with(' ')).count(),
        _ => 0,
    }
}

/// Whether the line is the result of a test, whose complaints came before.
fn is_result(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("ok ") || line.starts_with("not ok ")
}

/// The finding that user space did not reach its end.
fn no_end(lines: &[&str]) -> Option<Finding> {
    if lines.contains(&"coherent: end") {
        return None;
    }
    if lines.iter().all(|line| line.trim().is_empty()) {
        return Some(Finding {
            symptom: Symptom::Empty,
            line: 0,
            excerpt: String::new(),
        });
    }
    let last = lines
        .iter()
        .rev()
        .find_map(|line| line.strip_prefix("coherent: "));
    let place = match last {
        Some(step) => format!("it was at: {step}"),
        None => "it did not reach user space".to_string(),
    };
    let tail = lines[lines.len().saturating_sub(TAIL)..].join("\n");
    Some(Finding {
        symptom: Symptom::NoEnd,
        line: lines.len(),
        excerpt: format!("{place}\n{tail}"),
    })
}

impl fmt::Display for Symptom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Panic => "kernel panic",
            Self::Oops => "oops",
            Self::Warning => "kernel warning",
            Self::DmaApi => "DMA-API debug report",
            Self::Context => "locking error, or sleeping in atomic context",
            Self::Stall => "stall",
            Self::Sanitizer => "sanitizer report",
            Self::Leak => "leak",
            Self::Iommu => "IOMMU fault",
            Self::NoFault => "an expected IOMMU fault is missing",
            Self::Dropped => "kernel messages were dropped",
            Self::Step => "a step of user space failed",
            Self::NoEnd => "the run did not reach its end",
            Self::Empty => "the log is empty",
        })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "line {}: {}", self.line, self.symptom)?;
        for line in self.excerpt.lines() {
            writeln!(f, "    {line}")?;
        }
        Ok(())
    }
}
