// SPDX-License-Identifier: GPL-2.0

//! Each refusal says why and what to do, and leaves everything as it was.

use super::*;

type Change<'a> = &'a dyn Fn(&Git);

/// What is done to a tree, and what `apply` has to say about it.
fn refused(what: &str, change: Change<'_>, branch: &str, reason: &str, way_out: &str) {
    let (_dir, git) = small();
    change(&git);
    let before = snapshot(&git);
    let mut request = request(&git);
    request.branch = branch.into();
    let error = apply(&request, &library()).expect_err(what);
    let error = format!("{error:#}");
    assert!(error.contains(reason), "{what}: {error}");
    assert!(error.contains(way_out), "{what}: no way out: {error}");
    assert_eq!(before, snapshot(&git), "{what}: something was changed");
}

fn run(git: &Git, arguments: &[&str]) {
    git.run(arguments).expect("git");
}

fn edit(git: &Git, path: &str, from: &str, to: &str) {
    let path = git.dir.join(path);
    let text = fs::read_to_string(&path).expect("text");
    assert!(text.contains(from), "{}", path.display());
    fs::write(path, text.replacen(from, to, 1)).expect("written");
}

fn edit_and_commit(git: &Git, path: &str, from: &str, to: &str) {
    edit(git, path, from, to);
    run(git, &["commit", "--quiet", "--all", "-m", "a change"]);
}

#[test]
fn work_that_is_not_committed_is_refused() {
    let change = |git: &Git| edit(git, "Makefile", "SPDX", "spdx");
    let (reason, way_out) = ("uncommitted", "git stash");
    refused("a dirty tree", &change, "", reason, way_out);
    let staged = |git: &Git| {
        change(git);
        run(git, &["add", "Makefile"]);
    };
    refused("a dirty index", &staged, "", reason, way_out);
    let removed = |git: &Git| fs::remove_file(git.dir.join("MAINTAINERS")).expect("removed");
    refused("a lost file", &removed, "", reason, way_out);
    let merging = |git: &Git| {
        let head = git.run(["rev-parse", "HEAD"]).expect("a commit");
        fs::write(git.dir.join(".git/MERGE_HEAD"), head).expect("written");
    };
    refused(
        "a merge",
        &merging,
        "",
        "middle of a `git merge`",
        "git merge --abort",
    );
}

#[test]
fn no_branch_to_return_to_is_refused() {
    let detach = |git: &Git| run(git, &["checkout", "--quiet", "--detach"]);
    refused("a detached head", &detach, "", "detached", "git switch -c");
}

#[test]
fn a_branch_name_that_conflicts_is_refused() {
    let there = |git: &Git| run(git, &["branch", "coherent-kind"]);
    refused("a branch", &there, "", "already exists", "BRANCH=");
    let below = |git: &Git| run(git, &["branch", "coherent-kind/old"]);
    refused("a branch below", &below, "", "coherent-kind/old", "BRANCH=");
    refused(
        "a branch above",
        &|_| {},
        "mine/kind",
        "refs/heads/mine",
        "BRANCH=",
    );
    refused(
        "no name",
        &|_| {},
        "a..b",
        "not a valid branch name",
        "choose another name",
    );
    refused(
        "an option",
        &|_| {},
        "--all",
        "not a valid branch name",
        "choose another name",
    );
}

#[test]
fn another_version_is_refused() {
    let change = |git: &Git| edit_and_commit(git, "Makefile", "PATCHLEVEL = 3", "PATCHLEVEL = 4");
    refused("7.4", &change, "", "is Linux 7.4", "v7.3");
    let none = |git: &Git| edit_and_commit(git, "Makefile", "PATCHLEVEL", "LEVEL");
    refused("no version", &none, "", "no kernel tree", "v7.3");
}

#[test]
fn a_tree_without_rust_dma_is_refused() {
    let change = |git: &Git| {
        run(git, &["rm", "--quiet", "rust/kernel/dma.rs"]);
        run(git, &["commit", "--quiet", "-m", "gone"]);
    };
    refused("no dma.rs", &change, "", "no Rust support for DMA", "v7.3");
}

#[test]
fn other_code_than_in_7_3_is_refused() {
    let change = |git: &Git| {
        edit_and_commit(
            git,
            "rust/kernel/dma.rs",
            "pub fn as_sys_mem(",
            "pub fn as_mem(",
        )
    };
    refused("a renamed method", &change, "", "as_mem", "v7.3");
    let section =
        |git: &Git| edit_and_commit(git, "MAINTAINERS", "DMA MAPPING & SCATTERLIST", "DMA");
    refused(
        "a renamed section",
        &section,
        "",
        "DMA MAPPING & SCATTERLIST",
        "v7.3",
    );
    let applied = |git: &Git| {
        apply(&request(git), &library()).expect("applied");
        run(git, &["checkout", "--quiet", "-b", "more"]);
    };
    refused(
        "the series itself",
        &applied,
        "again",
        "matches 0 times",
        "v7.3",
    );
}

#[test]
fn a_file_in_the_way_is_refused() {
    let change = |git: &Git| {
        fs::create_dir_all(git.dir.join("rust/kernel/dma")).expect("a directory");
        fs::write(git.dir.join("rust/kernel/dma/coherent.rs"), "// mine\n").expect("written");
    };
    refused(
        "a file",
        &change,
        "",
        "would be overwritten",
        "nothing was changed",
    );
    // git itself would overwrite this one, as it is told that nobody needs it.
    let ignored = |git: &Git| {
        change(git);
        fs::write(git.dir.join(".git/info/exclude"), "coherent.rs\n").expect("written");
    };
    refused(
        "an ignored file",
        &ignored,
        "",
        "would be overwritten",
        "nothing was changed",
    );
    let blocked = |git: &Git| fs::write(git.dir.join("rust/kernel/dma"), "mine").expect("written");
    refused(
        "a file for a directory",
        &blocked,
        "",
        "would be overwritten",
        "nothing was changed",
    );
}

#[test]
fn what_only_git_notices_is_undone() {
    let lock = |git: &Git| fs::write(git.dir.join(".git/index.lock"), "").expect("written");
    refused(
        "git at work",
        &lock,
        "",
        "nothing was changed",
        "index.lock",
    );
}

#[test]
fn what_is_no_git_tree_is_refused() {
    let (dir, git) = small();
    let before = snapshot(&git);
    let mut request = request(&git);
    let bare = dir.path().join("bare.git");
    run(
        &git,
        &["clone", "--quiet", "--bare", ".", &bare.to_string_lossy()],
    );
    for (path, reason) in [
        (bare, "no working tree of git"),
        (dir.path().to_path_buf(), "no working tree of git"),
        (git.dir.join("rust"), "part of the git tree"),
        (git.dir.join("nowhere"), "no such directory"),
        (git.dir.join("Makefile"), "not a directory"),
        (PathBuf::new(), "KDIR=~/linux"),
    ] {
        request.kdir = path.clone().into_os_string();
        for error in [
            apply(&request, &library()).expect_err("no tree"),
            unapply(&request).expect_err("no tree"),
        ] {
            let error = format!("{error:#}");
            assert!(error.contains(reason), "{}: {error}", path.display());
        }
    }
    assert_eq!(before, snapshot(&git));
}

#[test]
fn what_was_done_on_top_is_not_taken_away() {
    let (_dir, git) = small();
    let error = unapply(&request(&git))
        .expect_err("nothing applied")
        .to_string();
    assert!(error.contains("no branch coherent-kind"), "{error}");

    apply(&request(&git), &library()).expect("applied");
    edit(&git, "Makefile", "SPDX", "spdx");
    let cases: [(Change<'_>, &str, &str); 3] = [
        (&|_| {}, "uncommitted", "git stash"),
        (
            &|git| run(git, &["commit", "--quiet", "--all", "-m", "mine"]),
            "has changed since",
            "git rebase --onto mine",
        ),
        (
            &|git| {
                run(git, &["reset", "--quiet", "--hard", "HEAD~"]);
                run(git, &["branch", "--force", "mine", "mine~0"]);
                let tree = git.run(["rev-parse", "mine^{tree}"]).expect("a tree");
                let next = git
                    .run(["commit-tree", &tree, "-p", "mine", "-m", "next"])
                    .expect("a commit");
                run(git, &["update-ref", "refs/heads/mine", &next]);
            },
            "is not at",
            "git switch mine",
        ),
    ];
    for (change, reason, way_out) in cases {
        change(&git);
        let before = snapshot(&git);
        let error = format!("{:#}", unapply(&request(&git)).expect_err(reason));
        assert!(error.contains(reason), "{error}");
        assert!(error.contains(way_out), "{error}");
        assert_eq!(before, snapshot(&git), "{reason}: something was changed");
    }
}
