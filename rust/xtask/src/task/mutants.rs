// SPDX-License-Identifier: GPL-2.0

//! `make mutants`: the library, weakened in one way at a time, and the check that has to notice.

use crate::build::kbuild::Kernel;
use crate::build::session::Session;
use crate::check::contract::{self, Messages, compiler::Compiler};
use crate::check::{in_qemu, suites};
use crate::host::{process, table};
use crate::tree::library::Library;
use crate::tree::series;
use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

/// The check of the compiler itself: the weakened library is not Rust any more.
const COMPILER: &str = "compiler";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mutants {
    mutant: Vec<Mutant>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mutant {
    name: String,
    /// Relative to the library.
    file: String,
    anchor: String,
    replacement: String,
    /// The check that must fail.
    check: String,
}

impl Mutant {
    /// Whether compiling is enough to find out.
    fn is_fast(&self) -> bool {
        self.check == COMPILER || self.check.starts_with("contract: ")
    }
}

pub fn run(session: &Session, only: &str) -> Result<ExitCode> {
    let path = session.workspace.checkout.join("rust/xtask/mutants.toml");
    let text = fs::read_to_string(&path).with_context(|| format!("no {}", path.display()))?;
    let Mutants { mut mutant } =
        toml::from_str(&text).with_context(|| path.display().to_string())?;
    mutant.retain(|mutant| mutant.check.contains(only) || mutant.name.contains(only));
    // What is wrong with an anchor shows before anything is built.
    for mutant in &mutant {
        mutated(&session.workspace.overlay(), mutant)?;
    }

    let kernel = session.debug_kernel()?;
    let baseline = contract::check(session, &kernel, Messages::Compare)?;
    ensure!(
        baseline.good(),
        "the contract fails already, see `make contract`:\n{}",
        baseline.explanations()
    );
    if mutant.iter().any(|mutant| !mutant.is_fast()) {
        let modules = suites::modules(session, &kernel)?;
        let report = in_qemu::run(session, &kernel, &modules)?;
        ensure!(
            report.good(),
            "the suites fail already, see `make test`:\n{}",
            report.explanations()
        );
    }

    let mut survivors = 0;
    let mut table = table::new(["weakened", "must fail", "failed", "verdict"]);
    for mutant in &mutant {
        let name = format!("mutant: {}", mutant.name);
        let failed = if mutant.is_fast() {
            fast_checks(session, &kernel, mutant, &name)
        } else {
            slow_checks(session, &kernel, mutant, &name)
        };
        let mut failed = failed.with_context(|| name.clone())?;
        failed.dedup();
        let killed = failed.contains(&mutant.check);
        survivors += usize::from(!killed);
        eprintln!("    failed: {}", failed.join(", "));
        table.add_row([
            mutant.name.clone(),
            mutant.check.clone(),
            failed.join("\n"),
            if killed { "noticed" } else { "SURVIVED" }.to_string(),
        ]);
    }
    // The tree is as it was.
    graft_with(session, &kernel, &session.workspace.overlay())?;
    println!("{table}");
    println!("{} mutants, {survivors} survived", mutant.len());
    Ok(match survivors {
        0 if !mutant.is_empty() => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

/// Grafts the library with the files of `overlay`.
fn graft_with(session: &Session, kernel: &Kernel, overlay: &Path) -> Result<()> {
    let library = Library::read(&session.workspace.checkout, overlay)?;
    series::graft(&kernel.pristine, &kernel.tree, &library, series::GRAFT).map(drop)
}

/// The text of the file that a mutant changes, changed.
fn mutated(overlay: &Path, mutant: &Mutant) -> Result<String> {
    let path = overlay.join(&mutant.file);
    let text = fs::read_to_string(&path).with_context(|| format!("no {}", path.display()))?;
    let count = text.matches(&mutant.anchor).count();
    if count != 1 {
        bail!(
            "mutant `{}`: its anchor is {count} times in {}; mend it in mutants.toml",
            mutant.name,
            path.display()
        );
    }
    Ok(text.replacen(&mutant.anchor, &mutant.replacement, 1))
}

/// The checks of the contract that fail.
fn fast_checks(
    session: &Session,
    kernel: &Kernel,
    mutant: &Mutant,
    name: &str,
) -> Result<Vec<String>> {
    let workspace = &session.workspace;
    session.progress.step(name, |_| {
        let scratch = workspace.scratch("mutant-")?;
        let compiler = Compiler::new(&kernel.build, scratch.path())?;
        let source = scratch.path().join("kernel");
        copy(&kernel.tree.join("rust/kernel"), &source)?;
        fs::remove_dir_all(source.join("dma"))?;
        mutate(&workspace.overlay(), mutant, &source.join("dma"))?;
        let metadata = scratch.path().join("libkernel.rmeta");
        let outcome = compiler.kernel_metadata(&source.join("lib.rs"), &metadata)?;
        if !outcome.errors.is_empty() {
            return Ok(vec![COMPILER.to_string()]);
        }
        let compiler = compiler.against(&metadata);
        let report = contract::of_library(&compiler, &workspace.checkout, Messages::Ignore)?;
        Ok(report.failing().map(|check| check.name.clone()).collect())
    })
}

/// The checks of a run in QEMU that fail.
fn slow_checks(
    session: &Session,
    kernel: &Kernel,
    mutant: &Mutant,
    name: &str,
) -> Result<Vec<String>> {
    eprintln!("==> {name}");
    let scratch = session.workspace.scratch("mutant-")?;
    let overlay = scratch.path().join("dma");
    mutate(&session.workspace.overlay(), mutant, &overlay)?;
    graft_with(session, kernel, &overlay)?;
    if let Err(error) = kernel.build(&session.workspace, &session.progress) {
        eprintln!("{error:#}");
        return Ok(vec![COMPILER.to_string()]);
    }
    let modules = suites::modules(session, kernel)?;
    let report = in_qemu::run(session, kernel, &modules)?;
    Ok(report.failing().map(|check| check.name.clone()).collect())
}

/// Copies the library to `to`, which does not exist, and weakens the copy.
fn mutate(library: &Path, mutant: &Mutant, to: &Path) -> Result<()> {
    copy(library, to)?;
    fs::write(to.join(&mutant.file), mutated(library, mutant)?).with_context(|| mutant.file.clone())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    process::output(Command::new("cp").arg("-a").arg(from).arg(to)).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mutant(anchor: &str) -> Mutant {
        Mutant {
            name: "a test".into(),
            file: "a.rs".into(),
            anchor: anchor.into(),
            replacement: "other".into(),
            check: COMPILER.into(),
        }
    }

    #[test]
    fn an_anchor_is_there_once() {
        let dir = tempfile::tempdir().expect("a directory");
        fs::write(dir.path().join("a.rs"), "one two two").expect("written");
        let text = mutated(dir.path(), &mutant("one")).expect("once");
        assert_eq!(text, "other two two");
        let error = mutated(dir.path(), &mutant("two")).expect_err("twice");
        assert!(error.to_string().contains("2 times"), "{error}");
        assert!(mutated(dir.path(), &mutant("three")).is_err());
    }

    #[test]
    fn the_list_of_the_repository_is_well_formed() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let text = fs::read_to_string(root.join("mutants.toml")).expect("the list");
        let list: Mutants = toml::from_str(&text).expect("well formed");
        for mutant in &list.mutant {
            mutated(&root.join("../kernel/dma"), mutant).expect("an anchor");
        }
    }
}
