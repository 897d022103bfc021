// SPDX-License-Identifier: GPL-2.0

//! What the kernel counted of `dma:dma_alloc` and `dma:dma_free`: all of it, also what is too much
//! to be written down event by event.

use anyhow::{Context, Result, bail};
use regex_lite::Regex;
use std::collections::{BTreeMap, BTreeSet};

/// Allocations and their bytes, by device.
type Totals = BTreeMap<String, (u64, u64)>;

/// Checks that each device gave back as much as it got, and returns how many allocations that were.
pub fn judge(trace: &str) -> Result<u64> {
    let (made, freed) = (totals(trace, "dma_alloc")?, totals(trace, "dma_free")?);
    let devices: BTreeSet<&String> = made.keys().chain(freed.keys()).collect();
    let wrong: Vec<String> = devices
        .into_iter()
        .filter(|device| made.get(*device) != freed.get(*device))
        .map(|device| {
            let count = |totals: &Totals| totals.get(device).copied().unwrap_or_default();
            let ((number, bytes), (freed, freed_bytes)) = (count(&made), count(&freed));
            format!(
                "{device}: {number} allocations of {bytes} bytes, and {freed} frees of \
                 {freed_bytes} bytes"
            )
        })
        .collect();
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    match made.values().map(|(number, _)| number).sum() {
        0 => bail!("no allocation was counted"),
        number => Ok(number),
    }
}

fn totals(trace: &str, event: &str) -> Result<Totals> {
    let (_, part) = trace
        .split_once(&format!("# totals {event}\n"))
        .with_context(|| format!("the trace has no totals of {event}"))?;
    let part = part.split("# totals ").next().unwrap_or(part);
    let line =
        Regex::new(r"(?m)^\{ device: (\S+)\s*\} hitcount:\s*(\d+)(?:\s+size:\s*(\d+))?\s*$")?;
    let dropped = Regex::new(r"(?m)^\s*Dropped: (\d+)\s*$")?;
    match dropped.captures(part) {
        Some(found) if &found[1] == "0" => {}
        Some(found) => bail!("{} events of {event} were not counted", &found[1]),
        None => bail!("the totals of {event} have no end"),
    }
    line.captures_iter(part)
        .map(|found| {
            let size = found.get(3).map_or("0", |size| size.as_str());
            Ok((found[1].to_string(), (found[2].parse()?, size.parse()?)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "\
# totals dma_alloc
# event histogram
#
# trigger info: hist:keys=device:vals=hitcount,size:sort=hitcount:size=2048 if virt_addr != 0 [active]
#

{ device: 0000:00:01.0                                       } hitcount:          2  size:       8192
{ device: normal                                             } hitcount:         10  size:      81920

Totals:
    Hits: 12
    Entries: 2
    Dropped: 0
# totals dma_free
{ device: normal                                             } hitcount:         10  size:      81920
{ device: 0000:00:01.0                                       } hitcount:          2  size:       8192

Totals:
    Hits: 12
    Entries: 2
    Dropped: 0
";

    #[test]
    fn what_is_freed_is_what_was_allocated() {
        assert_eq!(judge(TRACE).expect("balanced"), 12);
    }

    #[test]
    fn a_leak_and_a_wrong_size_are_seen() {
        let leak = TRACE.replacen("hitcount:          2", "hitcount:          3", 1);
        let error = judge(&leak).expect_err("one is not freed").to_string();
        assert!(error.contains("0000:00:01.0: 3 allocations"), "{error}");
        assert!(!error.contains("normal"), "{error}");
        let size = TRACE.replacen("size:       8192", "size:       4096", 1);
        judge(&size).expect_err("more is freed than there is");
    }

    #[test]
    fn what_was_not_counted_is_not_good() {
        judge(&TRACE.replacen("Dropped: 0", "Dropped: 7", 1)).expect_err("dropped");
        judge("").expect_err("nothing");
        let none = "# totals dma_alloc\nDropped: 0\n# totals dma_free\nDropped: 0\n";
        judge(none).expect_err("no allocation");
    }
}
