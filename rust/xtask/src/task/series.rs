// SPDX-License-Identifier: GPL-2.0

//! The library as a series of patches on Linux 7.3, each checked.

mod repository;
mod verify;

use crate::build::session::Session;
use crate::host::table;
use crate::tree::git::Git;
use crate::tree::library::Library;
use crate::tree::patches;
use crate::tree::series::{self, STEPS, code_lines};
use anyhow::{Context, Result};
use repository::BASE;
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

const BRANCH: &str = "coherent-kind";

/// `make series`.
pub fn run(session: &Session, options: &Options) -> Result<ExitCode> {
    let (workspace, progress) = (&session.workspace, &session.progress);
    let source = session.source()?;
    let home = workspace.cache("series").join(&source.id);
    let git = progress.step("reading the pristine tree into git", |step| {
        repository::of_tree(workspace, step, &source.tree, &home.join("linux.git"))
    })?;
    let identity = Git::at(&workspace.checkout).identity(options.signoff)?;
    let library = Library::read(&workspace.checkout, &workspace.overlay())?;
    let (planned, commits) = progress.step("making the commits", |_| {
        let base = |path: &str| git.file(BASE, path);
        let signer = options.signoff.then_some(&identity);
        let planned = series::plan(&base, &library, STEPS.len(), signer)?;
        let changes = planned
            .iter()
            .map(|commit| (&commit.changes, &*commit.message));
        let reference = format!("refs/heads/{BRANCH}");
        let commits = git.commit_all(BASE, &reference, changes, &identity)?;
        Ok((planned, commits))
    })?;
    let tip = commits.last().context("the series is empty")?;
    let (before, after) = series::balance(&planned)?;

    let home = home.join("patches");
    progress.step("checking the patches", |step| {
        let numbers = format!("  {before} lines before, {after} lines after");
        let cover = include_str!("../../series/cover.txt").replace("{numbers}", &numbers);
        let patches = patches::write(&git, (BASE, BRANCH), &home, &planned, &identity, &cover)?;
        patches::checkpatch(&source.tree, &patches, options.signoff)?;
        step.say("checkpatch.pl --strict finds nothing");
        patches::am(&git, BASE, tip, &patches)?;
        step.say("git am on an untouched tree gives the same tree");
        patches::maintainers(&source.tree, &planned)?;
        step.say("get_maintainer.pl finds the maintainers of each new file");
        Ok(())
    })?;
    let passed = match options.verify {
        true => Some(verify::run(session, &planned)?),
        false => None,
    };

    let mut table = table::new([
        "commit",
        "files",
        "added",
        "removed",
        "code",
        "tests passed",
    ]);
    for (index, commit) in planned.iter().enumerate() {
        let [files, added, removed] = patches::stat(&git, &commits[index])?;
        let tests = passed.as_ref().map(|passed| passed[index].to_string());
        table.add_row([
            commit.step.subject().to_string(),
            files.to_string(),
            added.to_string(),
            removed.to_string(),
            code_lines(&commit.files).to_string(),
            tests.unwrap_or("not run".into()),
        ]);
    }
    println!("{table}\n\"code\" counts lines of code in rust/kernel/dma* after the commit.");
    println!("The types of 7.3 take {before} of them; what replaces them takes {after}.");
    println!("patches: {}", home.display());
    Ok(ExitCode::SUCCESS)
}
