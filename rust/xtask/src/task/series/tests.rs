// SPDX-License-Identifier: GPL-2.0

//! On the files of the pristine 7.3 tree that `make test` names, in a small repository.

use super::*;
use crate::tree::graft;
use std::env;

pub fn pristine() -> PathBuf {
    PathBuf::from(
        env::var_os("KERNEL_TREE")
            .expect("KERNEL_TREE names a pristine 7.3 tree for these tests; `make test` sets it"),
    )
}

pub fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A git tree with the files that the series reads, and one that it does not.
pub fn small_tree(dir: &Path) -> Git {
    fs::create_dir_all(dir).expect("a directory");
    let git = Git::at(&fs::canonicalize(dir).expect("a path"));
    for path in steps::INPUTS.iter().chain([&".rustfmt.toml"]) {
        let from = pristine().join(path);
        if from.exists() {
            let to = git.dir.join(path);
            fs::create_dir_all(to.parent().expect("a parent")).expect("directories");
            fs::copy(from, to).expect("a copy");
        }
    }
    git.run(["init", "--quiet", "--initial-branch=mine"])
        .expect("a repository");
    for (key, value) in [
        ("user.name", "Ann Other"),
        ("user.email", "ann@localhost"),
        ("commit.gpgSign", "false"),
    ] {
        git.run(["config", key, value]).expect("a setting");
    }
    git.run(["add", "--force", "."]).expect("added");
    git.run(["commit", "--quiet", "-m", "7.3"])
        .expect("a commit");
    git
}

fn made(sign_off: bool) -> (tempfile::TempDir, Git, Vec<Planned>, Vec<String>) {
    let dir = tempfile::tempdir().expect("a directory");
    let git = small_tree(dir.path());
    let library = Library::read(&checkout()).expect("the library");
    let identity = git.identity(sign_off).expect("an identity");
    let signer = sign_off.then_some(&identity);
    let planned = plan(&git, "HEAD", &library, signer).expect("a plan");
    let commits = commit(&git, "HEAD", &planned, &identity).expect("commits");
    (dir, git, planned, commits)
}

#[test]
fn the_end_is_what_a_graft_gives() {
    let (_dir, git, planned, commits) = made(false);
    let tip = commits.last().expect("a commit");
    let grafted = tempfile::tempdir().expect("a directory");
    fs::create_dir_all(grafted.path().join("rust/kernel")).expect("directories");
    for file in ["Makefile", steps::DMA_RS] {
        fs::copy(pristine().join(file), grafted.path().join(file)).expect("a copy");
    }
    let outcome =
        graft::graft_tree(grafted.path(), &checkout().join("rust/kernel/dma")).expect("a graft");
    assert!(outcome.changed.len() > 3);
    for file in &outcome.changed {
        let text = fs::read_to_string(grafted.path().join(file)).expect("text");
        let path = file.to_str().expect("UTF-8");
        assert_eq!(git.file(tip, path).expect("git"), Some(text), "{path}");
    }
    assert!(planned.iter().all(|commit| !commit.changes.is_empty()));
}

#[test]
fn the_handle_stays_for_one_commit() {
    let (_dir, git, _, commits) = made(false);
    let text = |commit: &str, path| git.file(commit, path).expect("git").expect("a file");
    let handle = "pub struct CoherentHandle";
    let root = "rust/kernel/dma/coherent.rs";
    assert!(text(&commits[0], steps::DMA_RS).contains(handle));
    assert!(!text(&commits[0], steps::DMA_RS).contains("pub struct Coherent<"));
    assert!(!text(&commits[0], root).contains("[`CoherentHandle`]"));
    assert!(!text(&commits[0], root).contains("type CoherentHandle"));
    assert!(!text(&commits[1], steps::DMA_RS).contains(handle));
    assert!(text(&commits[1], root).contains("pub type CoherentHandle"));
}

#[test]
fn what_comes_at_the_end_is_not_spoken_of_before() {
    let (_dir, git, _, commits) = made(false);
    let speaks = |commit: &str, word: &str| {
        git.run(["grep", "--fixed-strings", "-l", word, commit])
            .is_ok()
    };
    for (index, names) in [["alloc_zeroed", "zeroed.rs"], ["dma::bound", "into_bound"]]
        .iter()
        .enumerate()
    {
        let first = commits.len() - later::MODULES.len() + index;
        for name in names {
            assert!(!speaks(&commits[first - 1], name), "{name}");
            assert!(speaks(&commits[first], name), "{name}");
        }
    }
    let suites = |commit: &str| {
        let path = format!("{}/suites.rs", steps::TESTS);
        git.file(commit, &path).expect("git").expect("suites")
    };
    let tip = commits.last().expect("a commit");
    assert!(!suites(&commits[4]).contains("mod zeroed;"));
    let root = fs::read_to_string(checkout().join("kunit/suites.rs")).expect("suites");
    assert_eq!(suites(tip), root);
}

#[test]
fn rust_files_are_formatted_at_every_commit() {
    let (_dir, git, planned, commits) = made(false);
    for (planned, commit) in planned.iter().zip(&commits) {
        git.run(["checkout", "--quiet", commit])
            .expect("a checkout");
        let rust: Vec<_> = planned
            .changes
            .keys()
            .filter(|path| path.ends_with(".rs"))
            .collect();
        for path in rust {
            // From standard input, where a file has no children.
            let file = fs::File::open(git.dir.join(path)).expect("a file");
            let mut rustfmt = std::process::Command::new("rustfmt");
            rustfmt
                .args(["--check", "--edition", "2021", "--config-path"])
                .arg(git.dir.join(".rustfmt.toml"))
                .stdin(file);
            let output = rustfmt.output().expect("rustfmt");
            let text = String::from_utf8_lossy(&output.stdout);
            assert!(
                output.status.success(),
                "{}: {path}: {text}",
                planned.subject()
            );
        }
    }
}

#[test]
fn messages_are_as_the_kernel_wants_them() {
    let (_dir, _, planned, _) = made(false);
    for commit in &planned {
        let mut lines = commit.message.lines();
        let subject = lines.next().expect("a subject");
        assert!(subject.len() <= 75 && !subject.ends_with('.'), "{subject}");
        assert_eq!(lines.next(), Some(""), "{subject}");
        assert!(lines.all(|line| line.len() <= 75), "{subject}");
        assert!(!commit.message.contains("Signed-off-by"), "{subject}");
    }
}

#[test]
fn a_sign_off_is_by_whom_git_knows() {
    let (_dir, git, planned, commits) = made(true);
    for commit in &planned {
        let end = "\n\nSigned-off-by: Ann Other <ann@localhost>\n";
        assert!(commit.message.ends_with(end), "{}", commit.message);
    }
    let trailer = "%(trailers:key=Signed-off-by,valueonly)";
    let format = format!("--format=%an <%ae>%n{trailer}");
    let shown = git.run(["log", "-1", &format, &commits[0]]).expect("a log");
    let lines: Vec<_> = shown.lines().collect();
    assert_eq!(lines[0], "Ann Other <ann@localhost>");
    assert_eq!(lines[0], lines[1]);
}

#[test]
fn nobody_cannot_sign() {
    let dir = tempfile::tempdir().expect("a directory");
    let git = small_tree(dir.path());
    for key in ["user.name", "user.email"] {
        // Set to nothing here, whatever is set elsewhere.
        git.run(["config", key, ""]).expect("a setting");
    }
    let nobody = git.identity(false).expect("somebody made up");
    assert_eq!(nobody.email, "coherent@localhost");
    let error = git.identity(true).expect_err("nobody").to_string();
    assert!(error.contains("git config --global user.name"), "{error}");
}

#[test]
fn another_use_of_the_handle_is_refused() {
    let text = fs::read_to_string(pristine().join(steps::FB_RS)).expect("fb.rs");
    let converted = fb::convert(&text).expect("an edit");
    assert!(!converted.contains("CoherentHandle"));
    fb::convert(&converted).expect_err("no handle");
    let more = format!("{text}\nfn other(page: &CoherentHandle) {{}}\n");
    let error = fb::convert(&more).expect_err("two handles");
    assert!(error.to_string().contains("CoherentHandle"), "{error}");
}

#[test]
fn the_patches_pass_and_others_do_not() {
    let (_dir, git, _, commits) = made(false);
    let tip = commits.last().expect("a commit");
    git.run(["update-ref", BASE, "mine"]).expect("a base");
    git.run(["update-ref", BRANCH_REF, tip]).expect("a branch");
    let count = count::balance(&git, BASE, &commits, steps::REPLACING).expect("a count");
    count.check().expect("no more code than before");
    let removed = count.replacing.removed;
    assert!(removed.code > 400 && removed.comments > 200);

    let maintainers = git
        .run(["diff", "--numstat", BASE, tip, "--", "MAINTAINERS"])
        .expect("a diff");
    assert_eq!(maintainers, "10\t0\tMAINTAINERS");

    let home = tempfile::tempdir().expect("a directory");
    let patches = write_patches(&git, home.path(), &Identity::nobody(), &count).expect("patches");
    assert_eq!(patches.len(), commits.len() + 1);
    let letter = fs::read_to_string(&patches[0]).expect("a letter");
    assert!(letter.contains(&count.text()), "{letter}");
    checks::checkpatch(&pristine(), &patches, false).expect("nothing found");
    checks::am(&git, BASE, tip, &patches).expect("the same tree");

    let error = checks::am(&git, BASE, tip, &patches[1..]).expect_err("one is missing");
    assert!(format!("{error:#}").contains("git am"), "{error:#}");
    let error = checks::checkpatch(&pristine(), &patches[6..], true).expect_err("no sign-off");
    assert!(error.to_string().contains("Signed-off-by"), "{error}");
}
