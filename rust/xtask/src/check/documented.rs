// SPDX-License-Identifier: GPL-2.0

//! The drivers that docs/your-driver.md and docs/binding.md explain: they run, and say what the pages
//! quote.

use super::driver;
use crate::build::external_module::named;
use crate::host::workspace::Workspace;
use crate::run::boot::Plan;
use crate::verdict::console::strip_time;
use crate::verdict::{Expected, Logs, Tracing, Verdict};
use anyhow::{Context, Result, ensure};
use regex_lite::Regex;
use std::fs;
use std::path::PathBuf;

const GUIDE: &str = "docs/your-driver.md";
const BINDING: &str = "docs/binding.md";

/// The samples of docs/binding.md, and how many buffers each has while it is bound.
const BINDING_SAMPLES: [(&str, usize); 2] = [("binding_data", 2), ("binding_devres", 1)];

/// How often a driver gets its device, and loses it; see `boot/binding`.
const TIMES: usize = 3;

/// Adds the parts with these drivers to a plan.
pub fn plan(plan: Plan, modules: &[PathBuf]) -> Result<Plan> {
    let guide = driver::plan(&[named(modules, "first_driver")?.to_path_buf()]);
    let mut binding = Plan::default().script(include_str!("../../boot/binding"));
    for (name, _) in BINDING_SAMPLES {
        let module = named(modules, name)?;
        binding = binding.carry(module).shell(&format!("try_binding {name}"));
    }
    Ok(plan.part(GUIDE, guide).part(BINDING, binding))
}

/// The verdict on docs/your-driver.md.
pub fn guide(workspace: &Workspace, logs: &mut Logs) -> Result<()> {
    judge(workspace, logs, GUIDE).map(drop)
}

/// The verdict on docs/binding.md: each buffer is freed whenever its driver loses the device.
pub fn binding(workspace: &Workspace, logs: &mut Logs) -> Result<()> {
    let once = |(name, buffers)| {
        [
            (format!("bound {name}"), buffers),
            (format!("unbound {name}"), 0),
        ]
    };
    let marks: Vec<_> = BINDING_SAMPLES
        .iter()
        .flat_map(|sample| (0..TIMES).flat_map(move |_| once(*sample)))
        .collect();
    let found = judge(workspace, logs, BINDING)?.allocations.marks;
    ensure!(
        found == marks,
        "allocations at each mark are {found:?} and not {marks:?}"
    );
    Ok(())
}

fn judge(workspace: &Workspace, logs: &mut Logs, page: &str) -> Result<Verdict> {
    let text = fs::read_to_string(workspace.checkout.join(page)).context(page.to_string())?;
    let part = logs.take_part(page)?;
    let expected = Expected {
        tracing: Tracing::Needed,
        ..Expected::default()
    };
    let verdict = Verdict::of(&part, &expected).into_result()?;
    let quoted: Vec<&str> = text
        .lines()
        .filter(|line| strip_time(line) != *line)
        .collect();
    ensure!(!quoted.is_empty(), "{page} quotes nothing of the log");
    let missing = missing(&quoted, &part.console)?;
    let log = part.console_path.display();
    ensure!(
        missing.is_empty(),
        "{page} quotes lines that were not said (log: {log}):\n{}",
        missing.join("\n")
    );
    Ok(verdict)
}

/// The lines that are not in the log. Times and addresses are those of one run.
fn missing<'a>(lines: &[&'a str], log: &str) -> Result<Vec<&'a str>> {
    let address = Regex::new("0x[0-9a-f]+")?;
    let plain = |line: &str| address.replace_all(strip_time(line), "0x").into_owned();
    let said: Vec<String> = log.lines().map(plain).collect();
    let missing = lines.iter().filter(|line| !said.contains(&plain(line)));
    Ok(missing.copied().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_addresses_may_differ_and_nothing_else() {
        let lines = ["[    1.500000] a: at 0x12, 3 bytes"];
        let missing = |log| missing(&lines, log).expect("a pattern");
        assert!(missing("x\n[    9.700000] a: at 0xff00, 3 bytes\n").is_empty());
        assert_eq!(missing("[    1.500000] a: at 0x12, 4 bytes\n"), lines);
    }
}
