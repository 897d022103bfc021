// SPDX-License-Identifier: GPL-2.0

//! The pristine tree as a commit.

use crate::host::process;
use crate::host::progress::Step;
use crate::host::workspace::Workspace;
use crate::tree::git::{Git, Identity};
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

/// The commit of the pristine tree.
pub const BASE: &str = "refs/heads/pristine";

/// The bare repository at `home`, which gets the files of `tree` in its only commit.
pub fn of_tree(workspace: &Workspace, step: &Step, tree: &Path, home: &Path) -> Result<Git> {
    let git = Git::at(home);
    if git.dir.is_dir() {
        return Ok(git);
    }
    step.say("this reads the whole tree, once");
    let scratch = workspace.scratch("series-")?;
    let new = Git::at(&scratch.path().join("linux.git"));
    fs::create_dir(&new.dir)?;
    new.run(["init", "--quiet", "--bare"])?;
    // One pack in place of a file for each of a hundred thousand blobs.
    let mut add = new.command([
        "-c",
        "core.bigFileThreshold=1",
        "-c",
        "core.compression=1",
        "-c",
        "core.fsync=none",
    ]);
    // The tree's own ignore rules are about what is built in it, and nothing was.
    add.arg("--work-tree")
        .arg(tree)
        .args(["add", "--force", "--all", "."])
        .current_dir(tree);
    process::logged(step, &mut add, &workspace.cache("logs/series-base.log"))?;
    let root = new.run(["write-tree"])?;
    let mut commit = new.command(["commit-tree", &root, "-m", "Linux, as it was found"]);
    Identity::nobody().make(&mut commit);
    let base = process::output(&mut commit)?;
    new.run(["update-ref", BASE, base.trim_end()])?;
    fs::create_dir_all(home.parent().context("a repository is in a directory")?)?;
    fs::rename(&new.dir, &git.dir)
        .with_context(|| format!("cannot move the repository to {}", git.dir.display()))?;
    Ok(git)
}
