// SPDX-License-Identifier: GPL-2.0

//! Judges the trace events `dma:dma_alloc` and `dma:dma_free` of a run.
//!
//! They fire on every allocation path, also where dma-debug sees nothing; but not when memory of a
//! per-device pool is freed (see `reserved_memory.rs`).

use anyhow::{Context, Result, ensure};
use regex_lite::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::LazyLock;

const MARK: &str = ": tracing_mark_write: ";

/// A device, an address, and what a free has to have in common with the allocation: the size, the hashed
/// cookie, which is zero if the allocation failed, and the attributes.
const EVENT: &str = r": dma_(alloc|free): (\S+) dir=\w+ dma_addr=([0-9a-f]+) (size=\d+ virt_addr=([0-9a-f]+))(?: flags=\S*)? (attrs=\S*)$";

/// What a run allocated, and what was wrong with that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allocations {
    pub made: usize,
    pub without_mapping: usize,
    pub failed: usize,
    pub freed: usize,
    /// The marks in the trace, each with how many allocations were not freed yet.
    pub marks: Vec<(String, usize)>,
    pub problems: Vec<String>,
}

impl fmt::Display for Allocations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "coherent memory: {} allocations ({} without a mapping), {} that failed, {} frees",
            self.made, self.without_mapping, self.failed, self.freed
        )
    }
}

/// Checks that each allocation is freed once, with its own address, size, cookie and attributes, but
/// for the devices in `untraced`.
pub fn judge(trace: &str, untraced: &[String]) -> Allocations {
    static PATTERN: LazyLock<Regex> = LazyLock::new(|| Regex::new(EVENT).expect("a pattern"));
    let mut found = Allocations::default();
    let mut problems = Vec::new();
    let mut events = 0;
    let mut live = BTreeMap::new();
    for (number, line) in (1..).zip(trace.lines()) {
        if line.contains("[LOST ") {
            problems.push(format!("line {number}: {}", line.trim()));
        }
        if let Some((_, mark)) = line.split_once(MARK) {
            events += 1;
            found.marks.push((mark.trim().to_string(), live.len()));
        }
        if !line.contains(": dma_alloc: ") && !line.contains(": dma_free: ") {
            continue;
        }
        events += 1;
        let Some(event) = PATTERN.captures(line) else {
            problems.push(format!("line {number} is no event: {}", line.trim()));
            continue;
        };
        let [kind, device, address, arguments, cookie, attributes] = event.extract().1;
        if untraced.iter().any(|other| other == device) {
            continue;
        }
        let what = format!("{arguments} {attributes}");
        if kind == "free" {
            found.freed += 1;
            match live.remove(&(device, address)) {
                Some((_, made)) if made == what => {}
                Some((before, made)) => problems.push(format!(
                    "line {number}: {address} is freed with {what}, and line {before} allocates it \
                     with {made}"
                )),
                None => problems.push(format!(
                    "line {number}: {device} frees {address}, which it does not have"
                )),
            }
        } else if cookie.bytes().all(|digit| digit == b'0') {
            found.failed += 1;
        } else {
            found.made += 1;
            found.without_mapping += usize::from(attributes.contains("NO_KERNEL_MAPPING"));
            if let Some((before, _)) = live.insert((device, address), (number, what)) {
                problems.push(format!(
                    "line {number}: {device} gets {address} a second time, after line {before}"
                ));
            }
        }
    }
    for ((device, address), (number, what)) in live {
        problems.push(format!(
            "line {number}: {address} with {what} is never freed by {device}"
        ));
    }
    problems.extend(incomplete(trace, events));
    Allocations { problems, ..found }
}

/// What the header says of events that the trace does not have: the kernel kept fewer than it wrote,
/// or the log ends too early.
fn incomplete(trace: &str, events: usize) -> Option<String> {
    let header = trace.split_once("# entries-in-buffer/entries-written: ");
    let counts = header.and_then(|(_, rest)| rest.split_whitespace().next()?.split_once('/'));
    match counts {
        Some((kept, written)) if kept != written => {
            Some(format!("only {kept} of {written} events were kept"))
        }
        Some((kept, _)) if kept != events.to_string() => Some(format!(
            "the header counts {kept} events, and {events} are here"
        )),
        Some(_) => None,
        None => Some("the trace has no header that counts its events".to_string()),
    }
}

/// Checks what the kernel counted itself of both events, by device: all of it, also what is too much to
/// be written down event by event.
pub fn judge_totals(trace: &str, untraced: &[String]) -> Result<()> {
    let totals = |event: &str| {
        let found = trace.split_once(&format!("# totals {event}\n"));
        let (_, part) = found.with_context(|| format!("the trace has no totals of {event}"))?;
        let part = part.split("# totals ").next().unwrap_or(part);
        let all = part.lines().any(|line| line.trim() == "Dropped: 0");
        ensure!(all, "events of {event} were not counted: {part}");
        let is_judged = |line: &&str| {
            let device = line.split_whitespace().nth(2);
            line.starts_with("{ device: ") && untraced.iter().all(|name| device != Some(name))
        };
        Ok(part.lines().filter(is_judged).collect::<BTreeSet<_>>())
    };
    let (made, freed) = (totals("dma_alloc")?, totals("dma_free")?);
    ensure!(!made.is_empty(), "no allocation was counted");
    ensure!(
        made == freed,
        "allocated and freed are not the same:\n{:#?}\n{:#?}",
        &made - &freed,
        &freed - &made
    );
    Ok(())
}

#[cfg(test)]
mod tests;
