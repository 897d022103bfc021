// SPDX-License-Identifier: GPL-2.0

//! Kernel trees for tests: parts of the pristine 7.3 tree that `KERNEL_TREE` names.

use super::files;
use super::git::Git;
use super::library::Library;
use super::series::{self, STEPS};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

pub fn pristine() -> PathBuf {
    let tree = env::var_os("KERNEL_TREE");
    PathBuf::from(tree.expect("set KERNEL_TREE=<pristine 7.3 tree>; `make test` does"))
}

pub fn pristine_text(path: &str) -> String {
    fs::read_to_string(pristine().join(path)).expect("a file of the pristine tree")
}

pub fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The library of this checkout.
pub fn library() -> Library {
    Library::read(&checkout(), &checkout().join("rust/kernel/dma")).expect("the library")
}

/// The files of the pristine tree that the series reads.
fn inputs() -> &'static BTreeSet<String> {
    static INPUTS: OnceLock<BTreeSet<String>> = OnceLock::new();
    INPUTS.get_or_init(find_inputs)
}

fn find_inputs() -> BTreeSet<String> {
    let read = RefCell::new(BTreeSet::new());
    let base = |path: &str| {
        read.borrow_mut().insert(path.to_string());
        files::read(&pristine(), path)
    };
    series::plan(&base, &library(), STEPS.len(), None).expect("a series");
    let mut inputs = read.into_inner();
    inputs.extend(["Makefile", ".rustfmt.toml"].map(str::to_string));
    inputs.retain(|path| pristine().join(path).exists());
    inputs
}

/// A tree with these files.
pub fn small_tree(dir: &Path) {
    for path in inputs() {
        write(&dir.join(path), &pristine_text(path));
    }
}

pub fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
    fs::write(path, text).expect("written");
}

/// The same as the only commit of a repository, on the branch `mine`.
pub fn small_repository(dir: &Path) -> Git {
    fs::create_dir_all(dir).expect("a directory");
    let git = Git::at(&fs::canonicalize(dir).expect("a path"));
    small_tree(&git.dir);
    let run = |arguments: &[&str]| git.run(arguments).expect("git");
    run(&["init", "--quiet", "--initial-branch=mine"]);
    for (key, value) in [
        ("user.name", "Ann Other"),
        ("user.email", "ann@localhost"),
        ("commit.gpgSign", "false"),
    ] {
        run(&["config", key, value]);
    }
    run(&["add", "--force", "."]);
    run(&["commit", "--quiet", "-m", "7.3"]);
    git
}

/// Fails unless rustfmt, with the kernel's rules, would leave a text as it is.
pub fn assert_formatted(path: &str, text: &str) {
    let mut rustfmt = std::process::Command::new("rustfmt");
    rustfmt
        .args(["--check", "--edition", "2021", "--config-path"])
        .arg(pristine().join(".rustfmt.toml"))
        // From standard input, where a file has no children.
        .stdin(crate::host::process::input(text).expect("a file"));
    let output = rustfmt.output().expect("rustfmt");
    let complaint = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{path}: {complaint}");
}

/// Replaces what occurs exactly once.
pub fn with(text: &str, old: &str, new: &str) -> String {
    assert_eq!(text.matches(old).count(), 1, "{old:?} in 7.3");
    text.replacen(old, new, 1)
}
