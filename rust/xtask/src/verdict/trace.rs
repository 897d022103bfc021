// SPDX-License-Identifier: GPL-2.0

//! Judges the trace events `dma:dma_alloc` and `dma:dma_free` of a run.
//!
//! They fire on every allocation path, also where dma-debug sees nothing; but not when memory of a
//! per-device pool is freed (see `reserved_memory.rs`).

pub mod marks;
pub mod totals;

use anyhow::{Context, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

const NO_KERNEL_MAPPING: &str = "NO_KERNEL_MAPPING";

#[derive(Clone, Debug, PartialEq, Eq)]
struct Event {
    line: usize,
    alloc: bool,
    device: String,
    address: u64,
    size: u64,
    attrs: BTreeSet<String>,
    /// Hashed, the same for the same pointer during a run. Zero if the allocation failed.
    cookie: u64,
}

/// What a run allocated, and what was wrong with that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allocations {
    pub made: usize,
    pub without_mapping: usize,
    pub failed: usize,
    pub freed: usize,
    pub problems: Vec<String>,
}

impl Allocations {
    /// Whether the trace has no allocation and no free.
    pub fn none(&self) -> bool {
        self.made + self.failed + self.freed == 0
    }
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

/// Checks that each allocation is freed once, with its own address, size, cookie and attributes, and
/// that the attributes are those that the name of the device says.
pub fn judge(trace: &str) -> Allocations {
    let mut found = Allocations::default();
    let mut live: BTreeMap<(String, u64), Event> = BTreeMap::new();
    found.problems.extend(incomplete(trace));
    for (number, line) in (1..).zip(trace.lines()) {
        if line.contains("[LOST ") {
            found
                .problems
                .push(format!("line {number}: {}", line.trim()));
        }
        let event = match parse(number, line) {
            Ok(Some(event)) => event,
            Ok(None) => continue,
            Err(error) => {
                found
                    .problems
                    .push(format!("line {number}: {error:#}: {}", line.trim()));
                continue;
            }
        };
        if !event.alloc {
            found.freed += 1;
            match live.remove(&(event.device.clone(), event.address)) {
                None => found.problems.push(format!(
                    "line {number}: {} frees {:#x}, which it does not have",
                    event.device, event.address
                )),
                Some(made) => found.problems.extend(mismatch(&made, &event)),
            }
            continue;
        }
        if event.cookie == 0 {
            found.failed += 1;
            continue;
        }
        found.made += 1;
        if event.attrs.contains(NO_KERNEL_MAPPING) {
            found.without_mapping += 1;
        }
        let key = (event.device.clone(), event.address);
        if let Some(before) = live.insert(key, event) {
            found.problems.push(format!(
                "line {number}: {} gets {:#x} a second time, after line {}",
                before.device, before.address, before.line
            ));
        }
    }
    for event in live.values() {
        found.problems.push(format!(
            "line {}: {} bytes at {:#x} are never freed by {}",
            event.line, event.size, event.address, event.device
        ));
    }
    if found.made == 0 {
        found.problems.push("no allocation was traced".to_string());
    }
    found
}

fn mismatch(made: &Event, freed: &Event) -> Vec<String> {
    let mut problems = Vec::new();
    let mut differ = |what: &str, made_with: String, freed_with: String| {
        if made_with != freed_with {
            problems.push(format!(
                "line {}: {:#x} is freed with {what} {freed_with}, and was allocated in line {} \
                 with {made_with}",
                freed.line, made.address, made.line
            ));
        }
    };
    differ("size", made.size.to_string(), freed.size.to_string());
    let hex = |number: u64| format!("{number:x}");
    differ("cookie", hex(made.cookie), hex(freed.cookie));
    differ(
        "attributes",
        format!("{:?}", made.attrs),
        format!("{:?}", freed.attrs),
    );
    problems
}

/// What the header says of events that the trace does not have: the kernel kept fewer than it wrote,
/// or the log ends too early.
fn incomplete(trace: &str) -> Option<String> {
    let counts = trace
        .lines()
        .find_map(|line| Some(line.split_once("entries-in-buffer/entries-written:")?.1));
    let Some((kept, written)) = counts
        .and_then(|counts| counts.split_whitespace().next()?.split_once('/'))
        .and_then(|(kept, written)| {
            Some((kept.parse::<usize>().ok()?, written.parse::<usize>().ok()?))
        })
    else {
        return Some("the trace has no header that counts its events".to_string());
    };
    let here = trace
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter(|line| line.contains(" dir=") || marks::is_mark(line))
        .count();
    if kept != written {
        Some(format!("only {kept} of {written} events were kept"))
    } else if here != kept {
        Some(format!(
            "the header counts {kept} events, and {here} are here"
        ))
    } else {
        None
    }
}

fn parse(number: usize, line: &str) -> Result<Option<Event>> {
    let (alloc, fields) = if let Some((_, fields)) = line.split_once(": dma_alloc: ") {
        (true, fields)
    } else if let Some((_, fields)) = line.split_once(": dma_free: ") {
        (false, fields)
    } else {
        return Ok(None);
    };
    let (device, fields) = fields.split_once(" dir=").context("no device")?;
    let values: BTreeMap<_, _> = fields
        .split_whitespace()
        .filter_map(|word| word.split_once('='))
        .collect();
    let value = |name| values.get(name).with_context(|| format!("no {name}"));
    let hex = |name| u64::from_str_radix(value(name)?, 16).context(name);
    Ok(Some(Event {
        line: number,
        alloc,
        device: device.to_string(),
        address: hex("dma_addr")?,
        size: value("size")?.parse().context("size")?,
        attrs: set(value("attrs")?),
        cookie: hex("virt_addr")?,
    }))
}

/// The trace, and the totals after it, without what is about a device. The header counts all events,
/// so these become others.
pub fn without(trace: &str, device: &str) -> String {
    let total = format!("{{ device: {device} ");
    let lines = trace.lines().filter(|line| !line.starts_with(&total));
    let text: String = lines.map(|line| format!("{line}\n")).collect();
    ["alloc", "free"].iter().fold(text, |text, event| {
        text.replace(
            &format!(": dma_{event}: {device} dir="),
            &format!(": left_out: {device} dir="),
        )
    })
}

fn set(flags: &str) -> BTreeSet<String> {
    flags
        .split('|')
        .filter(|flag| !flag.is_empty())
        .map(str::to_string)
        .collect()
}

#[cfg(test)]
mod tests;
