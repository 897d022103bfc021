// SPDX-License-Identifier: GPL-2.0

//! Every commit by itself: it builds without a warning, boots, and its tests pass.

use super::Planned;
use crate::build::architecture::Target;
use crate::build::kbuild::{self, Kernel};
use crate::build::session::Session;
use crate::host::progress::Step;
use crate::host::workspace::Workspace;
use crate::run::boot::{self, Boot, Plan};
use crate::setup::source::Source;
use crate::tree::git::Git;
use crate::verdict::{Expected, Verdict};
use anyhow::{Context, Result};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The user in the tree of which there is a device in QEMU.
const RUST_DMA: &str = "samples/rust/rust_dma.ko";

/// Builds and boots each commit, one after the other in one tree, and returns how many tests passed.
pub fn run(
    session: &Session,
    source: &Source,
    git: &Git,
    planned: &[Planned],
    commits: &[String],
) -> Result<Vec<usize>> {
    let (toolchain, _) = session.prepare()?;
    let tree = tree(session, source)?;
    let mut fragments = vec!["debug", "series"];
    let mut modules = vec![RUST_DMA];
    let mut passed = Vec::new();
    for (now, commit) in planned.iter().zip(commits) {
        if let Some((fragment, module)) = now.step.module {
            fragments.push(fragment);
            modules.push(module);
        }
        bring_to(&tree, git, commit, planned)?;
        let workspace = &session.workspace;
        let kernel = Kernel::new(
            workspace,
            &tree,
            source,
            &toolchain,
            Target::default(),
            "series",
            &fragments,
        );
        let of = || format!("the commit \"{}\"", now.subject());
        kernel
            .build(&session.workspace, &session.progress)
            .with_context(of)?;
        let tests = session.progress.step(&format!("booting {}", of()), |step| {
            boots(&session.workspace, step, &kernel, &modules)
        });
        passed.push(tests.with_context(of)?);
    }
    Ok(passed)
}

/// The tree that is brought to one commit after the other.
pub fn tree(session: &Session, source: &Source) -> Result<PathBuf> {
    let tree = session
        .workspace
        .cache("trees")
        .join(&source.id)
        .join("series");
    if !tree.is_dir() {
        session.progress.step("copying the pristine tree", |step| {
            kbuild::copy(&session.workspace, step, &source.tree, &tree)
        })?;
    }
    Ok(tree)
}

/// Boots a kernel, loads and unloads its modules, and returns how many tests passed.
fn boots(workspace: &Workspace, step: &Step, kernel: &Kernel, modules: &[&str]) -> Result<usize> {
    let mut plan = Plan::default();
    for module in modules {
        plan = plan.load_and_unload(&kernel.build.join(module));
    }
    let boot = Boot {
        name: "series",
        plan,
        arguments: &["-device", "edu", "-device", "pci-testdev"],
        limit: Duration::from_secs(300),
    };
    let logs = boot::run(workspace, step, kernel, &boot)?;
    let expected = Expected {
        suites: Some(Vec::new()),
        ..Expected::default()
    };
    Ok(Verdict::of(&logs, &expected).into_result()?.tests_passed())
}

/// Makes the files that the series is about those of a commit, and leaves what is the same.
pub fn bring_to(tree: &Path, git: &Git, commit: &str, planned: &[Planned]) -> Result<()> {
    // Another series may have been here, with other files.
    let list = tree.join(".coherent-series");
    let before = fs::read_to_string(&list).unwrap_or_default();
    let mut paths: BTreeSet<&str> = before.lines().collect();
    paths.extend(
        planned
            .iter()
            .flat_map(|planned| planned.changes.keys())
            .map(String::as_str),
    );
    let paths: Vec<_> = paths.into_iter().collect();
    fs::write(&list, paths.join("\n"))?;
    for path in paths {
        let file: PathBuf = tree.join(path);
        match git.file(commit, path)? {
            Some(text) if fs::read_to_string(&file).is_ok_and(|old| old == text) => {}
            Some(text) => {
                fs::create_dir_all(file.parent().context("a file is in a directory")?)?;
                fs::write(&file, text)
                    .with_context(|| format!("cannot write {}", file.display()))?;
            }
            None if file.exists() => fs::remove_file(&file)?,
            None => {}
        }
    }
    Ok(())
}
