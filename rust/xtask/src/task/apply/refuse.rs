// SPDX-License-Identifier: GPL-2.0

//! What a tree is refused for: each with the reason and the way out.

use crate::setup::source;
use crate::task::series::Planned;
use crate::tree::git::Git;
use anyhow::{Context, Result, bail};
use std::collections::HashSet;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// The git tree whose top is `path`.
pub fn own_tree(path: &Path) -> Result<Git> {
    let path = fs::canonicalize(path)
        .with_context(|| format!("KDIR={}: no such directory", path.display()))?;
    let git = Git::at(&path);
    let way_out = "name the top of a git tree of Linux 7.3 with KDIR= (for a tree without git: \
                   `git init && git add -f . && git commit -m linux` in it)";
    if !path.is_dir() {
        bail!("KDIR={} is not a directory; {way_out}", path.display());
    }
    // Asked for its top, git also says why it will not work with a tree, as with another's.
    let top = git.run(["rev-parse", "--show-toplevel"]).with_context(|| {
        format!(
            "KDIR={} is no working tree of git; {way_out}",
            path.display()
        )
    })?;
    if fs::canonicalize(&top).ok().as_deref() != Some(&path) {
        bail!(
            "KDIR={} is a part of the git tree {top} and not a tree by itself; {way_out}",
            path.display()
        );
    }
    Ok(git)
}

/// The branch that the tree is on.
pub fn current_branch(git: &Git) -> Result<String> {
    git.try_run(["symbolic-ref", "--quiet", "--short", "HEAD"])?
        .with_context(|| {
            format!(
                "{} is on no branch (its HEAD is detached), so there is nothing to return to; \
                 make one with `git switch -c mine`",
                git.dir.display()
            )
        })
}

/// Fails unless a branch of this name can be made.
pub fn branch_name(git: &Git, branch: &str) -> Result<()> {
    if git
        .try_run(["check-ref-format", "--branch", branch])?
        .as_deref()
        != Some(branch)
    {
        bail!("BRANCH={branch} is no name for a branch; choose another one");
    }
    let there: Vec<_> = git
        .run(["for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads"])?
        .lines()
        .map(str::to_string)
        .collect();
    let inside = |one: &str, other: &str| one.starts_with(&format!("{other}/"));
    if there.iter().any(|name| name == branch) {
        bail!(
            "the branch {branch} is there already; `make unapply` removes it if `make apply` made \
             it, or choose another name with BRANCH="
        );
    }
    if let Some(name) = there
        .iter()
        .find(|name| inside(name, branch) || inside(branch, name))
    {
        bail!(
            "git cannot have the branch {branch} beside {name}; choose another name with BRANCH="
        );
    }
    Ok(())
}

/// Fails if something of the tree is not committed, or in the middle of being.
pub fn clean(git: &Git) -> Result<()> {
    let dir = git.dir.display();
    for (file, what, end) in [
        ("MERGE_HEAD", "a merge", "merge"),
        ("CHERRY_PICK_HEAD", "a cherry-pick", "cherry-pick"),
        ("REVERT_HEAD", "a revert", "revert"),
        ("rebase-apply", "a `git am` or a rebase", "am"),
        ("rebase-merge", "a rebase", "rebase"),
    ] {
        let path = git.run(["rev-parse", "--git-path", file])?;
        if git.dir.join(path).exists() {
            bail!(
                "{dir} is in the middle of {what}; finish it, or end it with `git {end} --abort`"
            );
        }
    }
    let changes = git.run(["status", "--porcelain", "--untracked-files=no"])?;
    if changes.is_empty() {
        return Ok(());
    }
    let some: Vec<_> = changes.lines().take(5).collect();
    let more = match changes.lines().count() - some.len() {
        0 => String::new(),
        more => format!("\nand {more} more"),
    };
    bail!(
        "{dir} has changes that are not committed; commit them, or put them aside with \
         `git stash`:\n{}{more}",
        some.join("\n")
    )
}

/// Fails for a tree that the series is not for.
pub fn supported(git: &Git, commit: &str) -> Result<()> {
    let dir = git.dir.display();
    let way_out = "check out a branch of Linux 7.3 (for one from the stable tree: `git switch -c \
                   mine v7.3`)";
    let makefile = git
        .file(commit, "Makefile")?
        .with_context(|| format!("{dir} is no kernel tree: it has no Makefile; {way_out}"))?;
    let (major, minor) = source::version_in(&makefile, &git.dir.join("Makefile"))
        .with_context(|| format!("{dir} is no kernel tree; {way_out}"))?;
    if (major, minor) != (7, 3) {
        bail!("{dir} is Linux {major}.{minor}, and the library is for 7.3; {way_out}");
    }
    let dma = "rust/kernel/dma.rs";
    if git.file(commit, dma)?.is_none() {
        bail!("{dir} has no {dma}, that is, no Rust support for DMA; {way_out}");
    }
    Ok(())
}

/// Fails if there is something, which git does not know, where the series has a file.
pub fn conflicts(git: &Git, planned: &[Planned]) -> Result<()> {
    let head = git.run(["ls-tree", "-r", "--name-only", "HEAD"])?;
    let known: HashSet<_> = head.lines().collect();
    let paths = planned.iter().flat_map(|commit| commit.changes.keys());
    for path in paths.filter(|path| !known.contains(path.as_str())) {
        let file = git.dir.join(path);
        // A link that leads nowhere is in the way as well, and so is a file for a directory.
        match fs::symlink_metadata(&file) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            _ => bail!(
                "something is in the way of {}: the series has a file there, and git does not \
                 know what you have; move it elsewhere",
                file.display()
            ),
        }
    }
    Ok(())
}
