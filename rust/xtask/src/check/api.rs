// SPDX-License-Identifier: GPL-2.0

//! The public API of the grafted `kernel` crate against that of the pristine one, as rustdoc sees it.
//!
//! Whatever Linux 7.3 offers has to be there, or be listed in `docs/api-differences.md` with the
//! reason; so has what is new. A list that says too much fails like one that says too little.

mod instance;
mod listed;
mod surface;

use crate::build::kbuild::Kernel;
use crate::build::kbuild_cmd::KbuildCommand;
use crate::build::session::Session;
use crate::host::process;
use crate::host::progress::Step;
use crate::host::workspace::Workspace;
use crate::setup::source;
use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use surface::Surface;

/// Where the differences are listed, in the checkout.
const LIST: &str = "docs/api-differences.md";

/// What was compared.
#[derive(Debug)]
pub struct Report {
    /// How many public items, signatures and impls Linux 7.3's crate has.
    pub compared: usize,
    /// How many of them are about coherent memory.
    pub family: usize,
    pub missing: usize,
    pub new: usize,
}

/// What came of a check that did not fail.
#[derive(Debug)]
pub enum Outcome {
    Compared(Report),
    /// This rustdoc writes what the tool cannot read: the reason, and the way out.
    Unreadable(String),
}

/// What one crate has and the other has not.
#[derive(Debug, Default, PartialEq)]
struct Difference {
    missing: BTreeSet<String>,
    new: BTreeSet<String>,
}

fn compare(pristine: &Surface, grafted: &Surface) -> Difference {
    let offered = grafted.offered();
    Difference {
        missing: pristine.lines().difference(&offered).cloned().collect(),
        new: grafted.new_against(&pristine.lines()),
    }
}

/// Compares the crates and the list. `kernel` is grafted and built.
pub fn check(workspace: &Workspace, step: &Step, kernel: &Kernel) -> Result<Outcome> {
    if let Some(reason) = unreadable(workspace)? {
        return Ok(Outcome::Unreadable(reason));
    }
    let pristine = Surface::read(&pristine_json(workspace, step, kernel)?)?;
    let dir = workspace.cache("api/grafted");
    rustdoc(workspace, step, kernel, &kernel.tree, &dir)?;
    let grafted = Surface::read(&dir.join("kernel.json"))?;

    let found = compare(&pristine, &grafted);
    let path = workspace.checkout.join(LIST);
    let text = fs::read_to_string(&path).with_context(|| format!("no {}", path.display()))?;
    listed::parse(&text)
        .and_then(|list| list.judge(&found))
        .with_context(|| LIST.to_string())?;
    let lines = pristine.lines();
    Ok(Outcome::Compared(Report {
        compared: lines.len(),
        family: lines
            .iter()
            .filter(|line| line.contains("Coherent"))
            .count(),
        missing: found.missing.len(),
        new: found.new.len(),
    }))
}

/// `xtask api`.
pub fn run(session: &Session) -> Result<()> {
    let kernel = session.debug_kernel()?;
    let outcome = session
        .progress
        .step("comparing the public API with Linux 7.3's", |step| {
            check(&session.workspace, step, &kernel)
        })?;
    match outcome {
        Outcome::Compared(report) => println!("{report}"),
        Outcome::Unreadable(reason) => bail!("{reason}"),
    }
    Ok(())
}

impl std::fmt::Display for Report {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            to,
            "public API: {} of Linux 7.3 compared ({} about coherent memory); {} not here and {} new, \
             all listed in {LIST}",
            self.compared, self.family, self.missing, self.new
        )
    }
}

/// rustdoc's JSON of the pristine crate, which is made once for a source, toolchain and configuration.
fn pristine_json(workspace: &Workspace, step: &Step, kernel: &Kernel) -> Result<PathBuf> {
    let key = source::hex(&Sha256::digest(kernel.identity()?));
    let dir = workspace.cache("api").join(format!("pristine-{key}"));
    if !dir.join("kernel.json").is_file() {
        rustdoc(workspace, step, kernel, &kernel.pristine, &dir)?;
    }
    Ok(dir.join("kernel.json"))
}

/// Has rustdoc write the JSON of the `kernel` crate of `tree` to `dir`.
///
/// The crates that it depends on are those of `kernel` for every tree, since a graft touches nothing
/// but the `kernel` crate.
fn rustdoc(
    workspace: &Workspace,
    step: &Step,
    kernel: &Kernel,
    tree: &Path,
    dir: &Path,
) -> Result<()> {
    let KbuildCommand {
        variables,
        arguments,
    } = KbuildCommand::read(&kernel.build)?;
    let arguments = arguments
        .into_iter()
        .filter(|word| !word.starts_with("--remap-path"));

    let scratch = workspace.scratch("api-")?;
    let mut rustdoc = process::command("rustdoc");
    rustdoc
        .current_dir(&kernel.build)
        .envs(variables)
        // As kbuild does: the kernel is written in a language with unstable features.
        .env("RUSTC_BOOTSTRAP", "1")
        .args(arguments)
        .args(["--output-format", "json", "--out-dir"])
        .arg(scratch.path())
        .arg(tree.join("rust/kernel/lib.rs"));
    process::logged(step, &mut rustdoc, &workspace.cache("logs/api.log"))?;
    fs::create_dir_all(dir)?;
    fs::rename(scratch.path().join("kernel.json"), dir.join("kernel.json"))
        .with_context(|| format!("cannot put rustdoc's JSON into {}", dir.display()))
}

/// Whether this rustdoc writes what this tool can read; if not, the reason and the way out.
fn unreadable(workspace: &Workspace) -> Result<Option<String>> {
    let dir = workspace.scratch("api-format-")?;
    let root = dir.path().join("empty.rs");
    fs::write(&root, "")?;
    process::output(
        Command::new("rustdoc")
            .env("RUSTC_BOOTSTRAP", "1")
            .args(["--crate-type", "lib", "-Zunstable-options"])
            .args(["--output-format", "json", "--out-dir"])
            .arg(dir.path())
            .arg(&root),
    )?;
    let format = surface::format(&fs::read_to_string(dir.path().join("empty.json"))?)?;
    Ok((format != surface::FORMAT).then(|| {
        format!(
            "this rustdoc writes JSON of format {format}, and the tool reads {}; use rustc 1.95, or \
             name the version of `public-api` for this one in rust/xtask/Cargo.toml",
            surface::FORMAT
        )
    }))
}

#[cfg(test)]
mod tests;
