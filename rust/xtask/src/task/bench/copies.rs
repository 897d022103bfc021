// SPDX-License-Identifier: GPL-2.0

//! Copies of a disk: `dd` with the C driver of the tree, and samples/nvme_copy.rs.

use super::build::{BenchKernel, COUNTING};
use crate::build::external_module::{named, text_size};
use crate::build::session::Session;
use crate::check::nvme::{self, Images};
use crate::run::boot::{self, Boot, Plan};
use crate::verdict::{Expected, Verdict};
use anyhow::{Context, Result, ensure};
use regex_lite::Regex;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What a way of copying takes for a MiB.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Copying {
    /// `nvme_dd_` and the mode of `dd`, or `nvme_copy_` and the depth.
    pub case: String,
    pub instructions: f64,
    pub commands: f64,
    pub interrupts: f64,
    /// The bytes of code in the driver.
    pub text: f64,
}

/// The modules of the C driver.
const C_DRIVER: [&str; 2] = ["nvme-core", "nvme"];

pub fn measure(session: &Session, kernel: &BenchKernel) -> Result<Vec<Copying>> {
    let name = "bench-nvme";
    let samples = session.modules(&kernel.kernel, "samples")?;
    let sample = named(&samples, "nvme_copy")?;
    let drivers = C_DRIVER.map(|driver| {
        let path = format!("drivers/nvme/host/{driver}.ko");
        kernel.kernel.build.join(path)
    });
    let run = nvme::read(&session.workspace)?.bench;
    let mut images = Images::create(&session.workspace.cache("runs").join(name), &run.disks)?;
    let disks = run.arguments(&images);
    let counting = COUNTING.as_flattened().iter().copied();
    let arguments: Vec<&str> = counting.chain(disks.iter().map(String::as_str)).collect();
    let modules = drivers.iter().chain(kernel.modules.first());
    let logs = session.progress.step(&format!("booting: {name}"), |step| {
        let boot = Boot {
            name,
            plan: modules.fold(run.plan(Plan::default(), sample), |plan, module| {
                plan.carry(module)
            }),
            arguments: &arguments,
            limit: Duration::from_secs(300),
        };
        boot::run(&session.workspace, step, &kernel.kernel, &boot)
    })?;
    Verdict::of(&logs, &Expected::default()).into_result()?;
    run.apply(&mut images)?;
    let problems = images.problems()?;
    ensure!(problems.is_empty(), "{}", problems.join("\n"));
    images.remove()?;

    let c_text = text_size(&drivers[0])? + text_size(&drivers[1])?;
    let text = text_size(sample)?;
    let log = || format!("in the log {}", logs.console_path.display());
    let mut copies = read(&logs.console).with_context(log)?;
    for copy in &mut copies {
        let is_sample = copy.case.starts_with("nvme_copy_");
        copy.text = if is_sample { text } else { c_text };
    }
    Ok(copies)
}

/// Reads what `measure` of `boot/nvme` says of each way: first of 1 MiB, then of more.
fn read(console: &str) -> Result<Vec<Copying>> {
    let pattern = Regex::new(r"coherent: measured (\w+) (\d+) (\d+) (\d+) (\d+)\n")?;
    let said: Vec<(&str, [f64; 4])> = pattern
        .captures_iter(console)
        .map(|found| {
            let (_, [case, numbers @ ..]) = found.extract::<5>();
            (
                case,
                numbers.map(|number| number.parse().unwrap_or(f64::NAN)),
            )
        })
        .collect();
    let mut copies = Vec::new();
    for pair in said.chunks(2) {
        let [(case, small), (same, large)] = pair else {
            continue;
        };
        ensure!(case == same, "{case} is followed by {same}");
        let mib = large[0] - small[0];
        let [instructions, interrupts, commands] =
            [1, 2, 3].map(|what| ((large[what] - small[what]) / mib * 100.0).round() / 100.0);
        copies.push(Copying {
            case: format!("nvme_{case}"),
            instructions: instructions.round(),
            commands,
            interrupts,
            text: 0.0,
        });
    }
    ensure!(copies.len() == 5, "{} ways were measured", copies.len());
    Ok(copies)
}

impl Copying {
    /// The goal and whether it is met, given all: for the sample, a tenth of buffered `dd`, and no
    /// more than direct `dd`.
    pub fn goals(&self, all: &[Self]) -> Option<[bool; 2]> {
        let find = |case: &str| all.iter().find(|copying| copying.case == case);
        let (buffered, direct) = (find("nvme_dd_buffered")?, find("nvme_dd_direct")?);
        self.case.starts_with("nvme_copy_").then_some([
            self.instructions * 10.0 <= buffered.instructions,
            self.instructions <= direct.instructions,
        ])
    }

    /// As a row of a table: see [`HEADER`].
    pub fn row(&self, all: &[Self]) -> String {
        let Self {
            case,
            instructions,
            commands,
            interrupts,
            text,
        } = self;
        let [tenth, direct] = match self.goals(all) {
            Some(goals) => goals.map(|met| if met { "yes" } else { "NO" }),
            None => [""; 2],
        };
        format!(
            "{case} | {instructions:.0} | {commands} | {interrupts} | {text} | {tenth} | {direct}"
        )
    }
}

/// The columns of [`Copying::row`].
pub const HEADER: &str =
    "case | instructions | commands | interrupts | `.text` | a tenth of buffered | at most direct";

/// The ways that miss a goal. How often the disk interrupts is not the driver's to say, so that counts
/// differ from run to run, and cannot be held to those of another one.
pub fn missed(all: &[Copying]) -> Vec<String> {
    let misses = |copying: &&Copying| {
        copying
            .goals(all)
            .is_some_and(|goals| goals.contains(&false))
    };
    let missing = all.iter().filter(misses);
    missing.map(|copying| format!("{copying:?}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONSOLE: &str = "\
[    3.0] coherent: measured dd_buffered 1 5000000 30 17
[    3.0] coherent: measured dd_buffered 65 69000000 158 1041
[    3.0] coherent: measured dd_direct 1 5000000 30 17
[    3.0] coherent: measured dd_direct 65 15240000 158 1041
[    3.0] coherent: measured copy_1 1 9000000 20 17
[    3.0] coherent: measured copy_1 65 15400000 660 1041
[    3.0] coherent: measured copy_8 1 9000000 20 17
[    3.0] coherent: measured copy_8 65 21800000 660 1041
[    3.0] coherent: measured copy_32 1 9000000 20 17
[    3.0] coherent: measured copy_32 65 11560000 660 1041
";

    #[test]
    fn a_mib_is_what_64_take_less_the_start() {
        let copies = read(CONSOLE).expect("five");
        assert_eq!(copies[0].instructions, 1_000_000.0);
        assert_eq!((copies[2].commands, copies[2].interrupts), (16.0, 10.0));
        assert_eq!(copies[0].goals(&copies), None);
        assert_eq!(copies[2].goals(&copies), Some([true, true]));
        assert_eq!(copies[3].goals(&copies), Some([false, false]));
        read(&CONSOLE.replace("copy_8", "copy_9")).expect("any name");
        read(&CONSOLE.replace("copy_8 65", "copy_9 65")).expect_err("no pair");
        read("").expect_err("nothing");
    }

    #[test]
    fn a_goal_that_is_missed_is_named() {
        let mut copies = read(CONSOLE).expect("five");
        let missed_at_first = missed(&copies);
        assert_eq!(missed_at_first.len(), 1, "{missed_at_first:?}");
        assert!(missed_at_first[0].contains("nvme_copy_8"));
        copies[3].instructions /= 10.0;
        assert!(missed(&copies).is_empty());
    }
}
