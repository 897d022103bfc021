// SPDX-License-Identifier: GPL-2.0

//! The pristine kernel tree: Linux 7.3 from the Debian archive, or the one named with KERNEL_SRC.

use crate::host::process;
use crate::host::progress::{Progress, Step};
use crate::host::workspace::{self, Workspace};
use crate::setup::apt::{Archive, Deb};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use walkdir::WalkDir;

/// The package of the Debian archive, and the tarball in it.
const PACKAGE: &str = "linux-source-7.3=7.3.*";
const TARBALL: &str = "./usr/src/linux-source-7.3.tar.xz";

/// A kernel tree that stays unmodified.
#[derive(Clone, Debug)]
pub struct Source {
    pub tree: PathBuf,
    /// Differs for different trees.
    pub id: String,
}

/// The kernel source, not yet unpacked if it is not in the cache.
pub enum Download {
    Cached(Source),
    Tree(PathBuf, Source),
    Tarball(PathBuf, Source),
    Package(TempDir, Deb),
}

/// Finds the source in the cache, or downloads it. `given` is a tree or tarball to use in place of
/// Debian's.
pub fn download(
    workspace: &Workspace,
    progress: &Progress,
    given: Option<&Path>,
) -> Result<Download> {
    fs::create_dir_all(workspace.cache("source"))?;
    let Some(path) = given else {
        if let Some(source) = newest_cached(workspace)? {
            return Ok(Download::Cached(source));
        }
        return progress.step("downloading the kernel source", |step| {
            let scratch = workspace.scratch("source-")?;
            let deb = Archive::open(workspace, step)?
                .download(step, PACKAGE, scratch.path())
                .context("to use another 7.3 source, name a tree or tarball with KERNEL_SRC=")?;
            Ok(Download::Package(scratch, deb))
        });
    };
    let path = fs::canonicalize(path).with_context(|| {
        let path = path.display();
        format!("KERNEL_SRC={path}: name a Linux 7.3 tree or tarball")
    })?;
    let is_tree = path.is_dir();
    if is_tree {
        require_7_3(&path)?;
    }
    let kind = if is_tree { "tree" } else { "tarball" };
    let source = cached(workspace, format!("{kind}-{}", fingerprint(&path)?));
    Ok(if source.tree.is_dir() {
        Download::Cached(source)
    } else if is_tree {
        Download::Tree(path, source)
    } else {
        Download::Tarball(path, source)
    })
}

/// Debian's source in the cache. It is complete: only a complete tree is moved to this name.
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

impl Download {
    /// Unpacks the source into the cache. xz has to be installed.
    pub fn unpack(self, workspace: &Workspace, progress: &Progress) -> Result<Source> {
        match self {
            Self::Cached(source) => Ok(source),
            Self::Tree(path, source) => {
                progress.step("copying the kernel source of KERNEL_SRC", |step| {
                    // Of a git tree, only the files that git tracks are source.
                    let list = if path.join(".git").exists() {
                        "git -C \"$1\" ls-files -z"
                    } else {
                        "cd \"$1\" && find . ! -type d -print0"
                    };
                    let tar = "tar -C \"$1\" --null -T - -cf - | tar -C \"$2\" -xf -";
                    keep(workspace, step, &format!("({list}) | {tar}"), &path, source)
                })
            }
            Self::Tarball(path, source) => progress.step("unpacking KERNEL_SRC", |step| {
                let unpack = "tar -C \"$2\" -xf \"$1\" --strip-components=1";
                keep(workspace, step, unpack, &path, source)
            }),
            Self::Package(_scratch, deb) => progress.step("unpacking the kernel source", |step| {
                let version = deb.version.replace(['~', '+', ':'], "-");
                let source = cached(workspace, format!("debian-{version}"));
                let unpack = format!(
                    "dpkg-deb --fsys-tarfile \"$1\" | tar -xO {TARBALL} |
                         tar -C \"$2\" -xJ --strip-components=1"
                );
                keep(workspace, step, &unpack, &deb.path, source)
            }),
        }
    }
}

/// Runs `script`, which unpacks `from` into a directory, and moves that into the cache.
fn keep(
    workspace: &Workspace,
    step: &Step,
    script: &str,
    from: &Path,
    source: Source,
) -> Result<Source> {
    let scratch = workspace.scratch("source-")?;
    let mut bash = process::command("bash");
    bash.args(["-o", "pipefail", "-c", script, "unpack"])
        .args([from, scratch.path()])
        // A tarball of more than one block is unpacked on all CPUs.
        .env("XZ_OPT", "-T0");
    process::logged(step, &mut bash, &workspace.cache("logs/source.log"))
        .with_context(|| format!("cannot unpack {}", from.display()))?;
    require_7_3(scratch.path())?;
    fs::rename(scratch.path(), &source.tree)
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
