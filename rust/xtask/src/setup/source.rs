// SPDX-License-Identifier: GPL-2.0

//! The pristine kernel tree: Linux 7.3 from the Debian archive, or the one that a person names.

use crate::host::process;
use crate::host::progress::{Progress, Step};
use crate::host::workspace::{self, Workspace};
use crate::setup::apt::Archive;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// The package of the Debian archive, and what its version has to start with.
const PACKAGE: &str = "linux-source-7.3";
const VERSION: &str = "7.3.";

/// A kernel tree that nobody changes.
#[derive(Clone, Debug)]
pub struct Source {
    pub tree: PathBuf,
    /// Differs for different trees.
    pub id: String,
}

/// Finds the tree in the cache, or brings it there.
///
/// `given` is what a person named in place of Debian's source: a tree or a tarball.
pub fn fetch(workspace: &Workspace, progress: &Progress, given: Option<&Path>) -> Result<Source> {
    fs::create_dir_all(workspace.cache("source"))?;
    match given {
        Some(path) => {
            let path = fs::canonicalize(path).with_context(|| {
                format!(
                    "KERNEL_SRC={}: name a Linux 7.3 tree or tarball",
                    path.display()
                )
            })?;
            progress.step("taking the kernel source from KERNEL_SRC", |step| {
                from_path(workspace, step, &path)
            })
        }
        None => progress.step("looking for the kernel source", |step| {
            from_debian(workspace, step)
        }),
    }
}

fn from_debian(workspace: &Workspace, step: &Step) -> Result<Source> {
    // What is here is good: it was complete when it was moved to its name, which has its checksum.
    if let Some(source) = newest_cached(workspace)? {
        return Ok(source);
    }
    step.say("fetching the package lists of newer Debian releases");
    let archive = Archive::open(workspace, step)?;
    let package = archive
        .newest(PACKAGE, VERSION)
        .context("to use another 7.3 source, name a tree or a tarball with KERNEL_SRC=")?;
    step.say(&format!("downloading {PACKAGE} {}", package.version));
    let scratch = workspace.scratch("source-")?;
    archive.unpack(step, &package, scratch.path())?;
    let tarball = scratch.path().join(format!("usr/src/{PACKAGE}.tar.xz"));
    let id = format!(
        "debian-{}-{}",
        package.version.replace(['~', '+', ':'], "-"),
        &package.sha256[..12]
    );
    unpack(workspace, step, &tarball, id)
}

fn newest_cached(workspace: &Workspace) -> Result<Option<Source>> {
    let mut found: Vec<_> = fs::read_dir(workspace.cache("source"))?
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let id = entry.file_name().into_string().ok()?;
            let made = entry.metadata().ok()?.modified().ok()?;
            id.starts_with("debian-").then_some((made, id))
        })
        .collect();
    found.sort();
    Ok(found.pop().map(|(_, id)| cached(workspace, id)))
}

fn cached(workspace: &Workspace, id: String) -> Source {
    Source {
        tree: workspace.cache("source").join(&id),
        id,
    }
}

fn from_path(workspace: &Workspace, step: &Step, path: &Path) -> Result<Source> {
    if path.is_dir() {
        require_7_3(path)?;
        let id = format!("tree-{}", fingerprint(path)?);
        let source = cached(workspace, id);
        if source.tree.is_dir() {
            return Ok(source);
        }
        step.say("copying the tree, so that yours stays as it is");
        let scratch = workspace.scratch("source-")?;
        let copy = scratch.path().join("linux");
        fs::create_dir(&copy)?;
        // Two commands in a pipe: what git does not track of a git tree is not source.
        let list = if path.join(".git").exists() {
            "git -C \"$1\" ls-files -z"
        } else {
            "cd \"$1\" && find . -path ./.git -prune -o ! -type d -print0"
        };
        let mut tar = process::command("bash");
        tar.arg("-c")
            .arg(format!(
                "set -o pipefail; \
                 ({list}) | tar -C \"$1\" --null -T - -cf - | tar -C \"$2\" -xf -"
            ))
            .arg("copy")
            .arg(path)
            .arg(&copy);
        process::logged(step, &mut tar, &workspace.cache("logs/source.log"))?;
        return keep(&copy, source);
    }
    let id = format!("tarball-{}", fingerprint(path)?);
    if workspace.cache("source").join(&id).is_dir() {
        return Ok(cached(workspace, id));
    }
    unpack(workspace, step, path, id)
}

fn unpack(workspace: &Workspace, step: &Step, tarball: &Path, id: String) -> Result<Source> {
    step.say("unpacking the kernel source");
    let scratch = workspace.scratch("source-")?;
    let mut tar = process::command("tar");
    tar.arg("-C")
        .arg(scratch.path())
        .arg("-xf")
        .arg(tarball)
        .arg("--strip-components=1");
    process::logged(step, &mut tar, &workspace.cache("logs/source.log"))
        .with_context(|| format!("{} cannot be unpacked", tarball.display()))?;
    require_7_3(scratch.path())?;
    keep(scratch.path(), cached(workspace, id))
}

/// Gives a finished tree its name.
fn keep(made: &Path, source: Source) -> Result<Source> {
    fs::rename(made, &source.tree)
        .with_context(|| format!("cannot move the kernel source to {}", source.tree.display()))?;
    Ok(source)
}

/// The version of a kernel tree, from its Makefile.
pub fn version(tree: &Path) -> Result<(u32, u32)> {
    let makefile = tree.join("Makefile");
    let text = fs::read_to_string(&makefile).with_context(|| {
        format!(
            "{} is not a kernel tree: it has no Makefile",
            tree.display()
        )
    })?;
    version_in(&text, &makefile)
}

/// The same, from the text of the Makefile.
pub fn version_in(text: &str, makefile: &Path) -> Result<(u32, u32)> {
    let number = |name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix('='))
            .and_then(|value| value.trim().parse().ok())
            .with_context(|| format!("{} has no {name}", makefile.display()))
    };
    Ok((number("VERSION")?, number("PATCHLEVEL")?))
}

fn require_7_3(tree: &Path) -> Result<()> {
    match version(tree)? {
        (7, 3) => Ok(()),
        (major, minor) => bail!(
            "{} is Linux {major}.{minor}, and the library is for 7.3; name a 7.3 tree or tarball \
             with KERNEL_SRC=, or leave it out to take Debian's",
            tree.display()
        ),
    }
}

/// Differs if a file of the tree, or the tarball, was changed, added or removed.
fn fingerprint(path: &Path) -> Result<String> {
    let mut files = Vec::new();
    let entries = WalkDir::new(path)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| entry.file_name() != ".git");
    for entry in entries {
        let entry = entry.context("cannot read the kernel source")?;
        let metadata = entry.metadata().context("cannot read the kernel source")?;
        if !metadata.is_dir() {
            files.push((entry.into_path(), metadata.len(), metadata.modified()?));
        }
    }
    Ok(workspace::key(&files))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(version: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a directory");
        fs::write(dir.path().join("Makefile"), version).expect("a Makefile");
        dir
    }

    #[test]
    fn only_7_3_is_taken() {
        let good = tree("# SPDX\nVERSION = 7\nPATCHLEVEL = 3\nSUBLEVEL = 4\n");
        require_7_3(good.path()).expect("7.3");
        let other = tree("VERSION = 7\nPATCHLEVEL = 4\n");
        let error = require_7_3(other.path()).expect_err("7.4").to_string();
        assert!(error.contains("Linux 7.4"), "{error}");
        assert!(error.contains("KERNEL_SRC="), "{error}");
        let error = require_7_3(tree("all:\n").path()).expect_err("no version");
        assert!(error.to_string().contains("VERSION"), "{error}");
    }

    #[test]
    fn a_changed_tree_has_another_fingerprint() {
        let dir = tree("VERSION = 7\n");
        let before = fingerprint(dir.path()).expect("a fingerprint");
        assert_eq!(before, fingerprint(dir.path()).expect("a fingerprint"));
        fs::write(dir.path().join("new.c"), "").expect("a file");
        assert_ne!(before, fingerprint(dir.path()).expect("a fingerprint"));
    }
}
