// SPDX-License-Identifier: GPL-2.0

//! The series as mail: the patches, and what a maintainer would try on them first.

use super::edits::SECTION;
use super::git::{Git, Identity};
use super::series::Commit;
use crate::host::process;
use anyhow::{Context, Result, bail};
use regex_lite::Regex;
use std::fs;
use std::path::{Path, PathBuf};

/// Writes the patches of `branch` and a cover letter to `dir`, which is emptied first.
pub fn write(
    git: &Git,
    (base, branch): (&str, &str),
    dir: &Path,
    commits: &[Commit],
    identity: &Identity,
    cover: &str,
) -> Result<Vec<PathBuf>> {
    if dir.exists() {
        fs::remove_dir_all(dir).with_context(|| format!("cannot clear {}", dir.display()))?;
    }
    git.run(["config", &format!("branch.{branch}.description"), cover])?;
    let mut format = git.plain_command([
        "format-patch",
        "--quiet",
        "--cover-letter",
        "--cover-from-description=subject",
        "--subject-prefix=PATCH",
        "--no-signature",
    ]);
    format
        .arg("--output-directory")
        .arg(dir)
        .arg(format!("{base}..{branch}"));
    identity.make(&mut format);
    process::output(&mut format)?;
    let mut patches = Vec::new();
    for entry in fs::read_dir(dir)? {
        patches.push(entry?.path());
    }
    patches.sort();
    if patches.len() != commits.len() + 1 {
        bail!("git format-patch wrote {} files", patches.len());
    }
    for (patch, commit) in patches.iter().skip(1).zip(commits) {
        if commit.step.rfc {
            let text = fs::read_to_string(patch)?;
            fs::write(
                patch,
                text.replacen("\nSubject: [PATCH ", "\nSubject: [RFC PATCH ", 1),
            )?;
        }
    }
    Ok(patches)
}

/// Fails for anything that the tree's own checkpatch has to say about a patch.
pub fn checkpatch(tree: &Path, patches: &[PathBuf], signed: bool) -> Result<()> {
    let clean = Regex::new(r"(?m)^total: 0 errors, 0 warnings, 0 checks, \d+ lines checked$")?;
    let mut found = String::new();
    for patch in patches.iter().skip(1) {
        let mut check = process::command("perl");
        check
            .arg(tree.join("scripts/checkpatch.pl"))
            .arg("--strict");
        if !signed {
            check.arg("--no-signoff");
        }
        let output = check.arg(patch).current_dir(tree).output();
        let output = output.context("cannot run checkpatch.pl")?;
        let text = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() || !clean.is_match(&text) {
            let errors = String::from_utf8_lossy(&output.stderr);
            found += &format!("{}:\n{text}{errors}", patch.display());
        }
    }
    match found.is_empty() {
        true => Ok(()),
        false => bail!("checkpatch.pl complains:\n{found}"),
    }
}

/// Applies the patches to the base with `git am`. The result must be the tree of the series.
pub fn am(git: &Git, base: &str, tip: &str, patches: &[PathBuf]) -> Result<()> {
    let scratch = tempfile::tempdir_in(git.dir.parent().unwrap_or(&git.dir))?;
    let clone = Git::at(&scratch.path().join("linux"));
    let mut command = git.plain_command(["clone", "--quiet", "--shared", "--no-checkout"]);
    process::output(command.arg(&git.dir).arg(&clone.dir))?;
    let base = git.commit_of(base)?.context("the base is no commit")?;
    // The index has the whole tree, the working tree only what the patches change.
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

/// Fails for a new file for which get_maintainer.pl does not find the section of `MAINTAINERS`.
pub fn maintainers(tree: &Path, commits: &[Commit]) -> Result<()> {
    let last = commits.last().context("the series is empty")?;
    let list = tempfile::NamedTempFile::new().context("no temporary file")?;
    let text = last.files.get("MAINTAINERS");
    fs::write(
        &list,
        text.context("the series does not change MAINTAINERS")?,
    )?;
    for path in last.files.keys().filter(|path| !tree.join(path).exists()) {
        // From standard input it takes patches only.
        let patch = format!("--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+\n");
        let mut get = process::command("perl");
        get.arg("scripts/get_maintainer.pl")
            .args(["--no-git", "--no-git-fallback", "--sections", "--mpath"])
            .arg(list.path())
            .current_dir(tree)
            .stdin(process::input(&patch)?);
        if !process::output(&mut get)?.contains(SECTION) {
            bail!("get_maintainer.pl does not find \"{SECTION}\" for {path}");
        }
    }
    Ok(())
}

/// How many files a commit changes, and lines that it adds and removes.
pub fn stat(git: &Git, commit: &str) -> Result<[usize; 3]> {
    let text = git.run(["show", "--format=", "--numstat", "--no-renames", commit])?;
    let mut sum = [0; 3];
    for line in text.lines() {
        let mut fields = line.split('\t');
        let mut next = || fields.next().and_then(|field| field.parse().ok());
        sum[0] += 1;
        sum[1] += next().unwrap_or(0);
        sum[2] += next().unwrap_or(0);
    }
    Ok(sum)
}
