// SPDX-License-Identifier: GPL-2.0

//! What `kunit/faults` measures of fresh buffers: stale content, and kernel address space.

use anyhow::{Result, ensure};
use regex_lite::Regex;
use serde::Deserialize;

/// What a device finds in fresh memory without a mapping.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum FreshMemory {
    Stale,
    Zeroed,
}

/// The buffers in the lines `coherent_faults: WHAT BUFFER: COUNT of TOTAL UNIT` of a console log, each
/// with what follows it: how many had stale content, or the kernel address space that it takes.
fn measured<'a>(console: &'a str, what: &str) -> Result<Vec<[&'a str; 2]>> {
    let line = format!(r"(?m)coherent_faults: {what} (.+): (\d+ of \d+ (?:buffers|bytes))$");
    let line = Regex::new(&line)?;
    let found = line.captures_iter(console);
    let found: Vec<_> = found.map(|found| found.extract().1).collect();
    ensure!(!found.is_empty(), "nothing was measured");
    Ok(found)
}

fn is_none(count: &str) -> bool {
    count.starts_with("0 of ")
}

/// Fails unless memory without a mapping has the content that is `expected`. Memory with a mapping is
/// always zeroed, and so is memory from a constructor that zeroes.
pub fn judge_stale(console: &str, expected: FreshMemory) -> Result<()> {
    for [buffer, count] in measured(console, "stale")? {
        let is_zeroed = !buffer.starts_with("NoMapping") || buffer.starts_with("NoMapping, zeroed");
        ensure!(
            is_none(count) != (expected == FreshMemory::Stale && !is_zeroed),
            "{buffer}: {count} have stale content; memory without a mapping is expected to be \
             {expected:?}"
        );
    }
    Ok(())
}

/// Fails unless `expected` are the buffers that take kernel address space.
pub fn judge_space(console: &str, expected: &[String]) -> Result<()> {
    let mut found = measured(console, "space")?;
    found.retain(|[_, count]| !is_none(count));
    let found: Vec<&str> = found.iter().map(|[buffer, _]| *buffer).collect();
    ensure!(
        found == expected,
        "mapped are {found:?}, and not {expected:?}"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(what: &str, buffer: &str, count: usize) -> String {
        format!("[    4.200000] coherent_faults: {what} {buffer}: {count} of 8 buffers\n")
    }

    #[test]
    fn stale_content_has_to_be_where_it_is_expected() {
        let judge = |buffer, count, expected| judge_stale(&line("stale", buffer, count), expected);
        use FreshMemory::{Stale, Zeroed};
        judge("NoMapping with __GFP_ZERO", 4, Stale).expect("as expected");
        judge("NoMapping", 4, Zeroed).expect_err("not zeroed");
        judge("NoMapping", 0, Stale).expect_err("something was expected");
        judge("Normal", 1, Stale).expect_err("a mapped buffer is zeroed");
        judge("NoMapping, zeroed", 0, Stale).expect("zeroed");
        judge("NoMapping, zeroed", 1, Stale).expect_err("a promise");
        judge_stale(&line("space", "NoMapping", 4), Stale).expect_err("nothing");
    }

    #[test]
    fn what_is_mapped_has_to_be_what_is_expected() {
        let mapped = "coherent_faults: space Normal for edu: 1052672 of 1048576 bytes\n";
        let other = line("space", "NoMapping for edu", 0);
        let all = mapped.to_string() + &other;
        let expected = ["Normal for edu".to_string()];
        judge_space(&all, &expected).expect("as expected");
        judge_space(&all, &[]).expect_err("one more");
        judge_space(&other, &expected).expect_err("one less");
        judge_space("", &[]).expect_err("nothing");
    }
}
