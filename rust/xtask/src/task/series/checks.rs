// SPDX-License-Identifier: GPL-2.0

//! What a maintainer would try first: checkpatch, `git am`, get_maintainer.

use super::Planned;
use super::steps;
use crate::host::process;
use crate::host::workspace::Workspace;
use crate::tree::git::{Git, Identity};
use anyhow::{Context, Result, bail};
use regex_lite::Regex;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// Fails for anything that the tree's own checkpatch has to say about a patch.
pub fn checkpatch(tree: &Path, patches: &[PathBuf], signed: bool) -> Result<()> {
    let total = Regex::new(r"(?m)^total: 0 errors, 0 warnings, 0 checks, \d+ lines checked$")?;
    let mut found = Vec::new();
    // The first one is the cover letter.
    for patch in patches.iter().skip(1) {
        let mut check = process::command("perl");
        check
            .arg(tree.join("scripts/checkpatch.pl"))
            .arg("--strict")
            .current_dir(tree);
        if !signed {
            check.arg("--no-signoff");
        }
        let output = check
            .arg(patch)
            .stdin(Stdio::null())
            .output()
            .context("cannot run checkpatch.pl")?;
        let text = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() || !total.is_match(&text) {
            found.push(format!(
                "{}:\n{}{}",
                patch.display(),
                text.trim_end(),
                String::from_utf8_lossy(&output.stderr)
            ));
        }
    }
    if found.is_empty() {
        return Ok(());
    }
    bail!("checkpatch.pl finds something:\n{}", found.join("\n"))
}

/// Applies the patches to the base, as who gets them by mail does; the result is the same tree.
pub fn am(git: &Git, base: &str, tip: &str, patches: &[PathBuf]) -> Result<()> {
    let scratch = tempfile::tempdir_in(git.dir.parent().unwrap_or(&git.dir))
        .context("no temporary directory")?;
    let clone = Git::at(&scratch.path().join("linux"));
    let mut command = git.plain_command(["clone", "--quiet", "--shared", "--no-checkout"]);
    command.arg(&git.dir).arg(&clone.dir);
    process::output(&mut command)?;
    let base = git
        .commit_of(base)?
        .context("the base is not a commit any more")?;
    // The whole tree is in the index; of its files, those are written that the patches are about.
    clone.run(["sparse-checkout", "set", "--no-cone", "/Makefile"])?;
    clone.run(["checkout", "--quiet", "--detach", &base])?;
    let mut am = clone.plain_command(["am", "--quiet"]);
    Identity::nobody().make(&mut am);
    process::output(am.args(patches.iter().skip(1)))
        .context("`git am` does not apply the patches to the pristine tree")?;
    let ours = git.run(["rev-parse", &format!("{tip}^{{tree}}")])?;
    let theirs = clone.run(["rev-parse", "HEAD^{tree}"])?;
    if ours != theirs {
        bail!("`git am` of the patches gives the tree {theirs}, and the series is {ours}");
    }
    Ok(())
}

/// Fails for a new file of which get_maintainer.pl does not find who looks after it.
pub fn maintainers(git: &Git, workspace: &Workspace, tip: &str, planned: &[Planned]) -> Result<()> {
    // It wants to see a tree around it; these are what it looks for.
    let scratch = workspace.scratch("maintainers-")?;
    let root = scratch.path();
    for dir in [
        "Documentation",
        "arch",
        "include",
        "drivers",
        "fs",
        "init",
        "ipc",
        "kernel",
        "lib",
        "scripts",
    ] {
        fs::create_dir(root.join(dir))?;
    }
    for file in ["COPYING", "CREDITS", "Kbuild", "Makefile", "README"] {
        fs::write(root.join(file), "")?;
    }
    for file in ["MAINTAINERS", "scripts/get_maintainer.pl"] {
        let text = git
            .file(tip, file)?
            .with_context(|| format!("the tree has no {file}"))?;
        fs::write(root.join(file), text)?;
    }
    let new: Vec<_> = planned
        .iter()
        .flat_map(|planned| planned.changes.keys())
        .filter(|path| !matches!(git.file(super::BASE, path), Ok(Some(_))))
        .collect();
    for path in &new {
        let file = root.join(path);
        fs::create_dir_all(file.parent().unwrap_or(root))?;
        fs::write(&file, git.file(tip, path)?.unwrap_or_default())?;
        let mut get = process::command("perl");
        get.arg("scripts/get_maintainer.pl")
            .args(["--no-git", "--no-git-fallback", "--sections", "-f"])
            .arg(path)
            .current_dir(root);
        let text = process::output(&mut get)?;
        if !text.contains(steps::SECTION) {
            bail!(
                "get_maintainer.pl does not find \"{}\" for {path}",
                steps::SECTION
            );
        }
    }
    if new.is_empty() {
        bail!("the series has no new file");
    }
    Ok(())
}

/// How many files a commit changes, and lines that it adds and removes.
pub fn stat(git: &Git, commit: &str) -> Result<(usize, usize, usize)> {
    let text = git.run(["show", "--format=", "--numstat", "--no-renames", commit])?;
    let mut sum = (0, 0, 0);
    for line in text.lines() {
        let mut fields = line.split('\t');
        let mut next = || fields.next().and_then(|field| field.parse::<usize>().ok());
        sum.0 += 1;
        sum.1 += next().unwrap_or(0);
        sum.2 += next().unwrap_or(0);
    }
    Ok(sum)
}
