// SPDX-License-Identifier: GPL-2.0

//! The series as mail: the patches, and what a maintainer would try on them first.

use super::git::{Git, Identity};
use super::series::Commit;
use crate::host::process;
use anyhow::{Context, Result, bail, ensure};
use regex_lite::Regex;
use std::fs;
use std::path::{Path, PathBuf};

/// The section of `MAINTAINERS` for new files.
const SECTION: &str = "DMA MAPPING & SCATTERLIST API [RUST]";

/// Writes the patches of `branch` and a cover letter to `dir`, which is emptied first. Returns the
/// patches without the letter.
pub fn write(
    git: &Git,
    (base, branch): (&str, &str),
    dir: &Path,
    commits: &[Commit],
    cover: &str,
    sign_off: bool,
) -> Result<Vec<PathBuf>> {
    if dir.exists() {
        fs::remove_dir_all(dir).with_context(|| format!("cannot clear {}", dir.display()))?;
    }
    git.run(&["config", &format!("branch.{branch}.description"), cover])?;
    let range = format!("{base}..{branch}");
    let mut format = git.command(&["format-patch", "--cover-letter", "--no-signature", &range]);
    format
        .arg("--cover-from-description=subject")
        .args(sign_off.then_some("--signoff"))
        .arg("--output-directory")
        .arg(dir);
    let written = process::output(&mut format)?;
    let patches: Vec<_> = written.lines().skip(1).map(PathBuf::from).collect();
    for (patch, commit) in patches.iter().zip(commits) {
        if commit.step.rfc {
            let text = fs::read_to_string(patch)?;
            let text = text.replacen("\nSubject: [PATCH ", "\nSubject: [RFC PATCH ", 1);
            fs::write(patch, text)?;
        }
    }
    Ok(patches)
}

/// Fails for anything that the tree's own checkpatch has to say about a patch.
pub fn checkpatch(tree: &Path, patches: &[PathBuf], signed: bool) -> Result<()> {
    let clean = Regex::new(r"(?m)^total: 0 errors, 0 warnings, 0 checks, \d+ lines checked$")?;
    let mut found = String::new();
    for patch in patches {
        let mut check = process::command("perl");
        check
            .args(["scripts/checkpatch.pl", "--strict"])
            .args((!signed).then_some("--no-signoff"))
            .arg(patch)
            .current_dir(tree);
        let output = check.output().context("cannot run checkpatch.pl")?;
        let text = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() || !clean.is_match(&text) {
            let errors = String::from_utf8_lossy(&output.stderr);
            found += &format!("{}:\n{text}{errors}", patch.display());
        }
    }
    ensure!(found.is_empty(), "checkpatch.pl complains:\n{found}");
    Ok(())
}

/// Applies the patches to the base with `git am`. The result must be the tree of the branch.
pub fn am(git: &Git, (base, branch): (&str, &str), patches: &[PathBuf]) -> Result<()> {
    let scratch = tempfile::tempdir_in(git.dir.parent().unwrap_or(&git.dir))?;
    let clone = Git::at(scratch.path(), &Identity::nobody());
    let origin = git.dir.to_string_lossy();
    let options = ["--quiet", "--shared", "--no-checkout", "--branch", base];
    clone.run(&[&["clone"], &options[..], &[&*origin, "."]].concat())?;
    // The index has the whole tree, the working tree only what the patches change.
    clone.run(&["sparse-checkout", "set", "--no-cone", "/Makefile"])?;
    clone.run(&["checkout", "--quiet"])?;
    process::output(clone.command(&["am", "--quiet"]).args(patches))
        .context("`git am` does not apply the patches to the pristine tree")?;
    let ours = git.run(&["rev-parse", &format!("{branch}^{{tree}}")])?;
    let theirs = clone.run(&["rev-parse", "HEAD^{tree}"])?;
    if ours != theirs {
        bail!("`git am` of the patches gives the tree {theirs}, and the series is {ours}");
    }
    Ok(())
}

/// Fails for a new file for which get_maintainer.pl does not find the section of `MAINTAINERS`.
pub fn maintainers(tree: &Path, last: &Commit) -> Result<()> {
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
            bail!(
                "get_maintainer.pl does not find \"{SECTION}\" for {path}; add it to the edit of \
                 MAINTAINERS in rust/xtask/series"
            );
        }
    }
    Ok(())
}
