// SPDX-License-Identifier: GPL-2.0

//! The form of the code: rustfmt, clippy, the oldest rustc, and the tests of this tool.

use crate::build::kbuild::{self, Kernel};
use crate::build::session::Session;
use crate::host::process;
use crate::host::progress::Step;
use crate::host::workspace::Workspace;
use crate::setup::toolchain;
use crate::verdict::report::Report;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The directories with kernel code in the checkout.
const KERNEL_CODE: [&str; 4] = ["rust/kernel", "kunit", "samples", "bench"];

/// Formats all code, or checks that it is formatted. `tree` has the kernel's rules.
pub fn format(workspace: &Workspace, step: &Step, tree: &Path, check: bool) -> Result<()> {
    let mut cargo = cargo(workspace, &["fmt"]);
    let mut rustfmt = process::command("rustfmt");
    rustfmt
        .args(["--edition", "2021", "--config-path"])
        .arg(tree.join(".rustfmt.toml"));
    for directory in KERNEL_CODE {
        let files = super::files(&workspace.checkout.join(directory), "rs")?;
        if check {
            long_lines(&files)?;
        }
        rustfmt.args(files);
    }
    if check {
        cargo.args(["--", "--check"]);
        rustfmt.arg("--check");
    }
    process::logged(step, &mut cargo, &workspace.cache("logs/fmt-host.log"))
        .and_then(|()| process::logged(step, &mut rustfmt, &workspace.cache("logs/fmt-kernel.log")))
        .context("`make fmt` formats it")
}

/// Fails for a line of more than 100 columns: rustfmt leaves comments and macro calls as they are.
fn long_lines(files: &[PathBuf]) -> Result<()> {
    for path in files {
        let text = fs::read_to_string(path)?;
        let long = text.lines().position(|line| line.chars().count() > 100);
        if let Some(index) = long {
            bail!("{}:{} has more than 100 columns", path.display(), index + 1);
        }
    }
    Ok(())
}

/// `cargo` for this tool.
fn cargo(workspace: &Workspace, arguments: &[&str]) -> Command {
    let mut cargo = process::command("cargo");
    cargo
        .args(arguments)
        .arg("--manifest-path")
        .arg(workspace.checkout.join("rust/xtask/Cargo.toml"));
    cargo
}

/// Tests this tool, and lints it. The lints that Cargo.toml denies fail; others depend on the version of
/// clippy.
pub fn host(session: &Session, pristine: &Path) -> Report {
    let workspace = &session.workspace;
    let mut report = Report::default();
    // One after the other: cargo locks its directory.
    for (name, command, what) in [
        ("host: tests", "test", "--tests"),
        ("host: clippy", "clippy", "--all-targets"),
    ] {
        let mut cargo = cargo(workspace, &[command, "--locked", what]);
        cargo.env("KERNEL_TREE", pristine);
        let log = workspace.cache(format!("logs/{command}-host.log"));
        let logged = |step: &_| process::logged(step, &mut cargo, &log);
        report.note(name, session.progress.step(name, logged));
    }
    report
}

/// Compiles the tool and its dependencies, whose own declarations of a `rust-version` may be wrong,
/// with the oldest rustc that Linux 7.3 builds with, which is Debian 13's.
pub fn oldest_rustc(session: &Session) -> Report {
    let name = "host: rustc 1.85";
    if toolchain::rustc_version().is_ok_and(|version| version.starts_with("1.85.")) {
        // It has compiled this.
        return Report::of(name, Ok(()));
    }
    if !process::exists("rustup") {
        let mut report = Report::default();
        report.skip(name, "there is no rustup to fetch that version with");
        return report;
    }
    let workspace = &session.workspace;
    let title = "compiling the tool with rustc 1.85";
    let compiled = session.progress.step(title, |step| {
        let log = workspace.cache("logs/oldest-rustc.log");
        if process::output(&mut oldest(workspace, &["run", "1.85", "rustc", "-V"])).is_err() {
            let install = ["toolchain", "install", "1.85", "--profile=minimal"];
            let mut install = oldest(workspace, &install);
            process::logged(step, install.arg("--no-self-update"), &log)?;
        }
        let mut check = oldest(workspace, &["run", "1.85", "cargo", "check", "--locked"]);
        let manifest = workspace.checkout.join("rust/xtask/Cargo.toml");
        process::logged(step, check.arg("--manifest-path").arg(manifest), &log)
    });
    Report::of(name, compiled)
}

/// `rustup`, apart from the toolchains that the person has.
fn oldest(workspace: &Workspace, arguments: &[&str]) -> Command {
    let home = workspace.cache("oldest-rustc");
    let mut rustup = process::command("rustup");
    rustup
        .args(arguments)
        .env("CARGO_TARGET_DIR", home.join("target"))
        .env("RUSTUP_HOME", home)
        .env_remove("RUSTUP_TOOLCHAIN");
    rustup
}

/// The rustc whose clippy judges kernel code. The lints of other versions differ.
const CLIPPY_OF_RUSTC: &str = "1.95.";

/// Lints the library and the modules with clippy. With another version, warnings skip the check.
pub fn kernel_clippy(session: &Session, kernel: &Kernel) -> Result<Report> {
    let name = "kernel code: CLIPPY=1";
    let found = session
        .progress
        .step(name, |step| clippy_warnings(session, step, kernel))?;
    let version = toolchain::rustc_version()?;
    let mut report = Report::default();
    if found.is_empty() || version.starts_with(CLIPPY_OF_RUSTC) {
        report.note_problems(name, found);
    } else {
        let found = found.join("; ");
        let reason = format!("clippy of rustc {version} has other lints: {found}");
        report.skip(name, reason);
    }
    Ok(report)
}

/// Compiles with clippy, in a build directory of its own: clippy changes the generated code.
fn clippy_warnings(session: &Session, step: &Step, kernel: &Kernel) -> Result<Vec<String>> {
    let workspace = &session.workspace;
    let clippy = kernel.with_build("clippy");
    clippy.configure(workspace, &session.progress)?;
    let log = workspace.cache("logs/clippy-kernel.log");
    let mut prepare = clippy.make();
    prepare.args(["CLIPPY=1", "modules_prepare"]);
    process::logged(step, &mut prepare, &log)?;
    let object = clippy.build.join("rust/kernel.o");
    let mut all = kbuild::take_warnings(kbuild::LIBRARY, &log, &object)?;
    // The symbols are those of the built kernel, so there is no need to link another.
    let symbols = "Module.symvers";
    fs::copy(kernel.build.join(symbols), clippy.build.join(symbols))?;
    for directory in super::suites::DIRECTORIES.iter().chain(&["bench"]) {
        let directory = workspace.checkout.join(directory);
        let (mut make, output, log) = clippy.modules_command(workspace, &directory, "")?;
        process::logged(step, make.arg("CLIPPY=1"), &log)?;
        all.extend(kbuild::take_warnings("", &log, &output)?);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_a_hundred_columns() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("a.rs");
        fs::write(&path, "\u{e9}".repeat(100)).expect("written");
        long_lines(&[path.clone()]).expect("100 columns");
        fs::write(&path, format!("\n{}", "a".repeat(101))).expect("written");
        let error = long_lines(&[path]).expect_err("101 columns").to_string();
        assert!(error.contains("a.rs:2 "), "{error}");
    }
}
