// SPDX-License-Identifier: GPL-2.0

//! What `kunit/faults` measures of fresh buffers: stale content, and kernel address space.

use anyhow::{Result, ensure};
use regex_lite::Regex;
use serde::{Deserialize, Serialize};

/// What a device finds in fresh memory without a mapping.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum FreshMemory {
    Stale,
    Zeroed,
}

/// A line `coherent_faults: WHAT BUFFER: COUNT of TOTAL UNIT` in a console log.
///
/// `stale` counts buffers with stale content, `space` bytes of kernel address space that a buffer takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Measurement {
    pub what: String,
    pub buffer: String,
    pub count: usize,
    pub total: usize,
    pub unit: String,
}

pub fn read(console: &str) -> Result<Vec<Measurement>> {
    let line =
        Regex::new(r"(?m)coherent_faults: (stale|space) (.+): (\d+) of (\d+) (buffers|bytes)$")?;
    line.captures_iter(console)
        .map(|found| {
            Ok(Measurement {
                what: found[1].to_string(),
                buffer: found[2].to_string(),
                count: found[3].parse()?,
                total: found[4].parse()?,
                unit: found[5].to_string(),
            })
        })
        .collect()
}

fn of<'a>(all: &'a [Measurement], what: &str) -> Result<Vec<&'a Measurement>> {
    let found: Vec<_> = all.iter().filter(|one| one.what == what).collect();
    ensure!(!found.is_empty(), "nothing was measured");
    Ok(found)
}

/// Fails unless memory without a mapping has the content that is `expected`. Memory with a mapping is
/// always zeroed, and so is memory from a constructor that zeroes.
pub fn judge_stale(all: &[Measurement], expected: FreshMemory) -> Result<()> {
    for measured in of(all, "stale")? {
        let (buffer, count, total) = (&measured.buffer, measured.count, measured.total);
        let is_zeroed = !buffer.starts_with("NoMapping") || buffer.starts_with("NoMapping, zeroed");
        ensure!(
            (count > 0) == (expected == FreshMemory::Stale && !is_zeroed),
            "{buffer}: {count} of {total} buffers have stale content; memory without a mapping is \
             expected to be {expected:?}"
        );
    }
    Ok(())
}

/// Fails unless `expected` are the buffers that take kernel address space.
pub fn judge_space(all: &[Measurement], expected: &[String]) -> Result<()> {
    let mut found = of(all, "space")?;
    found.retain(|measured| measured.count > 0);
    let found: Vec<&str> = found.iter().map(|measured| &*measured.buffer).collect();
    ensure!(
        found == expected,
        "mapped are {found:?}, and not {expected:?}"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(what: &str, buffer: &str, count: usize) -> Measurement {
        Measurement {
            what: what.to_string(),
            buffer: buffer.to_string(),
            count,
            total: 8,
            unit: "buffers".to_string(),
        }
    }

    #[test]
    fn lines_are_read() {
        let log = "\
[    4.200000] coherent_faults: stale NoMapping with __GFP_ZERO: 3 of 8 buffers
[    4.2] coherent_faults: space Normal for edu: 1052672 of 1048576 bytes
";
        let found = read(log).expect("lines");
        assert_eq!(found[0], measured("stale", "NoMapping with __GFP_ZERO", 3));
        assert_eq!(
            (found[1].buffer.as_str(), found[1].count),
            ("Normal for edu", 1_052_672)
        );
    }

    #[test]
    fn stale_content_has_to_be_where_it_is_expected() {
        let stale = |buffer, count| [measured("stale", buffer, count)];
        let judge = judge_stale;
        use FreshMemory::{Stale, Zeroed};
        judge(&stale("NoMapping", 4), Stale).expect("as expected");
        judge(&stale("NoMapping", 4), Zeroed).expect_err("not zeroed");
        judge(&stale("NoMapping", 0), Stale).expect_err("something was expected");
        judge(&stale("Normal", 1), Stale).expect_err("a mapped buffer is zeroed");
        judge(&stale("NoMapping, zeroed", 0), Stale).expect("zeroed");
        judge(&stale("NoMapping, zeroed", 1), Stale).expect_err("a promise");
        judge(&[], Stale).expect_err("nothing");
    }

    #[test]
    fn what_is_mapped_has_to_be_what_is_expected() {
        let all = [
            measured("space", "Normal for KUnit", 8192),
            measured("space", "NoMapping for KUnit", 0),
        ];
        let expected = ["Normal for KUnit".to_string()];
        judge_space(&all, &expected).expect("as expected");
        judge_space(&all, &[]).expect_err("one more");
        judge_space(&all[1..], &expected).expect_err("one less");
        judge_space(&[], &[]).expect_err("nothing");
    }
}
