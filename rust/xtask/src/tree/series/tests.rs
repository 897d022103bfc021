// SPDX-License-Identifier: GPL-2.0

//! On the real text of 7.3, which is read from a pristine tree and never kept here.

use super::*;
use crate::host::process;
use crate::tree::git::{Git, Identity};
use crate::tree::library::{DMA_RS, ROOT};
use crate::tree::patches;
use regex_lite::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::SystemTime;
use walkdir::WalkDir;

fn pristine() -> PathBuf {
    let tree = env::var_os("KERNEL_TREE");
    PathBuf::from(tree.expect("set KERNEL_TREE=<pristine 7.3 tree>; `make test` does"))
}

fn pristine_text(path: &str) -> String {
    fs::read_to_string(pristine().join(path)).expect("a file of the pristine tree")
}

fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The library of this checkout.
fn library() -> Library {
    Library::read(&checkout(), &checkout().join("rust/kernel/dma")).expect("the library")
}

/// The whole series.
fn commits() -> &'static [Commit] {
    static COMMITS: OnceLock<Vec<Commit>> = OnceLock::new();
    COMMITS.get_or_init(|| plan(&pristine(), &library(), STEPS.len()).expect("a plan"))
}

/// The files after a step.
fn after(name: &str) -> &'static Files {
    let mut found = commits().iter().filter(|commit| commit.step.name == name);
    &found.next().expect("a step").files
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
    fs::write(path, text).expect("written");
}

/// A tree with the files that the series changes.
fn small_tree(dir: &Path) {
    for path in after("nvme_copy").keys() {
        if pristine().join(path).exists() {
            write(&dir.join(path), &pristine_text(path));
        }
    }
}

fn file_of(module: &str) -> String {
    format!("rust/kernel/dma/coherent/{module}.rs")
}

#[test]
fn each_item_is_moved_byte_for_byte() {
    let (old, new) = (pristine_text(DMA_RS), after("move"));
    let parts = [
        &file_of("boxed"),
        ROOT,
        &file_of("handle"),
        &file_of("view"),
    ];
    let bodies = parts.map(|path| {
        let (_, body) = new[path].split_once("\n/// ").expect("documentation");
        format!("/// {body}")
    });
    let start = old.find("/// CPU-owned DMA allocation").expect("the types");
    assert_eq!(bodies.join("\n"), old[start..]);
    let rest = |text: &str| text[text.find("/// DMA address type.").expect("a type")..].to_string();
    assert_eq!(rest(&new[DMA_RS]) + "\n", rest(&old[..start]));
}

#[test]
fn each_patch_does_one_thing() {
    let handle = file_of("handle");
    let old = "pub struct CoherentHandle {";
    assert!(after("move")[&handle].contains(old) && !after("move")[ROOT].contains("Kind"));
    assert!(after("kind")[&handle].contains(old));
    assert!(after("kind")[ROOT].contains("pub trait CoherentKind"));
    assert!(after("alias")[&handle].contains("pub type CoherentHandle"));
    assert_eq!(after("kind")[ROOT], after("alias")[ROOT]);
    for (path, text) in &library().files {
        assert_eq!(after("bound")[path], *text, "{path}");
    }

    for (name, commit) in FEATURES.iter().zip(&commits()[REPLACING..]) {
        let file = file_of(name);
        for path in commit.changes.keys() {
            let listed = [DMA_RS, ROOT, "MAINTAINERS"].contains(&&**path);
            let is_mine = path.starts_with(file.trim_end_matches(".rs"));
            assert!(listed || is_mine, "{name}: {path}");
        }
        assert!(commit.changes.contains_key(&file), "{name}");
    }
}

#[test]
fn no_patch_mentions_a_later_one() {
    let defined = Regex::new(r"\b(?:fn|struct|trait|type) (\w+)").expect("a pattern");
    let public = Regex::new(r"(?m)^(?:    pub (?:const |unsafe )*fn|pub (?:struct|type)) (\w{5,})");
    let public = public.expect("a pattern");
    for (index, name) in FEATURES.iter().enumerate() {
        let (before, at) = (
            &commits()[REPLACING + index - 1],
            &commits()[REPLACING + index],
        );
        let is_dma = |path: &str| path.starts_with("rust/kernel/dma");
        let dma: Vec<_> = before
            .files
            .iter()
            .filter(|(path, _)| is_dma(path))
            .collect();
        let names_in = |texts: &[&String], pattern: &Regex| -> BTreeSet<String> {
            let found = texts.iter().flat_map(|text| pattern.captures_iter(text));
            found.map(|found| found[1].to_string()).collect()
        };
        let texts: Vec<_> = dma.iter().map(|(_, text)| *text).collect();
        let known = names_in(&texts, &defined);
        let file = file_of(name);
        let added = at.changes.iter();
        let added = added.filter(|(path, _)| path.starts_with(file.trim_end_matches(".rs")));
        let added: Vec<_> = added.map(|(_, text)| text).collect();
        for word in names_in(&added, &public).difference(&known) {
            let link = Regex::new(&format!(r"`(?:[\w:]*::)?{word}\b")).expect("a pattern");
            for (path, text) in &dma {
                assert!(!link.is_match(text), "{path} mentions {word} before {name}");
            }
        }
    }
}

/// Fails unless rustfmt, with the kernel's rules, would leave a text as it is.
fn assert_formatted(path: &str, text: &str) {
    let mut rustfmt = process::command("rustfmt");
    rustfmt
        .args(["--check", "--edition", "2021", "--config-path"])
        .arg(pristine().join(".rustfmt.toml"))
        // From standard input, where a file has no children.
        .stdin(process::input(text).expect("a file"));
    let output = rustfmt.output().expect("rustfmt");
    let complaint = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{path}: {complaint}");
}

#[test]
fn rust_files_are_formatted_at_every_commit() {
    // `make test` looks at the files of the checkout.
    let mut seen: BTreeSet<String> = library().files.into_values().collect();
    for commit in commits() {
        for (path, text) in &commit.changes {
            let is_copy = path.starts_with("lib/tests/") || path.contains("rust_dma_nvme_copy/");
            if path.ends_with(".rs") && !is_copy && seen.insert(text.clone()) {
                assert_formatted(&format!("{}: {path}", commit.subject()), text);
            }
        }
    }
}

#[test]
fn subjects_are_as_the_kernel_wants_them() {
    for commit in commits() {
        let subject = commit.subject();
        assert!(subject.len() <= 75 && !subject.ends_with('.'), "{subject}");
        assert!(commit.message.starts_with(&format!("{subject}\n\n")));
    }
    let path = checkout().join("rust/xtask/series/cover.txt");
    let text = fs::read_to_string(path).expect("the cover letter");
    assert_eq!(text.matches("{numbers}").count(), 1);
}

#[test]
fn imports_messages_and_comments_are_no_code() {
    let text = "//! Docs.\n\nuse a::{\n    B, //\n};\nmod c;\npub mod d;\npub use self::c::E;\n\n\
                #[diagnostic::on_unimplemented(\n    message = \"f (g)\",\n)]\n/// Docs.\n\
                mod h { // why\n    // Why.\n    fn i() {\n        j()\n    }\n}\n";
    let files = [DMA_RS, "rust/kernel/io.rs"].map(|path| (path.to_string(), text.to_string()));
    assert_eq!(code_lines(&Files::from(files)).expect("a number"), 5);
}

#[test]
fn the_replacement_must_not_be_longer() {
    let (before, after) = balance(commits()).expect("no more code than before");
    assert!(after <= before && before > 500, "{after} for {before}");
    let mut longer = plan(&pristine(), &library(), REPLACING).expect("a plan");
    let root = longer[REPLACING - 1].files.get_mut(ROOT).expect("the root");
    *root += &"// No code.\n\n".repeat(before);
    assert_eq!(
        balance(&longer).expect("comments are no code"),
        (before, after)
    );
    let root = longer[REPLACING - 1].files.get_mut(ROOT).expect("the root");
    *root += &"fn f() {}\n".repeat(before);
    let error = balance(&longer).expect_err("longer").to_string();
    assert!(
        error.contains(&format!("{before} lines of code")),
        "{error}"
    );
}

#[test]
fn every_new_file_has_maintainers() {
    let list = &after("nvme_copy")["MAINTAINERS"];
    for path in after("nvme_copy").keys() {
        let patterns = path.match_indices('/').map(|(end, _)| &path[..=end]);
        let is_listed = |pattern: &str| list.contains(&format!("\nF:\t{pattern}\n"));
        let listed = pristine().join(path).exists() || patterns.chain([&**path]).any(is_listed);
        assert!(listed, "{path}");
    }
}

#[test]
fn good_patches_pass_and_others_do_not() {
    let dir = tempfile::tempdir().expect("a directory");
    let identity = Identity {
        name: "Ann Other".into(),
        email: "ann@localhost".into(),
    };
    let git = Git::at(&dir.path().join("linux"), &identity);
    small_tree(&git.dir);
    for arguments in [
        &["init", "--quiet", "--initial-branch=pristine"][..],
        &["add", "--force", "."],
        &["commit", "--quiet", "-m", "7.3"],
    ] {
        git.run(arguments).expect("git");
    }
    let (range, commits) = (("pristine", "series"), &commits()[..REPLACING + 1]);
    git.commit_all(range.0, range.1, commits).expect("commits");
    let home = dir.path().join("patches");
    let write = |sign_off| {
        let cover = "A subject\n\nA letter.\n";
        patches::write(&git, range, &home, commits, cover, sign_off).expect("patches")
    };
    assert_eq!(write(true).len(), commits.len());
    let letter = fs::read_to_string(home.join("0000-cover-letter.patch")).expect("a letter");
    assert!(letter.contains("A subject\n\nA letter.\n"), "{letter}");

    let signed = write(true);
    for (patch, commit) in signed.iter().zip(commits) {
        let text = fs::read_to_string(patch).expect("a patch");
        assert!(
            text.contains("\nFrom: Ann Other <ann@localhost>\n"),
            "{text}"
        );
        assert!(
            text.contains("\nSigned-off-by: Ann Other <ann@localhost>\n"),
            "{text}"
        );
        assert_eq!(
            text.contains("\nSubject: [RFC PATCH "),
            commit.step.rfc,
            "{text}"
        );
    }
    patches::am(&git, range, &signed).expect("the same tree");
    let error = patches::am(&git, range, &signed[1..]).expect_err("one is missing");
    assert!(format!("{error:#}").contains("gives the tree"), "{error:#}");
    let error = patches::am(&git, range, &signed[4..]).expect_err("more are missing");
    assert!(format!("{error:#}").contains("does not apply"), "{error:#}");

    patches::checkpatch(&pristine(), &signed[1..2], true).expect("nothing found");
    let unsigned = write(false);
    patches::checkpatch(&pristine(), &unsigned[1..2], false).expect("nothing found");
    let error = patches::checkpatch(&pristine(), &unsigned[1..2], true).expect_err("no sign-off");
    assert!(error.to_string().contains("Signed-off-by"), "{error}");

    let mut last = plan(&pristine(), &library(), BEFORE_KIND).expect("a plan");
    let mut last = last.pop().expect("a commit");
    patches::maintainers(&pristine(), &last).expect("maintainers");
    last.files.insert("lib/unknown.c".into(), String::new());
    let error = patches::maintainers(&pristine(), &last).expect_err("nobody's file");
    assert!(error.to_string().contains("lib/unknown.c"), "{error}");
}

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

/// The files of a kernel tree, with their content and the time at which they were written.
fn snapshot(dir: &Path) -> BTreeMap<PathBuf, (String, SystemTime)> {
    let entries = WalkDir::new(dir)
        .into_iter()
        .map(|entry| entry.expect("an entry").into_path());
    let is_kernel = |path: &PathBuf| path.is_file() && !path.ends_with(".coherent-files");
    let read = |path: PathBuf| {
        let written = fs::metadata(&path).and_then(|data| data.modified());
        let text = fs::read_to_string(&path).expect("text");
        (path, (text, written.expect("a time")))
    };
    entries.filter(is_kernel).map(read).collect()
}

#[test]
fn a_graft_is_repeatable_and_reversible() {
    let (trees, library) = (Trees::new(), library());
    // As in a copy that was made with `cp -l`.
    fs::remove_file(trees.copy().join(DMA_RS)).expect("removed");
    fs::hard_link(trees.pristine().join(DMA_RS), trees.copy().join(DMA_RS)).expect("a link");
    let changed = trees.graft(&library, GRAFT);
    assert_eq!(
        fs::read_to_string(trees.pristine().join(DMA_RS)).expect("text"),
        pristine_text(DMA_RS)
    );
    let (of_7_3, new): (Vec<_>, Vec<_>) = changed
        .into_iter()
        .partition(|path| pristine().join(path).exists());
    let expected = [
        "MAINTAINERS",
        DMA_RS,
        "rust/kernel/io.rs",
        "rust/kernel/ptr/projection.rs",
    ];
    assert_eq!(of_7_3, expected);
    assert_eq!(new, Vec::from_iter(library.files.keys().cloned()));
    let before = snapshot(&trees.copy());
    assert_eq!(trees.graft(&library, GRAFT), [""; 0]);
    assert_eq!(before, snapshot(&trees.copy()));

    // Later steps come and go.
    trees.graft(&library, STEPS.len());
    assert!(
        trees
            .text("MAINTAINERS")
            .contains("F:\tlib/tests/dma_coherent/\n")
    );
    trees.graft(&library, GRAFT);
    let texts = |files: BTreeMap<PathBuf, (String, SystemTime)>| -> BTreeMap<PathBuf, String> {
        let texts = files.into_iter().map(|(path, (text, _))| (path, text));
        texts.collect()
    };
    assert_eq!(texts(before), texts(snapshot(&trees.copy())));

    fs::write(trees.copy().join(DMA_RS), "cut off").expect("written");
    assert_eq!(trees.graft(&library, GRAFT), [DMA_RS]);
}

#[test]
fn a_changed_library_is_brought_up_to_date() {
    let (trees, mut library) = (Trees::new(), library());
    library.files.insert(file_of("old"), "// old\n".into());
    trees.graft(&library, GRAFT);
    library.files.remove(&file_of("old"));
    let root = library.files[ROOT].clone() + "\npub struct New;\n";
    library.files.insert(ROOT.into(), root);
    let changed = trees.graft(&library, GRAFT);
    assert_eq!(changed, [DMA_RS, ROOT, &file_of("old")]);
    assert!(!trees.copy().join(file_of("old")).exists());
    assert!(trees.text(DMA_RS).contains("\n    New,\n"));
}

#[test]
fn another_tree_is_refused_and_nothing_changes() {
    let projection = "rust/kernel/ptr/projection.rs";
    for (file, old, new, expected) in [
        (
            projection,
            "trait ProjectField<",
            "trait Field<",
            "matches 0 times",
        ),
        (
            "rust/kernel/io.rs",
            "fn copy_to_slice(",
            "fn copy_from_slice(",
            "matches 2 times",
        ),
        (DMA_RS, "    debugfs,\n", "", "matches 0 times"),
        (
            DMA_RS,
            "/// View type for",
            "/// A view type for",
            "matches 0 times",
        ),
        (
            DMA_RS,
            "pub fn as_sys_mem(",
            "pub fn as_mem(",
            r#"7.3 has ["as_sys_mem"] where this tree has ["as_mem"]"#,
        ),
        (
            DMA_RS,
            "unsafe impl Send for CoherentHandle {}\n",
            "",
            r#"7.3 has ["Send for CoherentHandle"] where this tree has []"#,
        ),
        (
            DMA_RS,
            "impl Send for CoherentHandle",
            "impl !Send for CoherentHandle",
            r#"has ["!Send for"#,
        ),
        (
            DMA_RS,
            "impl CoherentHandle {\n",
            "impl CoherentHandle {\n    pub const MAX: usize = 1;\n",
            r#"where this tree has ["MAX"]"#,
        ),
        (
            DMA_RS,
            "/// View type for",
            "impl<T> Default for &mut Coherent<T> {}\n\n/// View type for",
            r#"7.3 has [] where this tree has ["Default for &mut Coherent<T>"]"#,
        ),
    ] {
        let trees = Trees::new();
        let text = pristine_text(file);
        assert_eq!(text.matches(old).count(), 1, "{old:?} in 7.3");
        write(&trees.pristine().join(file), &text.replace(old, new));
        assert_refused(&trees, expected);
    }
    let trees = Trees::new();
    fs::remove_file(trees.pristine().join("rust/kernel/io.rs")).expect("removed");
    assert_refused(&trees, "the tree has no rust/kernel/io.rs");
    let trees = Trees::new();
    write(&trees.pristine().join(ROOT), "// theirs\n");
    assert_refused(&trees, "has a rust/kernel/dma/coherent.rs");
    let trees = Trees::new();
    graft(&pristine(), &trees.pristine(), &library(), GRAFT).expect("a graft");
    assert_refused(&trees, "matches 0 times");
}

fn assert_refused(trees: &Trees, expected: &str) {
    let before = snapshot(&trees.copy());
    let error = match graft(&trees.pristine(), &trees.copy(), &library(), GRAFT) {
        Ok(changed) => panic!("{changed:?}, and not refused with: {expected}"),
        Err(error) => format!("{error:#}"),
    };
    assert!(error.contains(expected), "no {expected:?} in: {error}");
    assert!(error.contains("KERNEL_SRC="), "no way out in: {error}");
    assert_eq!(before, snapshot(&trees.copy()), "the tree was changed");
}

#[test]
fn a_library_that_is_not_whole_is_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let library = Library::read(&checkout(), dir.path()).expect("no files");
    let error = plan(&pristine(), &library, GRAFT)
        .map(drop)
        .expect_err("no files");
    assert!(format!("{error:#}").contains("no coherent.rs"), "{error:#}");
    write(&dir.path().join("pool.rs"), "");
    let error = Library::read(&checkout(), dir.path())
        .map(drop)
        .expect_err("no child");
    assert!(
        error.to_string().contains("not part of the module"),
        "{error}"
    );
}
