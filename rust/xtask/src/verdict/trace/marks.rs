// SPDX-License-Identifier: GPL-2.0

//! What was allocated at the time of each mark that a run left in its trace.

use super::parse;
use anyhow::{Context, Result};
use std::collections::BTreeSet;

const MARK: &str = ": tracing_mark_write: ";

/// Whether a line of a trace is a mark.
pub fn is_mark(line: &str) -> bool {
    line.contains(MARK)
}

/// The marks in their order, each with how many allocations were not freed yet.
pub fn live(trace: &str) -> Result<Vec<(String, usize)>> {
    let mut live = BTreeSet::new();
    let mut marks = Vec::new();
    for (number, line) in (1..).zip(trace.lines()) {
        if let Some((_, mark)) = line.split_once(MARK) {
            marks.push((mark.trim().to_string(), live.len()));
            continue;
        }
        let event = parse(number, line).with_context(|| format!("line {number}"))?;
        let Some(event) = event.filter(|event| event.cookie != 0) else {
            continue;
        };
        let key = (event.device, event.address);
        if event.alloc {
            live.insert(key);
        } else {
            live.remove(&key);
        }
    }
    Ok(marks)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A part of a real run.
    const TRACE: &str = include_str!("../../../tests/data/trace_marks.log");

    #[test]
    fn what_lives_at_each_mark_is_counted() {
        let marks = live(TRACE).expect("a trace");
        let expected = [("bound tied", 1), ("unbound tied", 0)];
        assert_eq!(marks, expected.map(|(mark, live)| (mark.to_string(), live)));
        let late: String = TRACE
            .lines()
            .filter(|line| !line.contains(": dma_free: "))
            .map(|line| format!("{line}\n"))
            .collect();
        assert_eq!(live(&late).expect("a trace")[1].1, 1);
    }

    #[test]
    fn a_mark_is_an_event_like_others() {
        assert_eq!(super::super::judge(TRACE).problems, [""; 0]);
    }
}
