// SPDX-License-Identifier: GPL-2.0

//! The steps that turn Linux 7.3 into Linux with the library. A graft makes the first of the steps,
//! all at once; the series of patches has a commit for each.
//!
//! `rust/xtask/series` has the message of each step and its edits of the kernel's own files.

#[cfg(test)]
mod tests;

use super::edits;
use super::files::{self, Files, Tree};
use super::library::{FEATURES, Library};
use super::steps::{self, Adds};
use anyhow::{Context, Result};
use regex_lite::Regex;
use std::path::Path;

/// A step of the series.
pub struct Step {
    /// The name of its files in `rust/xtask/series`.
    name: &'static str,
    /// What it adds from this repository.
    adds: Adds,
    /// Whether the patch is a proposal.
    pub rfc: bool,
    /// The configuration fragment that builds the module that the step adds, and the module.
    pub module: Option<(&'static str, &'static str)>,
}

impl Step {
    const fn new(name: &'static str, adds: Adds) -> Self {
        Self {
            name,
            adds,
            rfc: false,
            module: None,
        }
    }

    const fn rfc(self) -> Self {
        Self { rfc: true, ..self }
    }

    const fn module(self, fragment: &'static str, module: &'static str) -> Self {
        let module = Some((fragment, module));
        Self { module, ..self }
    }
}

pub const STEPS: &[Step] = &[
    Step::new("projection", Adds::Nothing),
    Step::new("io", Adds::Nothing),
    Step::new("move", Adds::Nothing),
    Step::new("kind", Adds::AllButHandle),
    Step::new("alias", Adds::Features(0)),
    Step::new("at", Adds::Features(1)).rfc(),
    Step::new("cast", Adds::Features(2)),
    Step::new("range", Adds::Features(3)).rfc(),
    Step::new("zeroed", Adds::Features(4)),
    Step::new("bound", Adds::Features(5)).rfc(),
    Step::new("kunit", Adds::Suites)
        .module("series-kunit", "lib/tests/dma_coherent/coherent_kunit.ko"),
    Step::new("nova_fb", Adds::Nothing),
    Step::new("nova_range", Adds::Nothing).rfc(),
    Step::new("edu", Adds::Sample).module("series-edu", "samples/rust/rust_dma_edu.ko"),
    Step::new("flush_page", Adds::Sample)
        .module("series-flush_page", "samples/rust/rust_dma_flush_page.ko"),
    Step::new("nvme_copy", Adds::Sample)
        .module("series-nvme_copy", "samples/rust/rust_dma_nvme_copy.ko"),
];

/// The steps before the first that replaces code of Linux 7.3, and those up to the last.
const BEFORE_KIND: usize = 3;
const REPLACING: usize = 5;
/// The steps that a graft makes: the fixes and the whole library.
pub const GRAFT: usize = REPLACING + FEATURES.len();

/// A commit to be.
pub struct Commit {
    pub step: &'static Step,
    pub message: String,
    /// The files that it writes.
    pub changes: Files,
    /// All files that differ from the pristine tree after it.
    pub files: Files,
}

impl Commit {
    pub fn subject(&self) -> &str {
        self.message.lines().next().unwrap_or_default()
    }
}

/// Works out the first `count` steps on a pristine tree. Writes nothing.
pub fn plan(pristine: &Path, library: &Library, count: usize) -> Result<Vec<Commit>> {
    let mut tree = Tree::new(pristine);
    let mut commits = Vec::new();
    for step in &STEPS[..count] {
        let name = step.name;
        let before = tree.changed.clone();
        take(&mut tree, library, step).with_context(|| {
            format!(
                "the step \"{name}\" does not fit; it needs the text of Linux 7.3 where it changes \
                 something, as in an unmodified tree or tarball (KERNEL_SRC=, or none for Debian's)"
            )
        })?;
        let is_new = |(path, text): &(&String, &String)| before.get(*path) != Some(*text);
        let changes = tree.changed.iter().filter(is_new);
        let changes = changes.map(|(path, text)| (path.clone(), text.clone()));
        commits.push(Commit {
            step,
            message: library.text(&format!("rust/xtask/series/{name}.txt"))?,
            changes: changes.collect(),
            files: tree.changed.clone(),
        });
    }
    Ok(commits)
}

fn take(tree: &mut Tree, library: &Library, step: &Step) -> Result<()> {
    steps::add(tree, library, &step.adds, step.name)?;
    let edits = format!("rust/xtask/series/{}.toml", step.name);
    match library.has(&edits) {
        true => edits::apply(tree, &library.text(&edits)?),
        false => Ok(()),
    }
}

/// The files that differ from `pristine` after the first `count` steps.
pub fn grafted(pristine: &Path, library: &Library, count: usize) -> Result<Files> {
    let last = plan(pristine, library, count)?.pop();
    Ok(last.context("the series has steps")?.files)
}

/// Makes `tree`, a copy of `pristine`, what the first `count` steps make of it, and returns the files
/// that changed. Nothing changes unless all of it can be done.
pub fn graft(pristine: &Path, tree: &Path, library: &Library, count: usize) -> Result<Vec<String>> {
    files::write(pristine, tree, &grafted(pristine, library, count)?)
}

/// Lines of code in the files of `rust/kernel/dma*`: neither blank nor comments, imports, module
/// declarations or compiler messages.
pub fn code_lines(files: &Files) -> Result<usize> {
    let no_code = Regex::new(concat!(
        r"(?m)//.*|^\s*(?:pub )?use [^;]*;|^\s*(?:pub )?mod \w+;",
        r"|^\s*#\[diagnostic::(?s:.*?)\)\]$"
    ))?;
    let mut count = 0;
    for (path, text) in files {
        if path.starts_with("rust/kernel/dma") {
            let code = no_code.replace_all(text, "");
            count += code.lines().filter(|line| !line.trim().is_empty()).count();
        }
    }
    Ok(count)
}

/// The lines of code of `rust/kernel/dma*` before and after the patches that replace some. Fails if
/// the replacement is longer.
pub fn balance(commits: &[Commit]) -> Result<(usize, usize)> {
    let before = code_lines(&commits[BEFORE_KIND - 1].files)?;
    let after = code_lines(&commits[REPLACING - 1].files)?;
    anyhow::ensure!(
        after <= before,
        "the library replaces {before} lines of code in rust/kernel/dma* by {after}; it must not \
         be longer than what it replaces"
    );
    Ok((before, after))
}
