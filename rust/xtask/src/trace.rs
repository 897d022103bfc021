// SPDX-License-Identifier: GPL-2.0

//! Judges the trace events `dma:dma_alloc` and `dma:dma_free` of a run.
//!
//! They fire on every road that an allocation can take, also where dma-debug sees nothing.

use anyhow::{Context, Result, bail};
use std::collections::{BTreeMap, BTreeSet};

const NO_KERNEL_MAPPING: &str = "NO_KERNEL_MAPPING";
const GFP_ZERO: &str = "__GFP_ZERO";

#[derive(Clone, Debug, PartialEq, Eq)]
struct Event {
    line: usize,
    alloc: bool,
    device: String,
    address: u64,
    size: u64,
    attrs: BTreeSet<String>,
    /// `None` for a free, which has none.
    gfp_flags: Option<BTreeSet<String>>,
    failed: bool,
}

/// What a run allocated, and what was wrong with that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub allocations: usize,
    pub without_mapping: usize,
    pub failed: usize,
    pub frees: usize,
    pub problems: Vec<String>,
}

/// Checks that each allocation is freed once, with its own address, size and attributes, and that
/// the attributes are those that the name of the device says.
pub fn judge(trace: &str) -> Report {
    let mut report = Report::default();
    let mut live: BTreeMap<(String, u64), Event> = BTreeMap::new();
    for (number, line) in (1..).zip(trace.lines()) {
        if let Some(problem) = lost(line) {
            report.problems.push(format!("line {number}: {problem}"));
        }
        let event = match parse(number, line) {
            Ok(Some(event)) => event,
            Ok(None) => continue,
            Err(error) => {
                report
                    .problems
                    .push(format!("line {number}: {error:#}: {}", line.trim()));
                continue;
            }
        };
        if !event.alloc {
            report.frees += 1;
            match live.remove(&(event.device.clone(), event.address)) {
                None => report.problems.push(format!(
                    "line {number}: {} frees {:#x}, which it does not have",
                    event.device, event.address
                )),
                Some(made) => report.problems.extend(mismatch(&made, &event)),
            }
            continue;
        }
        report.problems.extend(wrong_kind(&event));
        if event.failed {
            report.failed += 1;
            continue;
        }
        report.allocations += 1;
        if event.attrs.contains(NO_KERNEL_MAPPING) {
            report.without_mapping += 1;
        }
        let key = (event.device.clone(), event.address);
        if let Some(before) = live.insert(key, event) {
            report.problems.push(format!(
                "line {number}: {} gets {:#x} a second time, after line {}",
                before.device, before.address, before.line
            ));
        }
    }
    for event in live.values() {
        report.problems.push(format!(
            "line {}: {} bytes at {:#x} are never freed by {}",
            event.line, event.size, event.address, event.device
        ));
    }
    if report.allocations == 0 {
        report.problems.push("no allocation was traced".to_string());
    }
    report
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
    differ(
        "attributes",
        format!("{:?}", made.attrs),
        format!("{:?}", freed.attrs),
    );
    problems
}

/// The name of a test's device says what is allocated for it, see `kunit/device.rs`.
fn wrong_kind(event: &Event) -> Option<String> {
    let without = event.attrs.contains(NO_KERNEL_MAPPING);
    let zeroed = event
        .gfp_flags
        .as_ref()
        .is_some_and(|flags| flags.contains(GFP_ZERO));
    let wrong = (event.device.ends_with("no-mapping") && !without)
        || (event.device.ends_with("normal") && without)
        || (event.device.ends_with("zeroed-normal") && !zeroed);
    wrong.then(|| {
        format!(
            "line {}: an allocation for {} has the attributes {:?} and the flags {:?}",
            event.line, event.device, event.attrs, event.gfp_flags
        )
    })
}

/// Whether the line says that events are missing.
fn lost(line: &str) -> Option<String> {
    if line.contains("[LOST ") {
        return Some("events were lost".to_string());
    }
    let counts = line.split_once("entries-in-buffer/entries-written:")?.1;
    let (kept, written) = counts.split_whitespace().next()?.split_once('/')?;
    (kept != written).then(|| format!("only {kept} of {written} events were kept"))
}

fn parse(number: usize, line: &str) -> Result<Option<Event>> {
    let (alloc, fields) = if let Some((_, fields)) = line.split_once(": dma_alloc: ") {
        (true, fields)
    } else if let Some((_, fields)) = line.split_once(": dma_free: ") {
        (false, fields)
    } else {
        return Ok(None);
    };
    let mut words = fields.split_whitespace();
    let device = words.next().context("no device")?.to_string();
    let values: BTreeMap<_, _> = words.filter_map(|word| word.split_once('=')).collect();
    let value = |name| values.get(name).with_context(|| format!("no {name}"));
    let pointer = value("virt_addr")?;
    if !pointer.starts_with('(') && !pointer.chars().all(|c| c.is_ascii_hexdigit()) {
        bail!("an odd virt_addr");
    }
    Ok(Some(Event {
        line: number,
        alloc,
        device,
        address: u64::from_str_radix(value("dma_addr")?, 16).context("dma_addr")?,
        size: value("size")?.parse().context("size")?,
        attrs: set(value("attrs")?),
        gfp_flags: values.get("flags").map(|flags| set(flags)),
        failed: pointer.starts_with('(') || pointer.chars().all(|c| c == '0'),
    }))
}

fn set(flags: &str) -> BTreeSet<String> {
    flags
        .split('|')
        .filter(|flag| !flag.is_empty())
        .map(str::to_string)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn real(name: &str) -> String {
        let path = format!("{}/tests/data/{name}.log", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(&path).expect(&path)
    }

    fn problems(trace: &str) -> String {
        judge(trace).problems.join("\n")
    }

    #[test]
    fn a_balanced_trace_is_good() {
        let report = judge(&real("trace_ok"));
        assert_eq!(report.problems, Vec::<String>::new());
        assert_eq!(
            (report.allocations, report.without_mapping, report.frees),
            (2, 1, 2)
        );
    }

    #[test]
    fn a_leak_is_found() {
        let found = problems(&real("trace_leak"));
        assert!(found.contains("8192 bytes"), "{found}");
        assert!(found.contains("never freed by bad"), "{found}");
    }

    #[test]
    fn a_free_with_another_size_is_found() {
        let found = problems(&real("trace_wrong_size"));
        assert!(found.contains("freed with size 4096"), "{found}");
        assert!(found.contains("with 8192"), "{found}");
    }

    #[test]
    fn a_free_with_other_attributes_is_found() {
        let trace = real("trace_ok").replacen("attrs=NO_KERNEL_MAPPING", "attrs=NO_WARN", 1);
        assert!(problems(&trace).contains("freed with attributes"));
    }

    #[test]
    fn a_second_free_is_found() {
        let trace = real("trace_ok");
        let free = trace.lines().last().expect("a line");
        assert!(free.contains("dma_free"));
        assert!(problems(&format!("{trace}\n{free}\n")).contains("which it does not have"));
    }

    #[test]
    fn lost_events_are_found() {
        let trace = real("trace_ok").replacen(": 4/4 ", ": 4/9 ", 1);
        assert!(problems(&trace).contains("only 4 of 9 events"));
        let trace = real("trace_ok") + "CPU:1 [LOST 12 EVENTS]\n";
        assert!(problems(&trace).contains("events were lost"));
    }

    #[test]
    fn no_events_are_no_good() {
        assert!(problems("# tracer: nop\n").contains("no allocation"));
        assert!(problems("").contains("no allocation"));
    }

    #[test]
    fn the_name_of_a_device_says_the_attribute() {
        let named =
            |name: &str| real("trace_ok").replace(": bad dir", &format!(": test.{name} dir"));
        let found = problems(&named("normal"));
        assert!(found.contains("NO_KERNEL_MAPPING"), "{found}");
        let found = problems(&named("no-mapping"));
        assert!(
            found.contains("test.no-mapping has the attributes {}"),
            "{found}"
        );
    }

    #[test]
    fn the_name_of_a_device_says_that_memory_is_to_be_zeroed() {
        let trace = real("trace_ok").replace(NO_KERNEL_MAPPING, "");
        let named = trace.replace(": bad dir", ": test.zeroed-normal dir");
        assert!(problems(&named).contains("GFP_KERNEL"));
        let zeroed = named.replace("flags=GFP_KERNEL", "flags=GFP_KERNEL|__GFP_ZERO");
        assert_eq!(problems(&zeroed), "");
    }

    #[test]
    fn a_failed_allocation_needs_no_free() {
        let mut trace = real("trace_ok");
        let alloc = "x-1 [000] ..... 1.0: dma_alloc: test.normal dir=BIDIRECTIONAL dma_addr=0 \
                     size=4096 virt_addr=0000000000000000 flags=GFP_KERNEL attrs=NO_WARN\n";
        trace += alloc;
        let report = judge(&trace);
        assert_eq!(report.problems, Vec::<String>::new());
        assert_eq!(report.failed, 1);
        let wrong = trace.replace("attrs=NO_WARN", "attrs=NO_WARN|NO_KERNEL_MAPPING");
        assert!(problems(&wrong).contains("test.normal"));
    }
}
