// SPDX-License-Identifier: GPL-2.0

//! What a run has to leave as it was: dma-debug's entries, and a device that was unbound during a copy.

use anyhow::{Result, ensure};

/// The numbers that `boot/init` prints at the start and at the end are the same.
pub fn judge_entries(console: &str) -> Result<()> {
    let lines = console.lines();
    let entries: Vec<&str> = lines
        .filter_map(|line| Some(line.split_once("coherent: dma-debug has ")?.1))
        .collect();
    ensure!(
        entries.len() == 2 && entries[0] == entries[1],
        "dma-debug has, at the start and at the end: {entries:?}"
    );
    Ok(())
}

/// The device of `kunit/faults/edu_late.rs` was unbound this many times while it copied, and each copy
/// ended before its buffers were freed.
pub fn judge_unbinds(console: &str, expected: usize) -> Result<()> {
    let begun = console.matches(": unbound while a copy to ").count();
    let ended = console
        .matches(": the copy has ended, and its buffers are gone")
        .count();
    ensure!(
        begun == expected && ended == expected,
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
