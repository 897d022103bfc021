// SPDX-License-Identifier: GPL-2.0

//! The pristine kernel tree: Linux 7.3 from the Debian archive, or the one named with KERNEL_SRC.

use super::apt;
use crate::host::process;
use crate::host::progress::{Progress, Step};
use crate::host::workspace::{self, Workspace};
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
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

/// The source in the cache, where it is put if it is not there yet. `given` is a tree or tarball to use
/// in place of Debian's. xz has to be installed.
pub fn find(workspace: &Workspace, progress: &Progress, given: Option<&Path>) -> Result<Source> {
    match given {
        Some(path) => progress.step("looking for KERNEL_SRC", |step| {
            let path = fs::canonicalize(path).with_context(|| {
                let path = path.display();
                format!("KERNEL_SRC={path}: name a Linux 7.3 tree or tarball")
            })?;
            copied(workspace, step, &path)
        }),
        None => debian(workspace, progress),
    }
}

/// Debian's source: that in the cache, or the newest in the archive.
fn debian(workspace: &Workspace, progress: &Progress) -> Result<Source> {
    fs::create_dir_all(workspace.cache("source"))?;
    for entry in fs::read_dir(workspace.cache("source"))? {
        let id = entry?.file_name().to_string_lossy().into_owned();
        if id.starts_with("debian-") {
            let tree = workspace.cache("source").join(&id);
            return Ok(Source { tree, id });
        }
    }
    progress.step("downloading and unpacking the kernel source", |step| {
        let scratch = workspace.scratch("source-")?;
        let deb = apt::download(workspace, step, "amd64", PACKAGE, scratch.path())
            .context("to use another 7.3 source, name a tree or tarball with KERNEL_SRC=")?;
        // The file's name is that of the package, its version and architecture.
        let name = deb.file_name().unwrap_or_default().to_string_lossy();
        let version = name.split('_').nth(1).context("no version")?;
        let id = format!("debian-{}", version.replace(['~', '+', '%'], "-"));
        let script = format!(
            "dpkg-deb --fsys-tarfile \"$1\" | tar -xO {TARBALL} |
                 tar -C \"$2\" -xJ --strip-components=1"
        );
        unpacked(workspace, step, &script, &deb, id)
    })
}

/// The source of a tree or tarball. Of a git tree, only the files that git tracks are source.
fn copied(workspace: &Workspace, step: &Step, path: &Path) -> Result<Source> {
    let (kind, script) = match path.is_dir() {
        true => ("tree", COPY),
        false => ("tarball", "tar -C \"$2\" -xf \"$1\" --strip-components=1"),
    };
    let id = format!("{kind}-{}", fingerprint(path)?);
    unpacked(workspace, step, script, path, id)
}

const COPY: &str = r#"
    cd "$1"
    if [ -e .git ]; then git ls-files -z; else find . ! -type d -print0; fi |
        tar --null -T - -cf - | tar -C "$2" -xf -"#;

/// The source that `script` makes of `from`.
fn unpacked(
    workspace: &Workspace,
    step: &Step,
    script: &str,
    from: &Path,
    id: String,
) -> Result<Source> {
    let tree = workspace.filled(format!("source/{id}"), |dir| {
        step.say(&format!("unpacking {}", from.display()));
        let mut bash = process::command("bash");
        bash.args(["-e", "-o", "pipefail", "-c", script, "unpack"])
            .args([from, dir])
            // A tarball of more than one block is unpacked on all CPUs.
            .env("XZ_OPT", "-T0");
        process::logged(step, &mut bash, &workspace.cache("logs/source.log"))
            .and_then(|()| require_7_3(dir))
            .with_context(|| format!("cannot use {}", from.display()))
    })?;
    Ok(Source { tree, id })
}

/// Fails unless the Makefile of a kernel tree has the library's version.
fn require_7_3(tree: &Path) -> Result<()> {
    let text = fs::read_to_string(tree.join("Makefile")).context("no Makefile of a kernel")?;
    ensure!(
        text.contains("\nVERSION = 7\nPATCHLEVEL = 3\n"),
        "the library is for Linux 7.3, and this is another version; name a 7.3 tree or tarball \
         with KERNEL_SRC=, or leave it out to take Debian's"
    );
    Ok(())
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
        assert!(error.contains("KERNEL_SRC="), "{error}");
        require_7_3(tree("all:\n").path()).expect_err("no version");
        require_7_3(&good.path().join("none")).expect_err("no Makefile");
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
