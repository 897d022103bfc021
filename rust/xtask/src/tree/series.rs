// SPDX-License-Identifier: GPL-2.0

//! The library as a list of steps, each a program that makes its files from those of the kernel tree
//! and of this repository; no text of the kernel is kept here. The graft is the first of the steps,
//! all at once; the series of patches has a commit for each.

mod steps;
#[cfg(test)]
pub mod tests;

use super::edits;
use super::files::{Files, Tree};
use super::git::Identity;
use super::library::{FEATURES, Library};
use anyhow::{Context, Result};

pub struct Step {
    /// The commit message.
    pub message: &'static str,
    /// Whether the patch is a proposal.
    pub rfc: bool,
    /// The module that the step adds, and before it the configuration fragment that builds it.
    pub module: Option<(&'static str, &'static str)>,
    run: fn(&mut Tree, &Library) -> Result<()>,
}

impl Step {
    pub fn subject(&self) -> &'static str {
        self.message.lines().next().unwrap_or_default()
    }
}

macro_rules! step {
    ($name:literal, $run:expr $(, $field:ident: $value:expr)*) => {
        Step {
            message: include_str!(concat!("../../series/", $name, ".txt")),
            run: $run,
            $($field: $value,)*
            ..steps::PLAIN
        }
    };
}

macro_rules! edits {
    ($name:literal) => {
        |tree, _| edits::apply(tree, include_str!(concat!("../../series/", $name, ".toml")))
    };
}

pub const STEPS: &[Step] = &[
    step!("projection", edits!("projection")),
    step!("io", edits!("io")),
    step!("move", steps::pure_move),
    step!("kind", steps::kind),
    step!("alias", steps::alias),
    step!("at", |tree, library| steps::feature(tree, library, "at"), rfc: true),
    step!("cast", |tree, library| steps::feature(
        tree, library, "cast"
    )),
    step!("range", |tree, library| steps::feature(tree, library, "range"), rfc: true),
    step!("zeroed", |tree, library| steps::feature(
        tree, library, "zeroed"
    )),
    step!("bound", |tree, library| steps::feature(tree, library, "bound"), rfc: true),
    step!("kunit", steps::kunit, module: Some((
        "series-kunit",
        "lib/tests/dma_coherent/coherent_kunit.ko",
    ))),
    step!("nova_fb", edits!("nova_fb")),
    step!("nova_range", edits!("nova_range"), rfc: true),
    step!("edu", |tree, library| steps::sample(tree, library, "edu"), module: Some((
        "series-edu",
        "samples/rust/rust_dma_edu.ko",
    ))),
    step!("flush_page", |tree, library| steps::sample(tree, library, "flush_page"), module: Some((
        "series-flush_page",
        "samples/rust/rust_dma_flush_page.ko",
    ))),
    step!("nvme_copy", |tree, library| steps::sample(tree, library, "nvme_copy"), module: Some((
        "series-nvme_copy",
        "samples/rust/rust_dma_nvme_copy.ko",
    ))),
];

/// The steps before the first that replaces code of Linux 7.3, and those up to the last.
const BEFORE_KIND: usize = 3;
pub const REPLACING: usize = 5;
/// The steps that a graft makes: the fixes and the whole library.
pub const GRAFT: usize = REPLACING + FEATURES.len();

/// A commit to be.
pub struct Commit {
    pub step: &'static Step,
    pub message: String,
    /// The files that it writes.
    pub changes: Files,
    /// All files that differ from the base after it.
    pub files: Files,
}

/// Works out the first `count` steps on a base. Writes nothing.
pub fn plan(
    base: &dyn Fn(&str) -> Result<Option<String>>,
    library: &Library,
    count: usize,
    signer: Option<&Identity>,
) -> Result<Vec<Commit>> {
    let mut tree = Tree::new(base);
    let mut commits = Vec::new();
    for step in &STEPS[..count] {
        let before = tree.changed.clone();
        (step.run)(&mut tree, library)
            .and_then(|()| steps::maintain(&mut tree, &before))
            .with_context(|| format!("the step \"{}\"", step.subject()))?;
        let is_new = |(path, text): &(&String, &String)| before.get(*path) != Some(*text);
        let changes = tree.changed.iter().filter(is_new);
        let changes = changes.map(|(path, text)| (path.clone(), text.clone()));
        commits.push(Commit {
            step,
            message: message(step, signer),
            changes: changes.collect(),
            files: tree.changed.clone(),
        });
    }
    Ok(commits)
}

/// The message of a step. A sign-off joins the trailers, if it has any.
fn message(step: &Step, signer: Option<&Identity>) -> String {
    let message = step.message.trim_end();
    let Some(signer) = signer else {
        return format!("{message}\n");
    };
    let last = message.lines().next_back().unwrap_or_default();
    let is_trailer = ["Suggested-by: ", "Link: "]
        .iter()
        .any(|start| last.starts_with(start));
    let blank = if is_trailer { "" } else { "\n" };
    format!("{message}\n{blank}{}\n", signer.sign_off())
}

/// Lines of code in the files of `rust/kernel/dma*`.
pub fn code_lines(files: &Files) -> usize {
    let dma = files
        .iter()
        .filter(|(path, _)| path.starts_with("rust/kernel/dma"));
    dma.map(|(_, text)| code_lines_of(text)).sum()
}

/// Lines that are neither blank nor comments, imports, module declarations or compiler messages.
fn code_lines_of(text: &str) -> usize {
    let mut count = 0;
    let mut end_of_skipped = None;
    for line in text.lines() {
        let line = line.split("//").next().unwrap_or_default().trim();
        let starts = |starts: &[&str]| starts.iter().any(|start| line.starts_with(start));
        if end_of_skipped.is_none() {
            end_of_skipped = if starts(&["use ", "pub use "]) {
                Some(";")
            } else if starts(&["#[diagnostic::"]) {
                Some(")]")
            } else if starts(&["mod ", "pub mod "]) && line.ends_with(';') || line.is_empty() {
                Some("")
            } else {
                count += 1;
                None
            };
        }
        end_of_skipped = end_of_skipped.filter(|end| !line.ends_with(end));
    }
    count
}

/// The lines of code of `rust/kernel/dma*` before and after the patches that replace some. Fails if
/// the replacement is longer.
pub fn balance(commits: &[Commit]) -> Result<(usize, usize)> {
    let lines = |step: usize| Some(code_lines(&commits.get(step - 1)?.files));
    let (before, after) = lines(BEFORE_KIND)
        .zip(lines(REPLACING))
        .context("the series is too short")?;
    if after > before {
        anyhow::bail!(
            "the library replaces {before} lines of code in rust/kernel/dma* by {after}; it must \
             not be longer than what it replaces"
        );
    }
    Ok((before, after))
}
