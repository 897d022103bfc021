// SPDX-License-Identifier: GPL-2.0

//! What a graft does to a tree.

use super::*;
use crate::tree::files::LIST;
use crate::tree::library::ROOT;
use crate::tree::series::{GRAFT, STEPS};
use crate::tree::testing::{checkout, library, pristine, small_tree, with, write};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;
use walkdir::WalkDir;

/// A pristine tree, and a copy of it to graft onto.
struct Trees(tempfile::TempDir);

impl Trees {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        small_tree(&dir.path().join("pristine"));
        small_tree(&dir.path().join("copy"));
        Self(dir)
    }

    fn pristine(&self) -> PathBuf {
        self.0.path().join("pristine")
    }

    fn copy(&self) -> PathBuf {
        self.0.path().join("copy")
    }

    fn graft(&self, library: &Library, count: usize) -> Vec<String> {
        graft(&self.pristine(), &self.copy(), library, count).expect("a graft")
    }

    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.copy().join(path)).expect("text")
    }
}

/// Every file with its content and the time at which it was written.
fn snapshot(dir: &Path) -> BTreeMap<PathBuf, (Vec<u8>, SystemTime)> {
    let entries = WalkDir::new(dir)
        .into_iter()
        .map(|entry| entry.expect("an entry"));
    let files = entries.filter(|entry| entry.file_type().is_file());
    files
        .map(|entry| {
            let path = entry.into_path();
            let written = fs::metadata(&path).and_then(|data| data.modified());
            let content = fs::read(&path).expect("content");
            (path, (content, written.expect("a time")))
        })
        .collect()
}

#[test]
fn a_graft_is_repeatable_and_reversible() {
    let (trees, library) = (Trees::new(), library());
    let changed = trees.graft(&library, GRAFT);
    for path in [
        DMA_RS,
        ROOT,
        "rust/kernel/io.rs",
        "rust/kernel/ptr/projection.rs",
    ] {
        assert!(changed.iter().any(|changed| changed == path), "{path}");
    }
    for (path, text) in &library.files {
        assert_eq!(trees.text(path), *text, "{path}");
    }
    let before = snapshot(&trees.copy());
    assert_eq!(trees.graft(&library, GRAFT), [""; 0]);
    assert_eq!(before, snapshot(&trees.copy()));

    // Later and earlier steps come and go.
    trees.graft(&library, STEPS.len());
    assert!(
        trees
            .text("MAINTAINERS")
            .contains("F:\tlib/tests/dma_coherent/\n")
    );
    trees.graft(&library, GRAFT);
    let content = |files: BTreeMap<PathBuf, (Vec<u8>, SystemTime)>| -> BTreeMap<_, _> {
        let files = files
            .into_iter()
            .map(|(path, (content, _))| (path, content));
        files.filter(|(path, _)| !path.ends_with(LIST)).collect()
    };
    assert_eq!(content(before), content(snapshot(&trees.copy())));

    fs::write(trees.copy().join(DMA_RS), "cut off").expect("written");
    assert_eq!(trees.graft(&library, GRAFT), [DMA_RS]);
}

#[test]
fn only_the_listed_files_of_7_3_change() {
    let trees = Trees::new();
    let changed = trees.graft(&library(), GRAFT);
    let there = changed.iter().filter(|path| pristine().join(path).exists());
    let expected = [
        "MAINTAINERS",
        DMA_RS,
        "rust/kernel/io.rs",
        "rust/kernel/ptr/projection.rs",
    ];
    assert_eq!(there.collect::<Vec<_>>(), expected);
}

#[test]
fn a_changed_library_is_brought_up_to_date() {
    let (trees, mut library) = (Trees::new(), library());
    let old = "rust/kernel/dma/coherent/old.rs".to_string();
    library.files.insert(old.clone(), "// old\n".into());
    trees.graft(&library, GRAFT);
    library.files.remove(&old);
    let root = library.files[ROOT].clone() + "\npub struct New;\n";
    library.files.insert(ROOT.into(), root);
    let mut expected = vec![DMA_RS.to_string(), ROOT.to_string(), old.clone()];
    if trees.text("MAINTAINERS").contains("old.rs") {
        expected.insert(0, "MAINTAINERS".into());
    }
    let mut changed = trees.graft(&library, GRAFT);
    changed.sort();
    expected.sort();
    assert_eq!(changed, expected);
    assert!(!trees.copy().join(old).exists());
    assert!(trees.text(DMA_RS).contains("\n    New,\n"));
}

fn assert_refused(change: impl FnOnce(&Path), expected: &str) {
    let trees = Trees::new();
    change(&trees.pristine());
    let before = snapshot(&trees.copy());
    let error = match graft(&trees.pristine(), &trees.copy(), &library(), GRAFT) {
        Ok(changed) => panic!("{changed:?}, and not refused with: {expected}"),
        Err(error) => format!("{error:#}"),
    };
    assert!(error.contains(expected), "no {expected:?} in: {error}");
    let has_way_out = error.contains("KERNEL_SRC=") || error.contains("Makefile");
    assert!(has_way_out, "no way out in: {error}");
    assert_eq!(before, snapshot(&trees.copy()), "the tree was changed");
}

fn edit(file: &str, old: &str, new: &str) -> impl FnOnce(&Path) {
    move |tree: &Path| {
        let path = tree.join(file);
        let text = fs::read_to_string(&path).expect("text");
        write(&path, &with(&text, old, new));
    }
}

#[test]
fn another_tree_is_refused_and_nothing_changes() {
    for (old, new, version) in [
        ("\nVERSION = 7\n", "\nVERSION = 8\n", "Linux 8.3"),
        ("\nPATCHLEVEL = 3\n", "\nPATCHLEVEL = 2\n", "Linux 7.2"),
        ("\nPATCHLEVEL = 3\n", "\nPATCHLEVEL = 30\n", "Linux 7.30"),
    ] {
        assert_refused(
            edit("Makefile", old, new),
            &format!("{version}, and the library"),
        );
    }
    let remove =
        |path: &'static str| move |tree: &Path| fs::remove_file(tree.join(path)).expect("removed");
    assert_refused(remove("Makefile"), "Makefile");
    assert_refused(remove(DMA_RS), "has no Rust DMA support");
    assert_refused(
        remove("rust/kernel/io.rs"),
        "the tree has no rust/kernel/io.rs",
    );
    assert_refused(
        edit(DMA_RS, "pub fn as_sys_mem(", "pub fn as_mem("),
        "as_mem",
    );
    let twice = edit(
        "rust/kernel/io.rs",
        "fn copy_to_slice(",
        "fn copy_from_slice(",
    );
    assert_refused(twice, "matches");
    assert_refused(
        |tree| write(&tree.join(ROOT), "// theirs\n"),
        "has a rust/kernel/dma/coherent.rs",
    );
    let library = library();
    assert_refused(
        |tree| {
            graft(&pristine(), tree, &library, GRAFT).expect("a graft");
        },
        "matches 0 times",
    );
}

#[test]
fn a_library_that_is_not_whole_is_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let refused = |expected: &str| {
        let error = Library::read(&checkout(), dir.path())
            .map(drop)
            .expect_err(expected);
        assert!(format!("{error:#}").contains(expected), "{error:#}");
    };
    refused("has no coherent.rs");
    write(&dir.path().join("coherent.rs"), "pub struct A;\n");
    write(&dir.path().join("pool.rs"), "");
    refused("not part of the module");
}
