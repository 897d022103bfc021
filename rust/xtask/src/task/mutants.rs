// SPDX-License-Identifier: GPL-2.0

//! `make mutants`: the library and its fixes of the kernel's own files, weakened in one way at a
//! time, and the check that has to notice.

use crate::build::kbuild::Kernel;
use crate::build::session::Session;
use crate::check::contract::{self, Compiler};
use crate::check::{cells, suites};
use crate::host::{process, table};
use crate::tree::files::{self, Files};
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
    /// Relative to the library, or from `rust/kernel/` on: a file that the series edits.
    file: String,
    anchor: String,
    replacement: String,
    /// The check that must fail.
    check: String,
}

impl Mutant {
    /// The path in a kernel tree.
    fn path(&self) -> String {
        match self.file.starts_with("rust/kernel/") {
            true => self.file.clone(),
            false => format!("rust/kernel/dma/{}", self.file),
        }
    }

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
    let library = Library::read(&session.workspace.checkout, &session.workspace.overlay())?;
    let grafted = series::grafted(&session.source.tree, &library, series::GRAFT)?;
    // What is wrong with an anchor shows before anything is built.
    for mutant in &mutant {
        mutated(&grafted, mutant)?;
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
        let failed = failed_checks(session, &kernel, &grafted, mutant)
            .with_context(|| format!("mutant: {}", mutant.name))?;
        let killed = failed.contains(&mutant.check);
        survivors += usize::from(!killed);
        eprintln!("    failed: {}", failed.join(", "));
        let verdict = if killed { "noticed" } else { "SURVIVED" };
        let failed = failed.join("\n");
        table.add_row([&mutant.name, &mutant.check, &failed, verdict]);
    }
    // The tree is as it was.
    files::write(&kernel.pristine, &kernel.tree, &grafted)?;
    println!("{table}");
    println!("{} mutants, {survivors} survived", mutant.len());
    Ok(super::exit_code(survivors == 0 && !mutant.is_empty()))
}

/// The grafted files, with the one changed that a mutant changes.
fn mutated(grafted: &Files, mutant: &Mutant) -> Result<Files> {
    let path = mutant.path();
    let text = grafted.get(&path).with_context(|| format!("no {path}"))?;
    let count = text.matches(&mutant.anchor).count();
    ensure!(
        count == 1,
        "mutant `{}`: its anchor is {count} times in {path}; mend it in mutants.toml",
        mutant.name,
    );
    let text = text.replacen(&mutant.anchor, &mutant.replacement, 1);
    let mut files = grafted.clone();
    files.insert(path, text);
    Ok(files)
}

/// The names of the checks that fail for a mutant.
fn failed_checks(
    session: &Session,
    kernel: &Kernel,
    grafted: &Files,
    mutant: &Mutant,
) -> Result<Vec<String>> {
    let (workspace, progress) = (&session.workspace, &session.progress);
    eprintln!("==> mutant: {}", mutant.name);
    let scratch = workspace.scratch("mutant-")?;
    let mutated = mutated(grafted, mutant)?;

    let compiled = if mutant.is_fast() {
        let tree = scratch.path().join("rust/kernel");
        fs::create_dir(scratch.path().join("rust"))?;
        copy(&kernel.tree.join("rust/kernel"), &tree)?;
        for (path, text) in &mutated {
            if path.starts_with("rust/kernel/") {
                fs::write(scratch.path().join(path), text)?;
            }
        }
        let library = scratch.path().join("libkernel.rmeta");
        Compiler::new(&kernel.build, scratch.path(), &workspace.checkout)?
            .against(&tree.join("lib.rs"), &library)
            .map(Some)
    } else {
        files::write(&kernel.pristine, &kernel.tree, &mutated)?;
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
    use std::env;

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
        let path = "rust/kernel/dma/a.rs".to_string();
        let grafted = Files::from([(path.clone(), "one two two".into())]);
        let files = mutated(&grafted, &mutant("one")).expect("once");
        assert_eq!(files[&path], "other two two");
        let error = mutated(&grafted, &mutant("two")).expect_err("twice");
        assert!(error.to_string().contains("2 times"), "{error}");
        assert!(mutated(&grafted, &mutant("three")).is_err());
    }

    #[test]
    fn the_list_of_the_repository_is_well_formed() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let text = fs::read_to_string(root.join("mutants.toml")).expect("the list");
        let list: Mutants = toml::from_str(&text).expect("well formed");
        let library = Library::read(&root.join("../.."), &root.join("../kernel/dma"));
        let tree = env::var_os("KERNEL_TREE");
        let tree = tree.expect("set KERNEL_TREE=<pristine 7.3 tree>; `make test` does");
        let library = library.expect("the library");
        let grafted = series::grafted(Path::new(&tree), &library, series::GRAFT).expect("a graft");
        for mutant in &list.mutant {
            mutated(&grafted, mutant).expect("an anchor");
        }
    }
}
