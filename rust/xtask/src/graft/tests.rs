// SPDX-License-Identifier: GPL-2.0

//! On the real text of 7.3, which is read from a pristine tree and never kept here.

use super::*;
use std::env;
use std::process::Command;

fn pristine() -> PathBuf {
    PathBuf::from(
        env::var_os("KERNEL_TREE")
            .expect("KERNEL_TREE names a pristine 7.3 tree for these tests; `make test` sets it"),
    )
}

fn dma_rs() -> String {
    read(&pristine().join(DMA_RS)).expect("the pristine dma.rs")
}

fn overlay() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../kernel/dma")
}

fn names() -> Vec<String> {
    public_names(&read(&overlay().join("coherent.rs")).expect("coherent.rs")).expect("names")
}

fn refusal(text: &str) -> String {
    let error = graft_text(text, &names()).expect_err("this should be refused");
    let text = format!("{error:#}");
    assert!(text.contains(WAY_OUT), "no way out in: {text}");
    text
}

/// The parts of a tree that a graft looks at.
fn small_tree() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    fs::create_dir_all(dir.path().join("rust/kernel")).expect("directories");
    for file in ["Makefile", DMA_RS] {
        fs::copy(pristine().join(file), dir.path().join(file)).expect("a copy");
    }
    dir
}

/// Every file with its content and the time at which it was written.
fn snapshot(dir: &Path) -> Vec<(PathBuf, Vec<u8>, std::time::SystemTime)> {
    WalkDir::new(dir)
        .sort_by_file_name()
        .into_iter()
        .map(|entry| entry.expect("an entry"))
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let modified = entry
                .metadata()
                .expect("metadata")
                .modified()
                .expect("a time");
            let content = fs::read(entry.path()).expect("content");
            (entry.into_path(), content, modified)
        })
        .collect()
}

#[test]
fn nothing_of_the_family_is_left_and_the_rest_is_kept() {
    let text = dma_rs();
    let grafted = graft_text(&text, &names()).expect("a graft");
    let file = parse(&grafted).expect("Rust");
    assert!(family::find(&file).expect("no mention").is_empty());

    // Every line that is there was there before, in the same order, but for wiring and imports.
    let body = |text: &str| text[text.find("/// DMA address type.").expect("a body")..].to_string();
    let mut before = text.lines();
    for line in body(&grafted).lines() {
        assert!(
            before.any(|old| old == line),
            "not in 7.3, or moved: {line}"
        );
    }
    // Every item that is not of the family is there, byte for byte.
    let old = parse(&text).expect("Rust");
    for item in old.items.iter().filter(|item| !family::is_family(item)) {
        if matches!(item, Item::Use(_)) {
            continue;
        }
        let (start, end) = lines_of(Some(item), &text).expect("lines");
        let item = Edits::new(&text).text(start, end);
        assert!(grafted.contains(&item), "lost: {item}");
    }
}

#[test]
fn imports_that_nothing_uses_are_gone() {
    let grafted = graft_text(&dma_rs(), &names()).expect("a graft");
    let imports = &grafted[..grafted.find("mod coherent;").expect("the module")];
    for gone in [
        "IoBackend",
        "NonNull",
        "Bound",
        "UserSliceWriter",
        "Deref",
        "ARef",
    ] {
        assert!(!imports.contains(gone), "{gone} in {imports}");
    }
    for kept in [
        "bindings",
        "device::",
        "self",
        "Core",
        "to_result",
        "prelude::*",
    ] {
        assert!(imports.contains(kept), "no {kept} in {imports}");
    }
}

#[test]
fn the_result_is_formatted() {
    let tree = small_tree();
    graft_tree(tree.path(), &overlay()).expect("a graft");
    let check = Command::new("rustfmt")
        .args(["--check", "--edition", "2021", "--config-path"])
        .arg(pristine().join(".rustfmt.toml"))
        .arg(tree.path().join(DMA_RS))
        .output()
        .expect("rustfmt");
    assert!(
        check.status.success(),
        "{}",
        String::from_utf8_lossy(&check.stdout)
    );
}

#[test]
fn grafting_twice_changes_nothing() {
    let tree = small_tree();
    let first = graft_tree(tree.path(), &overlay()).expect("a graft");
    assert!(first.changed.contains(&PathBuf::from(DMA_RS)));
    let before = snapshot(tree.path());
    let second = graft_tree(tree.path(), &overlay()).expect("a graft");
    assert!(second.changed.is_empty(), "{:?}", second.changed);
    assert_eq!(before, snapshot(tree.path()));
}

#[test]
fn a_changed_library_is_brought_up_to_date() {
    let tree = small_tree();
    let library = tempfile::tempdir().expect("a directory");
    let root = library.path().join("coherent.rs");
    fs::write(&root, "mod old;\npub struct A;\n").expect("written");
    fs::create_dir(library.path().join("coherent")).expect("a directory");
    let old = library.path().join("coherent/old.rs");
    fs::write(&old, "// old\n").expect("written");
    graft_tree(tree.path(), library.path()).expect("a graft");

    fs::remove_file(&old).expect("removed");
    fs::write(&root, "pub struct A;\npub trait B {}\n").expect("written");
    let outcome = graft_tree(tree.path(), library.path()).expect("a graft");
    assert_eq!(outcome.changed.len(), 3, "{:?}", outcome.changed);
    assert!(!tree.path().join(DMA_DIR).join("coherent/old.rs").exists());
    let text = read(&tree.path().join(DMA_RS)).expect("dma.rs");
    assert!(text.contains("    A,\n    B, //\n"), "{text}");
}

#[test]
fn items_may_stand_in_another_order() {
    let text = dma_rs();
    let file = parse(&text).expect("Rust");
    let edits = Edits::new(&text);
    let mut imports = String::new();
    let mut items = Vec::new();
    for item in &file.items {
        let (mut start, end) = lines_of(Some(item), &text).expect("lines");
        while edits.line(start - 1).starts_with("//") {
            start -= 1;
        }
        match item {
            Item::Use(_) => imports += &(edits.text(start, end) + "\n"),
            _ => items.push(edits.text(start, end)),
        }
    }
    items.reverse();
    let moved = format!("{imports}\n{}\n", items.join("\n\n"));
    let grafted = graft_text(&moved, &names()).expect("a graft");
    assert!(
        family::find(&parse(&grafted).expect("Rust"))
            .expect("clean")
            .is_empty()
    );
    assert!(grafted.contains("pub trait Device"));
}

#[test]
fn a_renamed_item_is_named() {
    let text = dma_rs().replacen(
        "pub struct CoherentHandle {",
        "pub struct CoherentGrip {",
        1,
    );
    assert!(refusal(&text).contains("`struct CoherentHandle` is missing"));
    let text = dma_rs().replacen("pub fn as_sys_mem(", "pub fn as_memory(", 1);
    assert!(refusal(&text).contains("unknown `CoherentView::as_memory`"));
}

#[test]
fn a_missing_item_is_named() {
    let text = dma_rs();
    let line = "unsafe impl Send for CoherentHandle {}";
    assert!(text.contains(line));
    let text = text.replacen(line, "", 1);
    assert!(refusal(&text).contains("`impl Send for CoherentHandle` is missing"));
}

#[test]
fn a_duplicate_is_named_with_both_lines() {
    let text = dma_rs() + "\npub struct CoherentIoBackend;\n";
    let refusal = refusal(&text);
    assert!(
        refusal.contains("`struct CoherentIoBackend` is there already"),
        "{refusal}"
    );
}

#[test]
fn an_unknown_item_of_the_family_is_named() {
    let text = dma_rs() + "\nimpl<T> Default for Coherent<T> {}\n";
    assert!(refusal(&text).contains("unknown `impl Default for Coherent`"));
    let text = dma_rs() + "\n/// Docs.\nfn helper(c: &CoherentHandle) {}\n";
    let refused = refusal(&text);
    assert!(
        refused.contains("mentions `CoherentHandle`: `fn helper"),
        "{refused}"
    );
    let text = dma_rs() + "\nmacro_rules! peek { () => { Coherent::peek() }; }\n";
    assert!(refusal(&text).contains("mentions `Coherent`"));
}

#[test]
fn half_of_a_graft_is_refused() {
    let text = dma_rs() + "\nmod coherent;\n";
    assert!(refusal(&text).contains("half of a graft"));
}

#[test]
fn a_refused_tree_is_left_alone() {
    type Case<'a> = (&'a str, &'a dyn Fn(&Path), &'a str);
    let cases: [Case<'_>; 4] = [
        (
            "another version",
            &|tree| {
                let makefile = tree.join("Makefile");
                let text = read(&makefile).expect("a Makefile");
                let text = text.replacen("PATCHLEVEL = 3", "PATCHLEVEL = 4", 1);
                fs::write(makefile, text).expect("written");
            },
            "Linux 7.4",
        ),
        (
            "no Rust DMA",
            &|tree| fs::remove_file(tree.join(DMA_RS)).expect("removed"),
            "no Rust support for DMA",
        ),
        (
            "an unknown item",
            &|tree| {
                let text = dma_rs() + "\nfn f(c: &Coherent<u8>) {}\n";
                fs::write(tree.join(DMA_RS), text).expect("written");
            },
            "mentions `Coherent`",
        ),
        (
            "a directory of its own",
            &|tree| {
                fs::create_dir(tree.join(DMA_DIR)).expect("a directory");
                fs::write(tree.join(DMA_DIR).join("pool.rs"), "").expect("written");
            },
            "no graft put it there",
        ),
    ];
    for (what, change, expected) in cases {
        let tree = small_tree();
        change(tree.path());
        let before = snapshot(tree.path());
        let error = graft_tree(tree.path(), &overlay()).expect_err(what);
        let error = format!("{error:#}");
        assert!(error.contains(expected), "{what}: {error}");
        assert_eq!(
            before,
            snapshot(tree.path()),
            "{what}: the tree was changed"
        );
    }
}
