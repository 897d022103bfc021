// SPDX-License-Identifier: GPL-2.0

//! What a graft does to a tree.

use super::*;

#[test]
fn grafting_twice_changes_nothing() {
    let library = small_library();
    for overlay in [library.path(), &real_library()] {
        let tree = small_tree();
        let first = graft_tree(tree.path(), overlay).expect("a graft");
        let files = Overlay::read(overlay).expect("a library").files;
        assert_eq!(first.changed.len(), 1 + files.len(), "{first:?}");
        assert!(first.changed.contains(&PathBuf::from(DMA_RS)));
        assert!(first.removed > 0);
        for (name, content) in files {
            assert_eq!(
                read(&tree.path().join(DMA_DIR).join(name)).expect("a file"),
                content
            );
        }

        let before = snapshot(tree.path());
        let second = graft_tree(tree.path(), overlay).expect("a graft");
        assert!(second.changed.is_empty(), "{second:?}");
        assert_eq!(second.removed, 0);
        assert_eq!(before, snapshot(tree.path()));
    }
}

#[test]
fn a_changed_library_is_brought_up_to_date() {
    let (tree, library) = (small_tree(), small_library());
    let file = |name: &str| library.path().join("coherent").join(name);
    write(&file("old.rs"), "// old\n");
    graft_tree(tree.path(), library.path()).expect("a graft");
    let there = |name: &str| tree.path().join(DMA_DIR).join("coherent").join(name);
    let kept = fs::metadata(there("kind.rs")).and_then(|data| data.modified());

    fs::remove_file(file("old.rs")).expect("removed");
    write(&file("new.rs"), "// new\n");
    let root = library.path().join("coherent.rs");
    write(&root, "pub struct A;\npub trait B {}\n");
    let mut outcome = graft_tree(tree.path(), library.path()).expect("a graft");
    outcome.changed.sort();
    let dir = Path::new(DMA_DIR);
    let expected = [
        DMA_RS.into(),
        dir.join("coherent/new.rs"),
        dir.join("coherent/old.rs"),
        dir.join("coherent.rs"),
    ];
    let mut expected = expected.to_vec();
    expected.sort();
    assert_eq!(outcome.changed, expected);
    assert!(!there("old.rs").exists() && there("new.rs").exists());
    let text = read(&tree.path().join(DMA_RS)).expect("dma.rs");
    assert!(text.contains("::{\n    A,\n    B, //\n};\n"), "{text}");
    let still = fs::metadata(there("kind.rs")).and_then(|data| data.modified());
    assert_eq!(kept.expect("a time"), still.expect("a time"));
}

#[test]
fn a_graft_that_was_cut_off_can_be_repeated() {
    let (tree, library) = (small_tree(), small_library());
    graft_tree(tree.path(), library.path()).expect("a graft");
    let whole = read(&tree.path().join(DMA_RS)).expect("dma.rs");
    fs::remove_dir_all(tree.path().join(DMA_DIR)).expect("removed");

    let outcome = graft_tree(tree.path(), library.path()).expect("a graft");
    assert_eq!(outcome.changed.len(), 2, "{outcome:?}");
    assert_eq!(read(&tree.path().join(DMA_RS)).expect("dma.rs"), whole);
}

/// That is why the one above is as it is: no cut leaves files without a `dma.rs` that uses them.
#[test]
fn dma_rs_is_written_first() {
    let (tree, library) = (small_tree(), small_library());
    let outcome = graft_tree(tree.path(), library.path()).expect("a graft");
    assert_eq!(outcome.changed[0], Path::new(DMA_RS));
    // A file in the way of the directory stops the graft after `dma.rs`.
    let tree = small_tree();
    write(&tree.path().join(DMA_RS), &graft(&dma_rs()).text);
    write(&tree.path().join(DMA_DIR).join("coherent"), "");
    graft_tree(tree.path(), library.path()).expect_err("a file is no directory");
    fs::remove_file(tree.path().join(DMA_DIR).join("coherent")).expect("removed");
    graft_tree(tree.path(), library.path()).expect("a graft");
}

#[test]
fn a_file_of_somebody_else_stays() {
    let (tree, library) = (small_tree(), small_library());
    graft_tree(tree.path(), library.path()).expect("a graft");
    let pool = tree.path().join(DMA_DIR).join("pool.rs");
    write(&pool, "// mine\n");
    let outcome = graft_tree(tree.path(), library.path()).expect("a graft");
    assert!(outcome.changed.is_empty() && pool.exists(), "{outcome:?}");
}

#[test]
fn no_scratch_file_is_left() {
    let (tree, library) = (small_tree(), small_library());
    graft_tree(tree.path(), library.path()).expect("a graft");
    for (path, ..) in snapshot(tree.path()) {
        let name = path.file_name().expect("a name").to_string_lossy();
        assert!(
            path == tree.path() || !name.starts_with('.'),
            "{}",
            path.display()
        );
    }
}

fn assert_left_alone(change: impl FnOnce(&Path), expected: &str) {
    let (tree, library) = (small_tree(), small_library());
    change(tree.path());
    assert_refused_as_it_is(tree.path(), library.path(), expected);
}

fn assert_refused_as_it_is(tree: &Path, overlay: &Path, expected: &str) {
    let before = snapshot(tree);
    let error = match graft_tree(tree, overlay) {
        Ok(outcome) => panic!("{outcome:?}, and not refused with: {expected}"),
        Err(error) => format!("{error:#}"),
    };
    assert!(error.contains(expected), "no {expected:?} in: {error}");
    assert_eq!(before, snapshot(tree), "the tree was changed");
}

fn edit(path: &Path, change: impl FnOnce(&str) -> String) {
    let text = read(path).expect("a file");
    write(path, &change(&text));
}

#[test]
fn another_version_is_refused_and_left_alone() {
    for (old, new, version) in [
        ("\nVERSION = 7\n", "\nVERSION = 8\n", "Linux 8.3"),
        ("\nPATCHLEVEL = 3\n", "\nPATCHLEVEL = 2\n", "Linux 7.2"),
        ("\nPATCHLEVEL = 3\n", "\nPATCHLEVEL = 30\n", "Linux 7.30"),
    ] {
        let change = |tree: &Path| edit(&tree.join("Makefile"), |text| with(text, old, new));
        assert_left_alone(change, &format!("{version}, and the library is for 7.3"));
    }
    let remove =
        |name: &'static str| move |tree: &Path| fs::remove_file(tree.join(name)).expect("removed");
    assert_left_alone(remove("Makefile"), "Makefile");
    assert_left_alone(remove(DMA_RS), "has no Rust DMA support");
}

#[test]
fn a_tree_that_is_not_7_3_is_left_alone() {
    let append = |added: &'static str| {
        move |tree: &Path| edit(&tree.join(DMA_RS), |text| format!("{text}\n{added}\n"))
    };
    assert_left_alone(append("fn f(c: &Coherent<u8>) {}"), "dma.rs: line");
    assert_left_alone(append("mod coherent;"), "half of a graft");
    let create = |name: &'static str| {
        move |tree: &Path| write(&tree.join(DMA_DIR).join(name), "// theirs\n")
    };
    for name in ["pool.rs", "coherent.rs", "Kconfig"] {
        assert_left_alone(create(name), "no graft put it there");
    }
}

#[test]
fn a_library_that_cannot_be_declared_changes_nothing() {
    let library = small_library();
    let root = library.path().join("coherent.rs");
    for (text, expected) in [
        ("struct Private;\n", "no public item"),
        ("mod kind;\npub use self::kind::*;\n", "list the names"),
        ("pub struct\n", "coherent.rs"),
    ] {
        write(&root, text);
        assert_refused_as_it_is(small_tree().path(), library.path(), expected);
    }
    write(&root, "pub struct A;\n");
    write(&library.path().join("pool.rs"), "");
    assert_refused_as_it_is(
        small_tree().path(),
        library.path(),
        "not part of the module",
    );
    let empty = tempfile::tempdir().expect("a directory");
    assert_refused_as_it_is(small_tree().path(), empty.path(), "has no coherent.rs");
}
