// SPDX-License-Identifier: GPL-2.0

//! What `apply` does, `unapply` undoes.

mod refusals;

use super::*;
use crate::tree::testing::{checkout, library, small_repository};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use walkdir::WalkDir;

fn request(git: &Git) -> Request {
    Request {
        kdir: git.dir.clone().into_os_string(),
        branch: String::new(),
        signoff: false,
    }
}

/// All that a person could notice: references, settings, status, and every file.
fn snapshot(git: &Git) -> (Vec<Option<String>>, BTreeMap<PathBuf, Vec<u8>>) {
    let questions: [&[&str]; 6] = [
        &["for-each-ref"],
        &["symbolic-ref", "--quiet", "HEAD"],
        &["rev-parse", "HEAD"],
        &["config", "--local", "--list"],
        &["status", "--porcelain"],
        &["stash", "list"],
    ];
    let answers = questions
        .iter()
        .map(|question| git.try_run(*question).expect("git"))
        .collect();
    let files = WalkDir::new(&git.dir)
        .into_iter()
        .filter_entry(|entry| entry.file_name() != ".git")
        .map(|entry| entry.expect("an entry"))
        .filter(|entry| !entry.file_type().is_dir())
        .map(|entry| {
            let content = fs::read(entry.path()).unwrap_or_default();
            (entry.into_path(), content)
        })
        .collect();
    (answers, files)
}

fn small() -> (tempfile::TempDir, Git) {
    let dir = tempfile::tempdir().expect("a directory");
    // A path like this one breaks kbuild, but not git.
    let git = small_repository(&dir.path().join("my linux"));
    (dir, git)
}

#[test]
fn a_tree_is_as_before_after_both() {
    let (_dir, git) = small();
    fs::write(git.dir.join("notes.txt"), "mine").expect("written");
    let before = snapshot(&git);
    let said = apply(&request(&git), &library()).expect("applied");
    assert!(said.contains(&format!("{} commits", STEPS.len())), "{said}");
    assert_eq!(
        git.run(["symbolic-ref", "--short", "HEAD"])
            .expect("a branch"),
        "coherent-kind"
    );
    assert_eq!(
        git.run(["rev-list", "--count", "mine..HEAD"])
            .expect("a count"),
        STEPS.len().to_string()
    );
    assert!(git.dir.join("rust/kernel/dma/coherent.rs").is_file());
    assert_eq!(
        git.run(["status", "--porcelain"]).expect("a status"),
        "?? notes.txt"
    );
    let author = git.run(["log", "-1", "--format=%an <%ae>"]).expect("a log");
    assert_eq!(author, "Ann Other <ann@localhost>");
    unapply(&request(&git)).expect("undone");
    assert_eq!(before, snapshot(&git));
}

#[test]
fn a_branch_can_be_left_before_it_is_taken_back() {
    let (_dir, git) = small();
    let before = snapshot(&git);
    apply(&request(&git), &library()).expect("applied");
    git.run(["checkout", "--quiet", "mine"])
        .expect("a checkout");
    unapply(&request(&git)).expect("undone");
    assert_eq!(before, snapshot(&git));
}

#[test]
fn a_branch_can_have_another_name() {
    let (_dir, git) = small();
    let before = snapshot(&git);
    let mut request = request(&git);
    request.branch = "topic/dma.kinds".into();
    apply(&request, &library()).expect("applied");
    unapply(&request).expect("undone");
    assert_eq!(before, snapshot(&git));
}

#[test]
fn hooks_do_not_get_in_between() {
    let (_dir, git) = small();
    let hook = git.dir.join(".git/hooks/post-checkout");
    fs::create_dir_all(git.dir.join(".git/hooks")).expect("a directory");
    fs::write(&hook, "#!/bin/sh\nexit 1\n").expect("a hook");
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).expect("executable");
    git.run(["checkout", "--quiet", "mine"])
        .expect_err("the hook says no");
    let before = snapshot(&git);
    apply(&request(&git), &library()).expect("applied");
    unapply(&request(&git)).expect("undone");
    assert_eq!(before, snapshot(&git));
}

#[test]
fn a_tree_can_be_on_another_file_system() {
    let dir = tempfile::tempdir_in("/dev/shm").expect("a directory in memory");
    let device = |path: &Path| fs::metadata(path).expect("metadata").dev();
    assert_ne!(device(dir.path()), device(&checkout()));
    let git = small_repository(dir.path());
    let before = snapshot(&git);
    apply(&request(&git), &library()).expect("applied");
    unapply(&request(&git)).expect("undone");
    assert_eq!(before, snapshot(&git));
}
