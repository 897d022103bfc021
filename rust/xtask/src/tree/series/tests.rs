// SPDX-License-Identifier: GPL-2.0

//! On the files of the pristine tree, in a small repository.

use super::*;
use crate::tree::git::Git;
use crate::tree::library::{DMA_RS, ROOT};
use crate::tree::patches;
use crate::tree::testing::{assert_formatted, checkout, library, pristine, small_repository};
use std::fs;

const BRANCH: &str = "coherent-kind";

struct Series {
    _dir: tempfile::TempDir,
    git: Git,
    commits: Vec<Commit>,
    ids: Vec<String>,
}

fn series(sign_off: bool) -> Series {
    let dir = tempfile::tempdir().expect("a directory");
    let git = small_repository(dir.path());
    let identity = git.identity(sign_off).expect("an identity");
    let base = |path: &str| git.file("mine", path);
    let signer = sign_off.then_some(&identity);
    let commits = plan(&base, &library(), STEPS.len(), signer).expect("a plan");
    let changes = commits
        .iter()
        .map(|commit| (&commit.changes, &*commit.message));
    let reference = format!("refs/heads/{BRANCH}");
    let ids = git
        .commit_all("mine", &reference, changes, &identity)
        .expect("commits");
    assert_eq!(ids.len(), STEPS.len());
    Series {
        _dir: dir,
        git,
        commits,
        ids,
    }
}

/// The files after the step that has this at the start of its subject.
fn after<'a>(commits: &'a [Commit], subject: &str) -> &'a Files {
    let mut found = commits
        .iter()
        .filter(|commit| commit.step.subject().starts_with(subject));
    &found.next().expect("a step").files
}

#[test]
fn the_files_of_git_are_those_of_the_plan() {
    let Series {
        _dir,
        git,
        commits,
        ids,
    } = series(false);
    for (commit, id) in commits.iter().zip(&ids) {
        assert!(!commit.changes.is_empty());
        for (path, text) in &commit.files {
            assert_eq!(
                git.file(id, path).expect("git").as_ref(),
                Some(text),
                "{path}"
            );
        }
    }
    for (path, text) in library().files {
        assert_eq!(commits[GRAFT - 1].files.get(&path), Some(&text), "{path}");
    }
}

#[test]
fn each_patch_does_one_thing() {
    let commits = series(false).commits;
    let handle = "rust/kernel/dma/coherent/handle.rs";
    let moved = after(&commits, "rust: dma: move");
    let old = "pub struct CoherentHandle {";
    assert!(moved[handle].contains(old) && !moved[ROOT].contains("Kind"));
    let kind = after(&commits, "rust: dma: make Coherent generic");
    assert!(kind[handle].contains(old) && kind[ROOT].contains("pub trait CoherentKind"));
    let alias = after(&commits, "rust: dma: make CoherentHandle an alias");
    assert!(alias[handle].contains("pub type CoherentHandle"));
    assert_eq!(kind[ROOT], alias[ROOT]);

    for (name, commit) in FEATURES.iter().zip(&commits[REPLACING..]) {
        let file = format!("rust/kernel/dma/coherent/{name}.rs");
        for path in commit.changes.keys() {
            let listed = [DMA_RS, ROOT, "MAINTAINERS"].contains(&&**path);
            assert!(
                listed || path.starts_with(&file[..file.len() - 3]),
                "{name}: {path}"
            );
        }
        assert!(commit.changes.contains_key(&file), "{name}");
    }
}

/// Whether a text contains a word.
fn mentions(text: &str, word: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        !text[..at].ends_with(is_word) && !text[at + word.len()..].starts_with(is_word)
    })
}

#[test]
fn no_patch_mentions_a_later_one() {
    let commits = series(false).commits;
    for (index, name) in FEATURES.iter().enumerate() {
        let (before, at) = (&commits[REPLACING + index - 1], &commits[REPLACING + index]);
        let root = &at.files[ROOT];
        let mut names = super::super::library::public_names(root).expect("names");
        let known = super::super::library::public_names(&before.files[ROOT]).expect("names");
        names.retain(|name| {
            !known.contains(name) && !["Coherent", "CoherentBox"].contains(&&**name)
        });
        let file = format!("rust/kernel/dma/coherent/{name}");
        let added = at
            .changes
            .iter()
            .filter(|(path, _)| path.starts_with(&file));
        for item in added.flat_map(|(_, text)| syn::parse_file(text).expect("Rust").items) {
            let syn::Item::Impl(block) = item else {
                continue;
            };
            names.extend(block.items.iter().filter_map(|item| match item {
                syn::ImplItem::Fn(function)
                    if block.trait_.is_none()
                        && matches!(function.vis, syn::Visibility::Public(_)) =>
                {
                    Some(function.sig.ident.to_string())
                }
                _ => None,
            }));
        }
        // A method of a new type may have the name of an older one.
        let dma = before
            .files
            .iter()
            .filter(|(path, _)| path.starts_with("rust/kernel/dma"));
        let is_defined = |word: &String| {
            let function = format!("fn {word}");
            dma.clone().any(|(_, text)| mentions(text, &function))
        };
        names.retain(|word| !is_defined(word));
        for (path, text) in dma.clone() {
            for word in names.iter().filter(|word| word.len() > 4) {
                let links = [format!("::{word}"), format!("`{word}`")];
                let found = links.iter().any(|link| mentions(text, link));
                assert!(!found, "{path} mentions {word} before the feature {name}");
            }
        }
    }
}

#[test]
fn rust_files_are_formatted_at_every_commit() {
    for commit in series(false).commits {
        let rust = commit
            .changes
            .iter()
            .filter(|(path, _)| path.ends_with(".rs"));
        for (path, text) in rust {
            assert_formatted(&format!("{}: {path}", commit.step.subject()), text);
        }
    }
}

#[test]
fn messages_are_as_the_kernel_wants_them() {
    for commit in series(false).commits {
        let mut lines = commit.message.lines();
        let subject = lines.next().expect("a subject");
        assert!(subject.len() <= 75 && !subject.ends_with('.'), "{subject}");
        assert_eq!(lines.next(), Some(""), "{subject}");
        assert!(
            lines.all(|line| line.len() <= 75 || line.contains("https:")),
            "{subject}"
        );
        assert!(!commit.message.contains("Signed-off-by"), "{subject}");
    }
}

#[test]
fn a_sign_off_is_by_the_identity_in_git() {
    let Series {
        _dir,
        git,
        commits,
        ids,
    } = series(true);
    for commit in &commits {
        let end = "\nSigned-off-by: Ann Other <ann@localhost>\n";
        assert!(commit.message.ends_with(end), "{}", commit.message);
    }
    for id in &ids {
        let trailer = "%(trailers:key=Signed-off-by,valueonly)";
        let format = format!("--format=%an <%ae>%n{trailer}");
        let shown = git.run(["log", "-1", &format, id]).expect("a log");
        let lines: Vec<_> = shown.lines().collect();
        assert_eq!(lines, ["Ann Other <ann@localhost>"; 2]);
    }
}

#[test]
fn nobody_cannot_sign() {
    let dir = tempfile::tempdir().expect("a directory");
    let git = small_repository(dir.path());
    for key in ["user.name", "user.email"] {
        // Set to nothing here, whatever is set elsewhere.
        git.run(["config", key, ""]).expect("a setting");
    }
    let nobody = git.identity(false).expect("a made-up identity");
    assert_eq!(nobody.email, "coherent@localhost");
    let error = git.identity(true).expect_err("nobody").to_string();
    assert!(error.contains("git config --global user.name"), "{error}");
}

#[test]
fn the_flush_page_is_converted() {
    let path = "drivers/gpu/nova-core/fb.rs";
    let commits = series(false).commits;
    let text = &after(&commits, "gpu: nova-core: use a fixed-size type")[path];
    assert!(text.contains("type FlushPage = Coherent<[u8; ") && !text.contains("CoherentHandle"));
}

#[test]
fn imports_messages_and_comments_are_no_code() {
    let text = "//! Docs.\n\nuse a::{\n    B, //\n};\nmod c;\npub mod d;\npub use self::c::E;\n\n\
                #[diagnostic::on_unimplemented(\n    message = \"f (g)\",\n)]\n/// Docs.\n\
                mod h { // why\n    // Why.\n    fn i() {\n        j()\n    }\n}\n";
    assert_eq!(code_lines_of(text), 5);
}

#[test]
fn the_replacement_must_not_be_longer() {
    let mut commits = series(false).commits;
    let (before, after) = balance(&commits).expect("no more code than before");
    assert!(after <= before && before > 500, "{after} for {before}");
    let text = commits[REPLACING - 1]
        .files
        .get_mut(DMA_RS)
        .expect("dma.rs");
    *text += &"// No code.\n\n    // No code.\n".repeat(9);
    let same = balance(&commits).expect("comments are no code");
    assert_eq!(same, (before, after));
    let text = commits[REPLACING - 1]
        .files
        .get_mut(DMA_RS)
        .expect("dma.rs");
    *text += &"fn f() {}\n".repeat(before);
    let error = balance(&commits).expect_err("longer").to_string();
    assert!(
        error.contains(&format!("{before} lines of code")),
        "{error}"
    );
}

#[test]
fn the_patches_pass_and_others_do_not() {
    let Series {
        _dir,
        git,
        commits,
        ids,
    } = series(false);
    let tip = ids.last().expect("a commit");
    let home = tempfile::tempdir().expect("a directory");
    let dir = home.path().join("patches");
    let identity = Identity::nobody();
    let write = || {
        let range = ("mine", BRANCH);
        patches::write(
            &git,
            range,
            &dir,
            &commits,
            &identity,
            "A subject\n\nA letter.\n",
        )
    };
    write().expect("patches");
    let patches = write().expect("patches, in the place of those");
    let letter = fs::read_to_string(&patches[0]).expect("a letter");
    assert!(letter.contains("\n\nA letter.\n"), "{letter}");
    for (patch, commit) in patches[1..].iter().zip(&commits) {
        let text = fs::read_to_string(patch).expect("a patch");
        assert_eq!(
            text.contains("\nSubject: [RFC PATCH "),
            commit.step.rfc,
            "{text}"
        );
    }
    patches::checkpatch(&pristine(), &patches, false).expect("nothing found");
    patches::am(&git, "mine", tip, &patches).expect("the same tree");
    patches::maintainers(&pristine(), &commits).expect("maintainers");

    let error = patches::am(&git, "mine", tip, &patches[1..]).expect_err("one is missing");
    assert!(format!("{error:#}").contains("git am"), "{error:#}");
    let error = patches::checkpatch(&pristine(), &patches[6..8], true).expect_err("no sign-off");
    assert!(error.to_string().contains("Signed-off-by"), "{error}");
    let mut commits = commits;
    let last = commits.last_mut().expect("a commit");
    last.files.insert("lib/unknown.c".into(), String::new());
    let error = patches::maintainers(&pristine(), &commits).expect_err("nobody's file");
    assert!(error.to_string().contains("lib/unknown.c"), "{error}");
}

#[test]
fn the_cover_letter_has_a_place_for_the_numbers() {
    let path = checkout().join("rust/xtask/series/cover.txt");
    let text = fs::read_to_string(path).expect("the cover letter");
    assert_eq!(text.matches("{numbers}").count(), 1);
}
