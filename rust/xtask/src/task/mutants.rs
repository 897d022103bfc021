// SPDX-License-Identifier: GPL-2.0

//! `make mutants`: the library, weakened in one way at a time, and the check that has to notice.

use crate::build::kbuild::Kernel;
use crate::build::session::Session;
use crate::check::contract::{self, Compiler};
use crate::check::{cells, suites};
use crate::host::{process, table};
use crate::tree::library::Library;
use crate::tree::series;
use crate::verdict::report::Report;
use anyhow::{Context, Result, ensure};
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
    let overlay = session.workspace.overlay();
    // What is wrong with an anchor shows before anything is built.
    for mutant in &mutant {
        mutated(&overlay, mutant)?;
    }

    let kernel = session.debug_kernel()?;
    let mut unchanged = contract::check(session, &kernel, false)?;
    if mutant.iter().any(|mutant| !mutant.is_fast()) {
        unchanged.extend(in_qemu(session, &kernel)?);
    }
    ensure!(
        unchanged.good(),
        "what the mutants shall break is broken already:\n{}",
        unchanged.explanations()
    );

    let mut survivors = 0;
    let mut table = table::new(["weakened", "must fail", "failed", "verdict"]);
    for mutant in &mutant {
        let failed = failed_checks(session, &kernel, mutant)
            .with_context(|| format!("mutant: {}", mutant.name))?;
        let killed = failed.contains(&mutant.check);
        survivors += usize::from(!killed);
        eprintln!("    failed: {}", failed.join(", "));
        let verdict = if killed { "noticed" } else { "SURVIVED" };
        let failed = failed.join("\n");
        table.add_row([&mutant.name, &mutant.check, &failed, verdict]);
    }
    // The tree is as it was.
    graft_with(session, &kernel, &overlay)?;
    println!("{table}");
    println!("{} mutants, {survivors} survived", mutant.len());
    Ok(super::exit_code(survivors == 0 && !mutant.is_empty()))
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
    ensure!(
        count == 1,
        "mutant `{}`: its anchor is {count} times in {}; mend it in mutants.toml",
        mutant.name,
        path.display()
    );
    Ok(text.replacen(&mutant.anchor, &mutant.replacement, 1))
}

/// The names of the checks that fail for a mutant.
fn failed_checks(session: &Session, kernel: &Kernel, mutant: &Mutant) -> Result<Vec<String>> {
    let (workspace, progress) = (&session.workspace, &session.progress);
    eprintln!("==> mutant: {}", mutant.name);
    let scratch = workspace.scratch("mutant-")?;
    let tree = scratch.path().join("rust/kernel");
    fs::create_dir(scratch.path().join("rust"))?;
    copy(&kernel.tree.join("rust/kernel"), &tree)?;
    let overlay = tree.join("dma");
    fs::remove_dir_all(&overlay)?;
    copy(&workspace.overlay(), &overlay)?;
    fs::write(
        overlay.join(&mutant.file),
        mutated(&workspace.overlay(), mutant)?,
    )?;

    let compiled = if mutant.is_fast() {
        let library = scratch.path().join("libkernel.rmeta");
        Compiler::new(&kernel.build, scratch.path(), &workspace.checkout)?
            .against(&tree.join("lib.rs"), &library)
            .map(Some)
    } else {
        graft_with(session, kernel, &overlay)?;
        kernel.build(workspace, progress).map(|()| None)
    };
    let report = match compiled {
        Ok(Some(compiler)) => progress.step("checking the contract", |_| {
            contract::of_library(&compiler, &workspace.checkout, false)
        })?,
        Ok(None) => in_qemu(session, kernel)?,
        Err(error) => {
            eprintln!("{error:#}");
            return Ok(vec![COMPILER.to_string()]);
        }
    };
    Ok(report.failing().map(|check| check.name.clone()).collect())
}

fn in_qemu(session: &Session, kernel: &Kernel) -> Result<Report> {
    let modules = suites::modules(session, kernel)?;
    cells::run_direct(session, kernel, &modules)
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
