// SPDX-License-Identifier: GPL-2.0

//! The nvme_copy sample, judged from outside: the images of its disks have to be what they should
//! be, byte for byte, whatever the driver says.

mod boots;
mod disk;
mod pair;
mod said;

use self::disk::Disk;
use crate::build::external_module::named;
use crate::build::kbuild::Kernel;
use crate::build::session::Session;
use crate::run::boot::{self, Boot, Plan};
use crate::verdict::report::Report;
use crate::verdict::{Expected, Logs, Tracing, Verdict};
use anyhow::{Context, Result};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

pub use self::pair::Pair;
pub use self::said::{Copied, copied, slots};

/// A machine without NVMe controllers.
#[derive(Clone, Debug, Default)]
pub struct Machine {
    /// Names the runs.
    pub name: String,
    /// What QEMU is told of it.
    pub options: Vec<String>,
    /// The machine translates addresses, and stops a device that goes astray.
    pub iommu: bool,
    /// Devices that allocate for themselves, and whose part of the trace is not judged.
    pub untraced: Vec<String>,
}

/// A run: controllers with their disks, and what is done with them.
struct Run {
    name: &'static str,
    controllers: Vec<Controller>,
    actions: Vec<Action>,
    disks: Vec<Disk>,
}

/// An NVMe controller, with more options for QEMU.
struct Controller {
    options: &'static str,
    /// Indices of disks: the first is namespace 1.
    namespaces: Vec<usize>,
}

enum Action {
    /// Copies with these module parameters. What each controller has to say, and the disks that
    /// change.
    Copy {
        parameters: String,
        says: Vec<&'static str>,
        writes: Vec<Write>,
    },
    /// A line of shell, and what the driver has to say meanwhile.
    Shell {
        line: &'static str,
        says: Vec<&'static str>,
    },
}

/// What a copy does to a disk.
struct Write {
    source: usize,
    target: usize,
    from: usize,
    to: usize,
    bytes: usize,
    /// The copy is made wrong, and the target must not be the source afterwards.
    wrong: bool,
}

/// Runs everything, and judges it.
pub fn run(
    session: &Session,
    kernel: &Kernel,
    modules: &[PathBuf],
    machine: &Machine,
) -> Result<Report> {
    let mut report = Report::default();
    for run in boots::all(machine.iommu) {
        report.extend(run_one(session, kernel, modules, machine, run)?);
    }
    Ok(report)
}

fn run_one(
    session: &Session,
    kernel: &Kernel,
    modules: &[PathBuf],
    machine: &Machine,
    run: Run,
) -> Result<Report> {
    let name = format!("{}nvme-{}", machine.name, run.name);
    let dir = session.workspace.cache("runs").join(&name);
    fs::create_dir_all(&dir)?;

    let title = format!("booting: {name}");
    let (logs, images) = session.progress.step(&title, |step| {
        let mut images = disk::create(&dir, &run.disks)?;
        let mut options = machine.options.clone();
        options.extend(run.arguments(&images));
        let arguments: Vec<&str> = options.iter().map(String::as_str).collect();
        let boot = Boot {
            name: &name,
            plan: run.plan(named(modules, "nvme_copy")?),
            arguments: &arguments,
            limit: Duration::from_secs(600),
        };
        let logs = boot::run(&session.workspace, step, kernel, &boot)?;
        images.read().context("reading the images")?;
        Ok((logs, images))
    })?;
    let report = run.judge(&logs, kernel, machine, images)?;
    fs::remove_dir_all(dir.join("disks")).context("removing the images")?;

    Ok(report)
}

impl Run {
    fn arguments(&self, images: &disk::Images) -> Vec<String> {
        let mut arguments = images.arguments(&self.disks);
        for (number, controller) in self.controllers.iter().enumerate() {
            let options = controller.options;
            arguments.push("-device".to_string());
            arguments.push(format!("nvme,id=nvme{number},serial={number}{options}"));
            for (nsid, disk) in (1..).zip(&controller.namespaces) {
                let options = self.disks[*disk].namespace;
                arguments.push("-device".to_string());
                arguments.push(format!(
                    "nvme-ns,bus=nvme{number},nsid={nsid},drive=disk{disk}{options}"
                ));
            }
        }
        arguments
    }

    fn plan(&self, module: &std::path::Path) -> Plan {
        let mut plan = Plan::default().trace().carry(module);
        for (number, action) in self.actions.iter().enumerate() {
            plan = plan.shell(&format!("say nvme: {number}"));
            plan = match action {
                Action::Copy { parameters, .. } => {
                    let copies = self.controllers.len();
                    plan.shell(&format!("step copy {copies} {parameters}"))
                        .shell("step rmmod nvme_copy")
                }
                Action::Shell { line, .. } => plan.shell(line),
            };
        }
        plan.dump_trace()
    }

    /// Names the run in a report.
    fn label(&self, machine: &Machine) -> String {
        format!("{}nvme {}", machine.name, self.name)
    }

    /// Judges what the driver said, what the kernel complained about, and what is on the disks.
    fn judge(
        &self,
        logs: &Logs,
        kernel: &Kernel,
        machine: &Machine,
        images: disk::Images,
    ) -> Result<Report> {
        let mut report = self.judge_log(logs, kernel, machine)?;
        let prefix = self.label(machine);

        let said = said::sections(&logs.console);
        let mut problems = Vec::new();
        for (number, action) in self.actions.iter().enumerate() {
            let lines = said.get(number).map_or("", String::as_str);
            problems.extend(action.missing(lines, self.controllers.len()));
        }
        report.note_problems(format!("{prefix}: messages"), problems);

        let writes = self.actions.iter().flat_map(|action| match action {
            Action::Copy { writes, .. } => &writes[..],
            Action::Shell { .. } => &[],
        });
        report.note_problems(format!("{prefix}: disks"), images.differences(writes));
        if self.name == boots::BULK {
            let facts = said::copied(&logs.console);
            report
                .facts
                .extend(facts.iter().map(|copied| format!("{prefix}: {copied}")));
        }
        Ok(report)
    }

    /// The kernel's part of the log. A refused probe is what was asked for.
    fn judge_log(&self, logs: &Logs, kernel: &Kernel, machine: &Machine) -> Result<Report> {
        let expected = Expected {
            tracing: Tracing::Needed,
            totals: kernel.has("CONFIG_HIST_TRIGGERS")?,
            entries: true,
            untraced: machine.untraced.clone(),
            ..Expected::default()
        };
        let verdict = Verdict::of(logs, &expected);
        let prefix = self.label(machine);
        let mut report = Report::default();
        for mut check in verdict.report.checks {
            // The kernel runs its own suites in each boot.
            if check.name.starts_with("KUnit: ") && check.failed == 0 {
                continue;
            }
            if check.name == "console" && !logs.timed_out {
                let complaints: Vec<String> = verdict
                    .findings
                    .iter()
                    .filter(|finding| {
                        let refusal = "nvme_copy failed with error";
                        !finding.excerpt.contains(refusal)
                    })
                    .map(ToString::to_string)
                    .collect();
                report.note_problems(format!("{prefix}: console"), complaints);
                continue;
            }
            check.name = format!("{prefix}: {}", check.name);
            report.checks.push(check);
        }
        Ok(report)
    }
}

impl Action {
    /// What is missing in `lines`, which is what the driver said. Each controller has to say it.
    fn missing(&self, lines: &str, controllers: usize) -> Vec<String> {
        let (what, says, times) = match self {
            Action::Copy {
                parameters, says, ..
            } => (parameters.as_str(), says, controllers),
            Action::Shell { line, says } => (*line, says, 1),
        };
        says.iter()
            .filter(|wanted| lines.matches(*wanted).count() < times)
            .map(|wanted| format!("{what}: not {times} times `{wanted}`, but\n{lines}"))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copy() -> Action {
        Action::Copy {
            parameters: "depth=8".to_string(),
            says: vec![": copied "],
            writes: Vec::new(),
        }
    }

    #[test]
    fn each_controller_has_to_say_it() {
        let once = "nvme_copy 0000:00:03.0: copied 2 blocks\n";
        assert!(copy().missing(once, 1).is_empty());
        assert!(copy().missing(&once.repeat(2), 2).is_empty());
        assert_eq!(copy().missing(once, 2).len(), 1);
        assert_eq!(copy().missing("", 1).len(), 1);
    }

    #[test]
    fn the_runs_write_to_disks_that_are_there() {
        for run in boots::all(true) {
            for action in &run.actions {
                let Action::Copy { writes, .. } = action else {
                    continue;
                };
                for write in writes {
                    let (source, target) = (&run.disks[write.source], &run.disks[write.target]);
                    assert!(write.from + write.bytes <= source.bytes, "{}", run.name);
                    assert!(write.to + write.bytes <= target.bytes, "{}", run.name);
                }
            }
        }
    }
}
