// SPDX-License-Identifier: GPL-2.0

//! The form of the code: rustfmt, clippy, and the tests of this tool.

use crate::build::kbuild::{self, Kernel, Lints};
use crate::build::session::Session;
use crate::host::process;
use crate::host::progress::Step;
use crate::host::workspace::Workspace;
use crate::setup::toolchain;
use crate::verdict::report::Report;
use anyhow::{Context, Result, bail};
use regex_lite::Regex;
use std::fs;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// The directories with kernel code in the checkout.
const KERNEL_CODE: [&str; 4] = ["rust/kernel", "kunit", "samples", "bench"];

/// Formats all code, or checks that it is formatted. `tree` has the kernel's rules.
pub fn format(workspace: &Workspace, step: &Step, tree: &Path, check: bool) -> Result<()> {
    let mut cargo = process::command("cargo");
    cargo
        .arg("fmt")
        .arg("--manifest-path")
        .arg(manifest(workspace));
    let mut rustfmt = process::command("rustfmt");
    rustfmt
        .args(["--edition", "2021", "--config-path"])
        .arg(tree.join(".rustfmt.toml"))
        .args(kernel_code(workspace)?);
    if check {
        cargo.args(["--", "--check"]);
        rustfmt.arg("--check");
    }
    process::logged(step, &mut cargo, &workspace.cache("logs/fmt-host.log"))
        .and_then(|()| process::logged(step, &mut rustfmt, &workspace.cache("logs/fmt-kernel.log")))
        .context("`make fmt` formats it")
}

fn manifest(workspace: &Workspace) -> PathBuf {
    workspace.checkout.join("rust/xtask/Cargo.toml")
}

fn kernel_code(workspace: &Workspace) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for dir in KERNEL_CODE {
        for entry in WalkDir::new(workspace.checkout.join(dir)).sort_by_file_name() {
            let path = entry.context("cannot read the checkout")?.into_path();
            if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    Ok(files)
}

/// Lints this tool. The lints that Cargo.toml denies fail; others depend on the version of clippy.
pub fn host_clippy(workspace: &Workspace, step: &Step) -> Result<()> {
    let mut cargo = process::command("cargo");
    cargo
        .args(["clippy", "--locked", "--all-targets", "--manifest-path"])
        .arg(manifest(workspace));
    process::logged(step, &mut cargo, &workspace.cache("logs/clippy-host.log"))
}

/// Runs this tool's tests; returns how many passed and failed.
pub fn host_tests(workspace: &Workspace, step: &Step, pristine: &Path) -> Result<(usize, usize)> {
    let log = workspace.cache("logs/test-host.log");
    let mut cargo = process::command("cargo");
    cargo
        .args(["test", "--locked", "--manifest-path"])
        .arg(manifest(workspace))
        .env("KERNEL_TREE", pristine);
    let result = process::logged(step, &mut cargo, &log);
    let counts = counts(&fs::read_to_string(&log)?)?;
    match result {
        Err(error) if counts.1 == 0 => Err(error),
        Err(error) => {
            eprintln!("{error:#}");
            Ok(counts)
        }
        Ok(()) if counts.0 == 0 => bail!("no test ran, see {}", log.display()),
        Ok(()) => Ok(counts),
    }
}

fn counts(log: &str) -> Result<(usize, usize)> {
    let line = Regex::new(r"(?m)^test result: \w+\. (\d+) passed; (\d+) failed")?;
    let mut sum = (0, 0);
    for found in line.captures_iter(log) {
        sum.0 += found[1].parse::<usize>()?;
        sum.1 += found[2].parse::<usize>()?;
    }
    Ok(sum)
}

/// The rustc whose clippy judges kernel code. The lints of other versions differ.
const CLIPPY_OF_RUSTC: &str = "1.95.";

/// Lints the library and the modules with clippy. With another version, warnings skip the check.
pub fn kernel_clippy(session: &Session, kernel: &Kernel) -> Report {
    let name = "kernel code: CLIPPY=1";
    let mut report = Report::default();
    let found = session.progress.step(name, |step| {
        let found = clippy_warnings(session, step, kernel)?;
        Ok((found, toolchain::rustc_version()?))
    });
    match found {
        Ok((found, version)) if !found.is_empty() && !version.starts_with(CLIPPY_OF_RUSTC) => {
            let found = found.join("; ");
            report.skip(
                name,
                format!("clippy of rustc {version} has other lints: {found}"),
            );
        }
        Ok((found, _)) => report.note_problems(name, found),
        Err(error) => drop(report.note(name, Err::<(), _>(error))),
    }
    report
}

/// Compiles with clippy, in a build directory of its own: clippy changes the generated code.
fn clippy_warnings(session: &Session, step: &Step, kernel: &Kernel) -> Result<Vec<String>> {
    let clippy = kernel.with_build("clippy");
    clippy.configure(&session.workspace, &session.progress)?;
    let log = session.workspace.cache("logs/clippy-kernel.log");
    let mut prepare = clippy.make(Lints::Clippy);
    process::logged(step, prepare.arg("modules_prepare"), &log)?;
    let mut all = kbuild::warnings_about(kbuild::LIBRARY, &fs::read_to_string(&log)?);
    if !all.is_empty() {
        // The next build has to warn again.
        kbuild::remove(&clippy.build.join("rust/kernel.o"))?;
    }
    // The symbols are those of the built kernel, so there is no need to link another.
    fs::copy(
        kernel.build.join("Module.symvers"),
        clippy.build.join("Module.symvers"),
    )?;
    for directory in super::suites::DIRECTORIES.iter().chain(&["bench"]) {
        let directory = session.workspace.checkout.join(directory);
        let build = clippy.modules_command(&session.workspace, &directory, "", Lints::Clippy)?;
        let (mut make, output, log) = build;
        process::logged(step, &mut make, &log)?;
        let found = kbuild::warnings_about("", &fs::read_to_string(&log)?);
        if !found.is_empty() {
            kbuild::remove(&output)?;
        }
        all.extend(found);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_several_test_programs_add_up() {
        let log = "test result: ok. 22 passed; 0 failed; 0 ignored\n\
                   test result: FAILED. 3 passed; 2 failed; 0 ignored\n";
        assert_eq!(counts(log).expect("counts"), (25, 2));
        assert_eq!(counts("error: could not compile").expect("counts"), (0, 0));
    }
}
