// SPDX-License-Identifier: GPL-2.0

//! The samples in runs of their own: edu with a copy that goes elsewhere, and the drivers that
//! docs/your-driver.md and docs/binding.md explain.

use super::{boot, driver};
use crate::build::external_module::named;
use crate::build::kbuild::Kernel;
use crate::build::session::Session;
use crate::run::boot::Plan;
use crate::verdict::console::strip_time;
use crate::verdict::report::Report;
use crate::verdict::{Expected, Logs, Verdict};
use anyhow::{Context, Result, ensure};
use regex_lite::Regex;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(120);
const EDU: [&str; 2] = ["-device", "edu"];

/// The transfer that is made to fail.
const MISDIRECTED: usize = 4;

/// The samples of docs/binding.md, and how many buffers each has while it is bound.
const BINDING_SAMPLES: [(&str, usize); 2] = [("binding_data", 2), ("binding_devres", 1)];

/// How often a driver gets its device, and loses it; see `boot/binding`.
const TIMES: usize = 3;

/// The edu sample has to fail if a transfer does not end where it should: one is fetched from
/// elsewhere.
pub fn misdirected(session: &Session, kernel: &Kernel, modules: &[PathBuf]) -> Result<Report> {
    let plan = Plan::default()
        .load(named(modules, "edu")?, &format!("misdirect={MISDIRECTED}"))
        .shell("step rmmod edu");
    let logs = boot(session, kernel, "misdirected", plan, &EDU, LIMIT)?;
    let judged = judge_misdirected(&logs);
    Ok(Report::of("edu: a misdirected copy is seen", judged))
}

fn judge_misdirected(logs: &Logs) -> Result<()> {
    let verdict = Verdict::of(logs, &Expected::default());
    let failed: Vec<usize> = (0..)
        .zip(&verdict.transfers)
        .filter(|(_, transfer)| transfer.judge().is_err())
        .map(|(number, _)| number)
        .collect();
    ensure!(
        failed == [MISDIRECTED],
        "transfer {MISDIRECTED} was misdirected, and those that failed are {failed:?}"
    );
    let said = |text: &str| matches!(&verdict.findings[..], [one] if one.excerpt.contains(text));
    ensure!(
        said("probe with driver edu failed with error -5"),
        "a transfer failed, and not only the probe: {:?} (log: {})",
        verdict.findings,
        logs.console_path.display()
    );
    Ok(())
}

/// The drivers of the documentation say what the pages quote, and each buffer is freed whenever its
/// driver loses the device.
pub fn documented(session: &Session, kernel: &Kernel, modules: &[PathBuf]) -> Result<Report> {
    let mut plan = driver::plan(&[named(modules, "first_driver")?.to_path_buf()])
        .shell(include_str!("../../boot/binding"));
    let mut wanted = Vec::new();
    for (name, buffers) in BINDING_SAMPLES {
        let module = named(modules, name)?;
        plan = plan.carry(module).shell(&format!("try_binding {name}"));
        for _ in 0..TIMES {
            wanted.push((format!("bound {name}"), buffers));
            wanted.push((format!("unbound {name}"), 0));
        }
    }
    let logs = boot(session, kernel, "documented", plan, &EDU, LIMIT)?;
    let expected = Expected {
        allocations: true,
        ..Expected::default()
    };
    let judged = Verdict::of(&logs, &expected).into_result();
    let judged = judged.and_then(|verdict| {
        let found = verdict.allocations.marks;
        ensure!(
            found == wanted,
            "allocations at each mark are {found:?} and not {wanted:?}"
        );
        Ok(())
    });
    let mut report = Report::of("documented drivers", judged);
    for page in ["docs/your-driver.md", "docs/binding.md"] {
        let text = fs::read_to_string(session.workspace.checkout.join(page))
            .with_context(|| format!("no {page}"))?;
        report.note(page, quoted(&text, &logs));
    }
    Ok(report)
}

/// Fails if a page quotes lines of the log that were not said. Times and addresses are those of one run.
fn quoted(page: &str, logs: &Logs) -> Result<()> {
    let address = Regex::new("0x[0-9a-f]+")?;
    let plain = |line: &str| address.replace_all(strip_time(line), "0x").into_owned();
    let said: Vec<String> = logs.console.lines().map(plain).collect();
    let mut quoted: Vec<&str> = page.lines().collect();
    quoted.retain(|line| strip_time(line) != *line);
    ensure!(!quoted.is_empty(), "it quotes nothing of the log");
    for line in quoted {
        let log = logs.console_path.display();
        ensure!(
            said.contains(&plain(line)),
            "not said is: {line} (log: {log})"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_addresses_may_differ_and_nothing_else() {
        let quoted = |page: &str, said: &str| {
            quoted(
                page,
                &Logs {
                    console: said.to_string(),
                    ..Logs::default()
                },
            )
        };
        let page = "text\n[    1.500000] a: at 0x12, 3 bytes\n";
        quoted(page, "x\n[    9.700000] a: at 0xff00, 3 bytes\n").expect("said");
        quoted(page, "[    1.500000] a: at 0x12, 4 bytes\n").expect_err("not said");
        quoted("text\n", "x\n").expect_err("no quote");
    }

    #[test]
    fn one_transfer_and_the_probe_have_to_fail() {
        let transfers = |bad: usize| -> String {
            let result = |number| match number == bad {
                true => "FAILED, byte 3 is 0x00",
                false => "ok",
            };
            let line = |number| {
                let result = result(number);
                format!("edu 0000:00:01.0: transfer a size 4 dma_address 0x12: {result}\n")
            };
            (0..6).map(line).collect()
        };
        let judge = |bad, probe: &str| {
            let end = "edu 0000:00:01.0: 6 transfers, 1 failed\n";
            let console = transfers(bad) + end + probe + "coherent: end\n";
            judge_misdirected(&Logs {
                console,
                ..Logs::default()
            })
        };
        let probe = "edu 0000:00:01.0: probe with driver edu failed with error -5\n";
        judge(MISDIRECTED, probe).expect("as it should");
        judge(MISDIRECTED + 1, probe).expect_err("another one");
        judge(MISDIRECTED, "").expect_err("the probe succeeded");
        judge(
            MISDIRECTED,
            &format!("{probe}WARNING: a.c:1 at f+0x1/0x2\n"),
        )
        .expect_err("more");
    }
}
