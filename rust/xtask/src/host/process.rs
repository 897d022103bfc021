// SPDX-License-Identifier: GPL-2.0

//! Running other programs: output goes to a log, progress to the screen, and none outlives the tool.

use crate::host::progress::Step;
use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{Seek, Write};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::Duration;

const POLL: Duration = Duration::from_millis(50);
const END_LINES: usize = 80;

/// A command that ends when this process ends, for whatever reason.
///
/// `setpriv` is part of util-linux, which every Debian machine has.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "TERM"]).arg(program);
    command
}

/// Runs `command` to its end, with its output in the file `log`, whose end a failure quotes.
pub fn logged(step: &Step, command: &mut Command, log: &Path) -> Result<()> {
    if run(step, command, log, log)?.success() {
        return Ok(());
    }
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    let end = lines[lines.len().saturating_sub(END_LINES)..].join("\n");
    let (command, log) = (describe(command), log.display());
    bail!("{command} failed; the end of {log}:\n{end}")
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

/// Runs `command` with its output in the file `log`, and shows the last line of the file `watched` now
/// and then.
pub fn run(step: &Step, command: &mut Command, log: &Path, watched: &Path) -> Result<ExitStatus> {
    if let Some(dir) = log.parent() {
        fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
    }
    let out = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    let mut child = command
        .stdin(Stdio::null())
        .stderr(out.try_clone().context("cannot share the log")?)
        .stdout(out)
        .spawn()
        .with_context(|| format!("cannot run {}", describe(command)))?;
    loop {
        if let Some(status) = child.try_wait().context("cannot wait for a child")? {
            return Ok(status);
        }
        step.progress(|| {
            let text = fs::read(watched).unwrap_or_default();
            let text = String::from_utf8_lossy(&text);
            text.trim_end()
                .lines()
                .next_back()
                .unwrap_or_default()
                .to_string()
        });
        sleep(POLL);
    }
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
    fn the_command_is_shown_as_typed() {
        assert_eq!(describe(command("make").arg("all")), "`make all`");
    }
}
