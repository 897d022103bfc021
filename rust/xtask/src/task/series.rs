// SPDX-License-Identifier: GPL-2.0

//! The library as a series of patches on Linux 7.3, each checked.

mod verify;

use crate::build::session::Session;
use crate::host::process;
use crate::host::progress::Step;
use crate::host::table;
use crate::host::workspace::Workspace;
use crate::tree::git::{Git, Identity};
use crate::tree::library::Library;
use crate::tree::patches;
use crate::tree::series::{self, STEPS};
use anyhow::{Context, Result};
use std::path::Path;
use std::process::ExitCode;

#[derive(clap::Args)]
pub struct Options {
    /// Sign the commits off with the identity in the git configuration
    #[arg(long, env = "SIGNOFF", value_parser = clap::builder::FalseyValueParser::new())]
    pub signoff: bool,

    /// Build and boot each commit, and run its tests
    #[arg(long, env = "VERIFY", value_parser = clap::builder::FalseyValueParser::new())]
    pub verify: bool,
}

const BASE: &str = "pristine";
const BRANCH: &str = "coherent-kind";

/// `make series`.
pub fn run(session: &Session, options: &Options) -> Result<ExitCode> {
    let (workspace, progress) = (&session.workspace, &session.progress);
    let identity = match Identity::of_user(&workspace.checkout) {
        Err(error) if options.signoff => {
            return Err(error.context(
                "SIGNOFF=1 signs with the identity that git has: set it with `git config --global \
                 user.name` and `user.email`",
            ));
        }
        identity => identity.unwrap_or(Identity::nobody()),
    };
    let source = &session.source;
    let home = workspace.cache("series").join(&source.id);
    let repository = workspace.filled(home.join("linux.git"), |dir| {
        progress.step("reading the pristine tree into git", |step| {
            commit_tree(workspace, step, &source.tree, dir)
        })
    })?;
    let git = Git::at(&repository, &identity);
    let library = Library::read(&workspace.checkout, &workspace.overlay())?;
    let commits = series::plan(&source.tree, &library, STEPS.len())?;
    let last = commits.last().context("the series is empty")?;
    let (before, after) = series::balance(&commits)?;

    let home = home.join("patches");
    progress.step("checking the patches", |step| {
        git.commit_all(BASE, BRANCH, &commits)?;
        let numbers = format!("  {before} lines before, {after} lines after");
        let cover = include_str!("../../series/cover.txt").replace("{numbers}", &numbers);
        let range = (BASE, BRANCH);
        let patches = patches::write(&git, range, &home, &commits, &cover, options.signoff)?;
        patches::checkpatch(&source.tree, &patches, options.signoff)?;
        step.say("checkpatch.pl --strict finds nothing");
        patches::am(&git, range, &patches)?;
        step.say("git am on an untouched tree gives the same tree");
        patches::maintainers(&source.tree, last)?;
        step.say("get_maintainer.pl finds the maintainers of each new file");
        Ok(())
    })?;
    let verified = match options.verify {
        true => Some(verify::run(session, &commits)?),
        false => None,
    };

    let mut table = table::new(["commit", "change", "code", "tests passed", "nova-core"]);
    for (index, commit) in commits.iter().enumerate() {
        let id = format!("{BRANCH}~{}", commits.len() - 1 - index);
        let change = git.run(&["show", "--format=", "--shortstat", "--no-renames", &id])?;
        let not_run = || ["not run", ""].map(str::to_string);
        let [tests, nova_core] = verified.as_ref().map_or_else(not_run, |v| v[index].clone());
        table.add_row([
            commit.subject().to_string(),
            change.trim().to_string(),
            series::code_lines(&commit.files)?.to_string(),
            tests,
            nova_core,
        ]);
    }
    println!("{table}\n\"code\" counts lines of code in rust/kernel/dma* after the commit,");
    println!("\"nova-core\" the bytes of its `.text`.");
    println!("The types of 7.3 take {before} of them; what replaces them takes {after}.");
    println!("patches: {}", home.display());
    Ok(ExitCode::SUCCESS)
}

/// Makes a bare repository in `dir`, with the files of `tree` as the only commit of [`BASE`].
fn commit_tree(workspace: &Workspace, step: &Step, tree: &Path, dir: &Path) -> Result<()> {
    step.say("this reads the whole tree, once");
    let git = Git::at(dir, &Identity::nobody());
    git.run(&["init", "--quiet", "--bare", "--initial-branch", BASE])?;
    let log = workspace.cache("logs/series-base.log");
    let work_tree = format!("--work-tree={}", tree.display());
    let mut add = git.command(&[]);
    // One pack in place of a file for each of a hundred thousand blobs.
    for setting in [
        "core.bigFileThreshold=1",
        "core.compression=1",
        "core.fsync=none",
    ] {
        add.args(["-c", setting]);
    }
    // The tree's own ignore rules are about what is built in it, and nothing was.
    add.args([&work_tree, "add", "--force", "--all", "."]);
    process::logged(step, &mut add, &log)?;
    let mut commit = git.command(&[
        &work_tree,
        "commit",
        "--quiet",
        "-m",
        "Linux, as it was found",
    ]);
    process::logged(step, &mut commit, &log)
}
