// SPDX-License-Identifier: GPL-2.0

//! Running other programs: output goes to a log, progress to the screen, and none outlives the tool.

use crate::host::progress::Step;
use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{Seek, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const POLL: Duration = Duration::from_millis(50);
const TAIL_LINES: usize = 40;

/// A command that ends when this process ends, for whatever reason.
///
/// `setpriv` is part of util-linux, which every Debian machine has.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "TERM"]).arg(program);
    command
}

/// Runs `command` to its end, with its output in the file `log`.
///
/// The error of a failure quotes the compiler's errors or the end of the log.
pub fn logged(step: &Step, command: &mut Command, log: &Path) -> Result<()> {
    let status = wait(step, spawn(command, log)?, log, None)?;
    match status {
        Some(status) if status.success() => Ok(()),
        _ => bail!(
            "{} failed; the end of {}:\n{}",
            describe(command),
            log.display(),
            telling_part(&fs::read_to_string(log).unwrap_or_default())
        ),
    }
}

/// Runs `command` and returns its standard output.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .with_context(|| format!("cannot run {}", describe(command)))?;
    if !output.status.success() {
        bail!(
            "{} failed ({}):\n{}",
            describe(command),
            output.status,
            String::from_utf8_lossy(&output.stderr).trim_end()
        );
    }
    String::from_utf8(output.stdout)
        .with_context(|| format!("{} printed text that is not UTF-8", describe(command)))
}

/// A file to read `text` from.
pub fn input(text: &str) -> Result<File> {
    let mut file = tempfile::tempfile().context("no temporary file")?;
    file.write_all(text.as_bytes())?;
    file.rewind()?;
    Ok(file)
}

/// Whether `program` can be started.
pub fn exists(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(program).is_file()))
}

/// Starts `command` with its output in the file `log`.
pub fn spawn(command: &mut Command, log: &Path) -> Result<Child> {
    if let Some(dir) = log.parent() {
        fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
    }
    let out = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    let err = out.try_clone().context("cannot share the log")?;
    command
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(err)
        .spawn()
        .with_context(|| format!("cannot run {}", describe(command)))
}

/// Waits for `child`, showing the last line of the file `watched` now and then.
///
/// Kills it after `limit` and returns `None`.
pub fn wait(
    step: &Step,
    mut child: Child,
    watched: &Path,
    limit: Option<Duration>,
) -> Result<Option<ExitStatus>> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().context("cannot wait for a child")? {
            return Ok(Some(status));
        }
        if limit.is_some_and(|limit| started.elapsed() > limit) {
            child.kill().context("cannot kill a child")?;
            child.wait().context("cannot wait for a child")?;
            return Ok(None);
        }
        step.progress(|| last_line(watched));
        sleep(POLL);
    }
}

fn last_line(path: &Path) -> String {
    let text = fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    text.trim_end()
        .lines()
        .next_back()
        .unwrap_or_default()
        .to_string()
}

/// The lines of a log from the first error on, and at least its end.
fn telling_part(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    let is_error = |line: &&str| {
        let line = line.trim_start();
        line.starts_with("error") || line.contains(" error: ") || line.contains("No space left")
    };
    let end = lines.len().saturating_sub(TAIL_LINES);
    let error = lines.iter().position(is_error).unwrap_or(end);
    let shown = lines[error.saturating_sub(2).min(end)..].iter();
    shown
        .take(2 * TAIL_LINES)
        .copied()
        .collect::<Vec<_>>()
        .join("\n")
}

/// The command as a person would type it, without `setpriv` and its options.
fn describe(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    let own = if words[0] == "setpriv" { 3 } else { 0 };
    format!("`{}`", words[own..].join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_shows_the_compilers_error_and_not_only_the_end() {
        let mut log = String::from("  RUSTC L rust/kernel.o\nerror[E0277]: no\n --> here\n");
        log.push_str(&"make: waiting\n".repeat(100));
        let shown = telling_part(&log);
        assert!(shown.contains("error[E0277]: no"), "{shown}");
        assert!(shown.lines().count() < 100);
    }

    #[test]
    fn a_failure_without_an_error_line_shows_the_end() {
        let log = (0..100).map(|n| format!("line {n}\n")).collect::<String>();
        let shown = telling_part(&log);
        assert!(shown.ends_with("line 99"), "{shown}");
        assert!(!shown.contains("line 9\n"));
    }

    #[test]
    fn the_command_is_shown_as_typed() {
        assert_eq!(describe(command("make").arg("all")), "`make all`");
    }
}
