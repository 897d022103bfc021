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

/// The most lines that are shown of a report: an oops has 35 to 50.
const EXCERPT: usize = 60;
/// The lines that are shown of a log without its end.
const TAIL: usize = 10;

pub const CUT_HERE: &str = "------------[ cut here ]------------";

/// How reports of the kernel begin, which have more lines.
static REPORT: LazyLock<Regex> = LazyLock::new(|| {
    begins_with(&[
        r"(---\[ end )?Kernel panic - not syncing|rust_kernel: panicked at|-+\[ cut here ",
        r"(\[ )?BUG[: ]|WARNING: |kernel BUG at|Oops[: ]|Internal error: |UBSAN: ",
        r"(CPU \d+ )?Unable to handle kernel|Unhandled (fault|prefetch abort)",
        r"(traps: )?(PANIC: |double fault|general protection fault)|irq \d+: nobody cared",
        r"INFO: (possible |inconsistent |trying to register|task .* blocked)",
        r"rcu: (INFO: |.* kthread starved)|watchdog: (BUG: |.* LOCKUP)",
        r"kmemleak: \d+ new suspected|DMA-API: |.*: DMA-API: ",
    ])
});

/// Complaints of one line: lost messages, an IOMMU that stopped a device, a step that failed.
static COMPLAINT: LazyLock<Regex> = LazyLock::new(|| {
    begins_with(&[
        r"\*\* \d+ printk messages dropped|DMAR: \[(DMA|INTR)|arm-smmu-v3 \S+: event: ",
        r"coherent: failed |(insmod|modprobe|rmmod): |.*probe with driver .* failed with error",
        r"[\w-]+: (Unknown symbol |disagrees about version|version magic |exports duplicate symbol)",
    ])
});

/// What dma-debug says when nothing is wrong (all of its `pr_info` but the two that limit it), and after a
/// report.
static DMA_API_TALK: LazyLock<Regex> = LazyLock::new(|| {
    begins_with(&[
        r"DMA-API: (preallocated \d+ debug entries|debugging enabled by kernel config)",
        r"DMA-API: (dma_debug_entry pool grown|switching off dma-debug driver filter|Mapped at:)",
    ])
});

fn begins_with(patterns: &[&str]) -> Regex {
    Regex::new(&format!("^(?:{})", patterns.join("|"))).expect("patterns of this file")
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The line in the log, from 1.
    pub line: usize,
    pub excerpt: String,
}

/// Everything in the log that makes the run a failure, in its order.
pub fn judge(log: &str) -> Vec<Finding> {
    let lines: Vec<&str> = log.lines().map(strip_time).collect();
    let mut findings = Vec::new();
    let mut index = 0;
    while let Some(line) = lines.get(index) {
        let length = if REPORT.is_match(line) && !DMA_API_TALK.is_match(line) {
            report_length(&lines[index..])
        } else {
            usize::from(COMPLAINT.is_match(line))
        };
        if length > 0 {
            findings.push(Finding {
                line: index + 1,
                excerpt: lines[index..index + length].join("\n"),
            });
        }
        index += length.max(1);
    }
    faults::settle(&lines, &mut findings);
    findings.extend(no_end(&lines));
    findings
}

/// How many lines belong to the report that begins in the first one. A complaint of another kind, what
/// user space says, and the result of a test do not.
fn report_length(lines: &[&str]) -> usize {
    for (index, line) in lines.iter().enumerate().take(EXCERPT).skip(1) {
        let text = line.trim_start();
        let is_result = text.starts_with("ok ") || text.starts_with("not ok ");
        if is_result
            || *line == CUT_HERE
            || line.starts_with("coherent: ")
            || COMPLAINT.is_match(line)
        {
            return index;
        }
        if line.starts_with("---[ end ") || text == "</TASK>" {
            return index + 1;
        }
    }
    lines.len().min(EXCERPT)
}

/// The finding that user space did not reach its end.
fn no_end(lines: &[&str]) -> Option<Finding> {
    if lines.contains(&"coherent: end") {
        return None;
    }
    let mut steps = lines.iter().rev();
    let place = match steps.find_map(|line| line.strip_prefix("coherent: ")) {
        Some(step) => format!("it was at: {step}"),
        None => "it did not reach user space".to_string(),
    };
    let tail = lines[lines.len().saturating_sub(TAIL)..].join("\n");
    Some(Finding {
        line: lines.len(),
        excerpt: format!("the run did not reach its end; {place}\n{tail}"),
    })
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let excerpt = self.excerpt.replace('\n', "\n    ");
        write!(f, "line {}: {excerpt}", self.line)
    }
}

/// A line without printk's time stamp, without the caller if printk tells it too, and without what a
/// program left before it in the same line.
pub fn strip_time(line: &str) -> &str {
    static TIME: LazyLock<Regex> = LazyLock::new(|| {
        let pattern = r"\[ *[0-9]+\.[0-9]{6}\](?:\[[^\]]*\])? ?";
        Regex::new(pattern).expect("a pattern")
    });
    TIME.find(line).map_or(line, |time| &line[time.end()..])
}
