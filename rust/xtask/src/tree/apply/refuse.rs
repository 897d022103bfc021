// SPDX-License-Identifier: GPL-2.0

//! Why a tree is refused, each with the way out.

use crate::setup::source;
use crate::tree::git::Git;
use crate::tree::library::DMA_RS;
use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::fs;

/// The git tree whose top is `kdir`.
pub fn own_tree(kdir: &OsString) -> Result<Git> {
    if kdir.is_empty() {
        bail!("name a tree, as in `make apply KDIR=~/linux`");
    }
    let path = super::expand_home(kdir);
    let named = format!("KDIR={}", path.display());
    let path = fs::canonicalize(&path).with_context(|| format!("{named}: no such directory"))?;
    let way_out = "name the top of a git tree of Linux 7.3 with KDIR= (for a tree without git: \
                   `git init && git add -f . && git commit -m linux` in it)";
    if !path.is_dir() {
        bail!("{named} is not a directory; {way_out}");
    }
    let git = Git::at(&path);
    let top = git
        .run(["rev-parse", "--show-toplevel"])
        .with_context(|| format!("{named} is no working tree of git; {way_out}"))?;
    if fs::canonicalize(&top).ok().as_deref() != Some(&path) {
        bail!("{named} is part of the git tree {top}; {way_out}");
    }
    Ok(git)
}

/// The branch to return to.
pub fn current_branch(git: &Git) -> Result<String> {
    let branch = git.try_run(["symbolic-ref", "--quiet", "--short", "HEAD"])?;
    branch.with_context(|| {
        let dir = git.dir.display();
        format!("{dir} is on no branch (HEAD is detached); make one with `git switch -c mine`")
    })
}

/// Fails for uncommitted changes and for an operation in progress.
pub fn unclean(git: &Git) -> Result<()> {
    let dir = git.dir.display();
    for (file, command) in [
        ("MERGE_HEAD", "merge"),
        ("CHERRY_PICK_HEAD", "cherry-pick"),
        ("REVERT_HEAD", "revert"),
        ("rebase-apply", "am"),
        ("rebase-merge", "rebase"),
    ] {
        let path = git.run(["rev-parse", "--git-path", file])?;
        if git.dir.join(path).exists() {
            bail!(
                "{dir} is in the middle of a `git {command}`; finish it, or end it with `git \
                 {command} --abort`"
            );
        }
    }
    let changes = git.run(["status", "--porcelain", "--untracked-files=no"])?;
    if changes.is_empty() {
        return Ok(());
    }
    let some: Vec<_> = changes.lines().take(5).collect();
    bail!(
        "{dir} has uncommitted changes; commit them or `git stash` them ({} files):\n{}",
        changes.lines().count(),
        some.join("\n")
    )
}

/// Fails for a tree that is not Linux 7.3 with Rust DMA.
pub fn unsupported(git: &Git, commit: &str) -> Result<()> {
    let dir = git.dir.display();
    let way_out =
        "check out a branch of Linux 7.3 (from the stable tree: `git switch -c mine v7.3`)";
    let not_a_kernel = || format!("{dir} is no kernel tree; {way_out}");
    let makefile = git.file(commit, "Makefile")?.with_context(not_a_kernel)?;
    let version = source::version_in(&makefile, &git.dir.join("Makefile"));
    let (major, minor) = version.with_context(not_a_kernel)?;
    if (major, minor) != (7, 3) {
        bail!("{dir} is Linux {major}.{minor}, and the library is for 7.3; {way_out}");
    }
    if git.file(commit, DMA_RS)?.is_none() {
        bail!("{dir} has no {DMA_RS}, so no Rust support for DMA; {way_out}");
    }
    Ok(())
}
