// SPDX-License-Identifier: GPL-2.0

//! What a run has to leave as it was: dma-debug's entries, and a device that was unbound during a copy.

use crate::verdict::console::strip_time;
use anyhow::{Context, Result, bail, ensure};

/// The numbers that `boot/init` prints at the start and at the end are the same.
pub fn judge_entries(console: &str) -> Result<()> {
    let entries: Vec<i64> = console
        .lines()
        .map(strip_time)
        .filter_map(|line| line.strip_prefix("coherent: dma-debug has "))
        .map(|text| {
            text.trim_end_matches(" entries")
                .parse()
                .with_context(|| text.to_string())
        })
        .collect::<Result<_>>()?;
    match entries.as_slice() {
        [before, after] if before == after => Ok(()),
        [before, after] => bail!("{before} at the start and {after} at the end"),
        other => bail!("said {} times and not twice", other.len()),
    }
}

/// The device of `kunit/faults/edu_late.rs` was unbound this many times while it copied, and each copy
/// ended before its buffers were freed.
pub fn judge_unbinds(console: &str, expected: usize) -> Result<()> {
    let count = |text: &str| console.lines().filter(|line| line.contains(text)).count();
    let (begun, ended) = (
        count(": unbound while a copy to "),
        count(": the copy has ended, and its buffers are gone"),
    );
    ensure!(
        (begun, ended) == (expected, expected),
        "{begun} copies began and {ended} ended, of {expected}"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_have_to_be_what_they_were() {
        let line = |n: i64| format!("[    1.000000] coherent: dma-debug has {n} entries\n");
        judge_entries(&(line(3) + &line(3))).expect("the same");
        judge_entries(&(line(3) + &line(4))).expect_err("one more");
        judge_entries(&line(3)).expect_err("the end is missing");
    }

    #[test]
    fn each_copy_has_to_end() {
        let begun = "edu_late 0000:00:01.0: unbound while a copy to 0x3000 runs\n";
        let ended = "edu_late 0000:00:01.0: the copy has ended, and its buffers are gone\n";
        judge_unbinds(&[begun, ended, begun, ended].concat(), 2).expect("two");
        judge_unbinds(&[begun, ended, begun].concat(), 2).expect_err("one does not end");
        judge_unbinds("", 2).expect_err("none");
    }
}
