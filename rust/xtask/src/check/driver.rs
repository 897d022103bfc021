// SPDX-License-Identifier: GPL-2.0

//! A person's external module: built, loaded and unloaded in QEMU, and judged.

use crate::build::external_module;
use crate::build::kbuild::{self, Kernel, Lints};
use crate::build::session::Session;
use crate::host::process;
use crate::run::boot::{self, Boot, Plan};
use crate::verdict::console::{CUT_HERE, Finding, strip_time};
use crate::verdict::{Expected, Logs, Tracing, Verdict};
use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

const DEFAULT_LIMIT: &str = "60";

/// The settings, as they are given.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct Request {
    /// The directory of the module
    #[arg(long, env = "M", value_name = "DIRECTORY")]
    pub m: Option<OsString>,

    /// More arguments for QEMU, split as a shell does
    #[arg(long, env = "QEMU_ARGS", allow_hyphen_values = true)]
    pub qemu_args: Option<String>,

    /// Seconds until a run is stopped
    #[arg(long, env = "TIMEOUT", value_name = "SECONDS")]
    pub timeout: Option<String>,
}

impl Request {
    /// The directory of the module, if one is given.
    pub fn directory(&self) -> Result<Option<PathBuf>> {
        match self.m.as_deref().filter(|given| !given.is_empty()) {
            Some(given) => directory(Path::new(given)).map(Some),
            None => Ok(None),
        }
    }

    /// How long a run may take.
    pub fn limit(&self) -> Result<Duration> {
        let given = self.timeout.as_deref().unwrap_or_default().trim();
        let given = if given.is_empty() {
            DEFAULT_LIMIT
        } else {
            given
        };
        match given.parse() {
            Ok(seconds) if seconds > 0 => Ok(Duration::from_secs(seconds)),
            _ => {
                bail!("TIMEOUT={given} is not a number of seconds, such as TIMEOUT={DEFAULT_LIMIT}")
            }
        }
    }
}

/// Checks that kbuild can find something in the directory.
fn directory(given: &Path) -> Result<PathBuf> {
    let shown = given.display();
    let path = fs::canonicalize(given).with_context(|| {
        format!("M={shown}: name the directory that has your module's Kbuild and source")
    })?;
    if !path.is_dir() {
        let parent = path.parent().unwrap_or(&path).display();
        bail!("M={shown} is a file: name the directory that it is in, M={parent}");
    }
    if !["Kbuild", "Makefile"]
        .iter()
        .any(|name| path.join(name).is_file())
    {
        bail!(
            "M={shown} has neither a Kbuild nor a Makefile: for a my_driver.rs, write a file \
             Kbuild there with the line `obj-m += my_driver.o`"
        );
    }
    Ok(path)
}

/// Builds the modules of a person's directory.
pub fn build(session: &Session, kernel: &Kernel, directory: &Path) -> Result<Vec<PathBuf>> {
    let workspace = &session.workspace;
    let shown = directory.display();
    session.progress.step(&format!("building {shown}"), |step| {
        let build = kernel.modules_command(workspace, directory, "", Lints::Rustc)?;
        let (mut make, output, log) = build;
        let child = process::spawn(&mut make, &log)?;
        let status = process::wait(step, child, &log, None)?;

        let text = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
        if !status.is_some_and(|status| status.success()) {
            step.say_plainly(&complaint(&text));
            bail!(
                "M={shown} does not build, for the reason above (all of it: {})",
                log.display()
            );
        }
        for warning in text.lines().filter(|line| kbuild::is_warning(line)) {
            step.say(warning);
        }
        let modules = external_module::modules_in(&output)?;
        if modules.is_empty() {
            bail!(
                "M={shown} makes no module: its Kbuild or Makefile needs a line such as \
                 `obj-m += my_driver.o`, for a my_driver.rs or my_driver.c"
            );
        }
        Ok(modules)
    })
}

/// What a person has to read of a build that failed: the compiler's errors, without what make says
/// of them. Where no compiler complained it was make who did.
fn complaint(log: &str) -> String {
    let told = process::telling_part(log);
    let by_make = |line: &&str| line.starts_with("make") || line.starts_with("  UPD ");
    let rest: Vec<&str> = told.lines().filter(|line| !by_make(line)).collect();
    if rest
        .iter()
        .any(|line| line.to_lowercase().contains("error"))
    {
        return rest.join("\n");
    }
    told.lines()
        .filter(|line| !line.contains("ing directory '"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Loads modules, each after those that it depends on, and unloads them.
pub fn plan(modules: &[PathBuf]) -> Plan {
    modules
        .iter()
        .fold(Plan::default(), |plan, module| plan.carry(module))
        .script(include_str!("../../boot/driver"))
        .shell(&format!(
            "try_modules {}",
            shell_words::join(names(modules))
        ))
}

/// Runs such a plan.
pub fn boot(
    session: &Session,
    kernel: &Kernel,
    name: &str,
    modules: &[PathBuf],
    arguments: &[String],
    limit: Duration,
) -> Result<Logs> {
    let boot = Boot {
        name,
        plan: Plan::default().trace().then(plan(modules)).dump_trace(),
        arguments: &arguments.iter().map(String::as_str).collect::<Vec<_>>(),
        limit,
    };
    let title = format!("booting: {}", names(modules).join(", "));
    session.progress.step(&title, |step| {
        boot::run(&session.workspace, step, kernel, &boot)
    })
}

/// What a person wants to read of a run, and whether it was good.
pub fn report(modules: &[PathBuf], logs: &Logs, limit: Duration) -> (String, bool) {
    let expected = Expected {
        tracing: Tracing::Balanced,
        ..Expected::default()
    };
    let verdict = Verdict::of(logs, &expected);
    let shown = between(&logs.console);
    let mut text = String::from("\n");
    for (_, line) in &shown {
        text += &format!("{line}\n");
    }
    text.push('\n');

    let unbound: Vec<&str> = shown
        .iter()
        .filter_map(|(_, line)| strip_time(line).strip_prefix("coherent: no device for "))
        .collect();
    if !unbound.is_empty() {
        text += &format!(
            "note: no device is bound to {}; QEMU_ARGS='-device …' adds one to the machine\n",
            unbound.join(", ")
        );
    }
    if !verdict.allocations.none() {
        text += &format!("{}\n", verdict.allocations);
    }

    let names = names(modules).join(", ");
    let log = logs.console_path.display();
    if verdict.report.good() {
        text += &format!("{names}: loaded and unloaded, and nothing to complain about ({log})");
        return (text, true);
    }
    text += &format!("FAILED: {names} ({log})");
    if logs.timed_out {
        let limit = limit.as_secs();
        text += &format!("\nthe time limit of {limit} s is over; TIMEOUT= sets another");
    }
    for finding in &verdict.findings {
        text += &format!("\n{}", brief(finding, &shown));
    }
    // The console is told above.
    for check in verdict
        .report
        .failing()
        .filter(|check| check.name != "console")
    {
        text += &format!("\n{}: {}", check.name, check.reasons.join("\n"));
    }
    (text, false)
}

fn names(modules: &[PathBuf]) -> Vec<String> {
    modules
        .iter()
        .map(|module| boot::module_name(module))
        .collect()
}

/// What the log says from loading to unloading, with the number of each line.
fn between(console: &str) -> Vec<(usize, &str)> {
    (1..)
        .zip(console.lines())
        .skip_while(|(_, line)| !strip_time(line).starts_with("coherent: step "))
        .take_while(|(_, line)| strip_time(line) != "coherent: end")
        .collect()
}

/// A finding, without the lines of the log that are shown already.
fn brief(finding: &Finding, shown: &[(usize, &str)]) -> String {
    if !shown.iter().any(|(line, _)| *line == finding.line) {
        return finding.to_string().trim_end().to_string();
    }
    let first = finding.excerpt.lines().find(|line| *line != CUT_HERE);
    let first = first.unwrap_or_default();
    format!("line {}: {first}", finding.line)
}

#[cfg(test)]
mod tests;
