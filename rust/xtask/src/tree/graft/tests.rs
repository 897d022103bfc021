// SPDX-License-Identifier: GPL-2.0

//! On the real text of 7.3, which is read from a pristine tree and never kept here.

mod parts;
mod refusals;
mod text;
mod tree;

use super::dma_rs::{Grafted, graft_dma_rs, parse};
use super::overlay::Overlay;
use super::*;
use std::env;
use std::process::Command;
use std::time::SystemTime;
use walkdir::WalkDir;

fn pristine() -> PathBuf {
    let tree = env::var_os("KERNEL_TREE");
    PathBuf::from(tree.expect("set KERNEL_TREE=<pristine 7.3 tree>; make test does"))
}

fn dma_rs() -> String {
    read(&pristine().join(DMA_RS)).expect("the pristine dma.rs")
}

/// The library of this checkout.
fn real_library() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../kernel/dma")
}

/// A library with one name of each class that rustfmt sorts by.
fn small_library() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    write(
        &dir.path().join("coherent.rs"),
        "mod kind;\n\npub use self::kind::{\n    Kind,\n    MAX, //\n};\n\n\
         pub struct Coherent;\n\npub fn all() {}\n\nstruct Private;\n",
    );
    write(
        &dir.path().join("coherent/kind.rs"),
        "pub struct Kind;\n\npub const MAX: u8 = 1;\n",
    );
    dir
}

fn names() -> Vec<String> {
    let names = Overlay::read(small_library().path())
        .expect("a library")
        .names;
    assert_eq!(names, ["Kind", "MAX", "Coherent", "all"]);
    names
}

fn graft(text: &str) -> Grafted {
    graft_dma_rs(text, &names()).expect("a graft")
}

/// The parts of a tree that a graft looks at.
fn small_tree() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    for file in ["Makefile", DMA_RS] {
        let text = read(&pristine().join(file)).expect("a pristine file");
        write(&dir.path().join(file), &text);
    }
    dir
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
    fs::write(path, text).expect("written");
}

/// Replaces what has to be there just once.
fn with(text: &str, old: &str, new: &str) -> String {
    assert_eq!(text.matches(old).count(), 1, "{old:?} in 7.3");
    text.replacen(old, new, 1)
}

/// Every file and directory, with the content and the time at which it was written.
fn snapshot(dir: &Path) -> Vec<(PathBuf, Vec<u8>, SystemTime)> {
    let entries = WalkDir::new(dir).sort_by_file_name().into_iter();
    entries
        .map(|entry| {
            let path = entry.expect("an entry").into_path();
            let written = fs::metadata(&path).and_then(|data| data.modified());
            let content = if path.is_file() {
                fs::read(&path).expect("content")
            } else {
                Vec::new()
            };
            (path, content, written.expect("a time"))
        })
        .collect()
}

/// With the kernel's rules, and of the modules that the file declares as well.
fn assert_formatted(path: &Path) {
    let check = Command::new("rustfmt")
        .args(["--check", "--edition", "2021", "--config-path"])
        .arg(pristine().join(".rustfmt.toml"))
        .arg(path)
        .output()
        .expect("rustfmt");
    let complaint = String::from_utf8_lossy(&check.stdout);
    let error = String::from_utf8_lossy(&check.stderr);
    assert!(check.status.success(), "{complaint}{error}");
}
