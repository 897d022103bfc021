// SPDX-License-Identifier: GPL-2.0

//! What a run has to leave as it was: dma-debug's entries, memory by the kernel's own count, and
//! a device that was taken away while it copied.

use crate::build::kbuild::Kernel;
use crate::run::boot::Logs;
use crate::verdict::console::strip_time;
use crate::verdict::report::Tally;
use crate::verdict::trace::totals;
use anyhow::{Context, Result, bail};

/// How often a plan unbinds the device of `kunit/faults/edu_late.rs`: once it is unplugged, once the
/// module is unloaded.
const UNBINDS: usize = 2;

pub fn judge(tally: &mut Tally, kernel: &Kernel, logs: &Logs) {
    let name = "totals of allocations";
    match kernel.has("CONFIG_HIST_TRIGGERS") {
        Ok(true) => tally.note(name, judge_totals(logs)),
        Ok(false) => tally.add(name, 0, 0, 1),
        Err(error) => tally.note(name, Err(error)),
    }
    tally.note("dma-debug's entries", judge_entries(&logs.console));
    tally.note("unbound during a copy", judge_unbinds(&logs.console));
}

fn judge_totals(logs: &Logs) -> Result<()> {
    let number = totals::judge(&logs.trace)?;
    println!("counted: {number} allocations, all freed");
    Ok(())
}

/// The numbers that `boot/init` prints at the start and at the end are the same.
fn judge_entries(console: &str) -> Result<()> {
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

fn judge_unbinds(console: &str) -> Result<()> {
    let count = |text: &str| console.lines().filter(|line| line.contains(text)).count();
    let (begun, ended) = (
        count(": unbound while a copy to "),
        count(": the copy has ended, and its buffers are gone"),
    );
    if (begun, ended) != (UNBINDS, UNBINDS) {
        bail!("{begun} copies began and {ended} ended, of {UNBINDS}");
    }
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
        judge_unbinds(&[begun, ended, begun, ended].concat()).expect("two");
        judge_unbinds(&[begun, ended, begun].concat()).expect_err("one does not end");
        judge_unbinds("").expect_err("none");
    }
}
