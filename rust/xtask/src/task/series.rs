// SPDX-License-Identifier: GPL-2.0

//! The library as a series of commits on a kernel tree.
//!
//! No text of the kernel is kept here: a step is a program that makes its files from those of the
//! tree and of this repository. All steps are worked out before the first commit is made.

mod checks;
mod count;
mod edit;
mod fb;
mod later;
mod steps;
#[cfg(test)]
pub mod tests;
mod verify;

use crate::build::session::Session;
use crate::host::process;
use crate::host::table;
use crate::host::workspace::Workspace;
use crate::setup::source::Source;
use crate::tree::git::{Files, Git, Identity};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
pub use steps::Library;

/// A commit to be.
pub struct Planned {
    pub message: String,
    /// The files that it writes.
    pub changes: Files,
    pub step: &'static steps::Step,
}

impl Planned {
    pub fn subject(&self) -> &str {
        self.message.lines().next().unwrap_or_default()
    }
}

/// Works out the series for the tree of `base`. Writes nothing.
pub fn plan(
    git: &Git,
    base: &str,
    library: &Library,
    sign_off: Option<&Identity>,
) -> Result<Vec<Planned>> {
    let mut files = Files::new();
    for path in steps::INPUTS {
        if let Some(text) = git.file(base, path)? {
            files.insert(path.to_string(), text);
        }
    }
    let pristine = files.clone();
    let mut planned = Vec::new();
    for step in steps::ALL {
        let mut after = files.clone();
        (step.run)(&mut after, &pristine, library)
            .with_context(|| format!("the step \"{}\"", step.subject()))?;
        let mut message = step.message.trim_end().to_string();
        message.push('\n');
        if let Some(identity) = sign_off {
            message.push_str(&format!("\n{}\n", identity.sign_off()));
        }
        planned.push(Planned {
            message,
            changes: changes(&files, &after),
            step,
        });
        files = after;
    }
    Ok(planned)
}

fn changes(before: &Files, after: &Files) -> Files {
    let changed = after
        .iter()
        .filter(|(path, text)| before.get(*path) != Some(text));
    changed
        .map(|(path, text)| (path.clone(), text.clone()))
        .collect()
}

/// Makes the commits and returns them. No branch knows them yet.
pub fn commit(
    git: &Git,
    base: &str,
    planned: &[Planned],
    identity: &Identity,
) -> Result<Vec<String>> {
    let commits = planned
        .iter()
        .map(|planned| (&planned.changes, planned.message.as_str()));
    git.commit_all(base, commits, identity)
}

#[derive(clap::Args)]
pub struct Options {
    /// Sign the commits off with the identity that git has
    #[arg(long, env = "SIGNOFF", value_parser = clap::builder::FalseyValueParser::new())]
    pub signoff: bool,

    /// Build and boot each commit, and run its tests
    #[arg(long, env = "VERIFY", value_parser = clap::builder::FalseyValueParser::new())]
    pub verify: bool,
}

/// The series in the repository of the cache. No branch knows it yet.
struct Made {
    source: Source,
    git: Git,
    home: PathBuf,
    identity: Identity,
    planned: Vec<Planned>,
    commits: Vec<String>,
}

fn make(session: &Session, sign_off: bool) -> Result<Made> {
    let source = session.source()?;
    let home = session.workspace.cache("series").join(&source.id);
    let git = session
        .progress
        .step("the pristine tree as a commit", |step| {
            repository(&session.workspace, step, &source, &home)
        })?;
    let identity = Git::at(&session.workspace.checkout).identity(sign_off)?;
    let library = Library::read(&session.workspace.checkout)?;
    session.progress.step("making the series", |_| {
        let planned = plan(&git, BASE, &library, sign_off.then_some(&identity))?;
        let commits = commit(&git, BASE, &planned, &identity)?;
        Ok(Made {
            source,
            git,
            home,
            identity,
            planned,
            commits,
        })
    })
}

/// A tree to which the whole series is applied.
pub fn applied(session: &Session) -> Result<PathBuf> {
    let made = make(session, false)?;
    let tree = verify::tree(session, &made.source)?;
    let tip = made.commits.last().context("the series is empty")?;
    verify::bring_to(&tree, &made.git, tip, &made.planned)?;
    Ok(tree)
}

/// `make series`.
pub fn run(session: &Session, options: &Options) -> Result<ExitCode> {
    let sign_off = options.signoff;
    let Made {
        source,
        git,
        home,
        identity,
        planned,
        commits,
    } = make(session, sign_off)?;
    let tip = commits.last().context("the series is empty")?;
    git.run(["update-ref", BRANCH_REF, tip])?;

    let count = count::balance(&git, BASE, &commits, steps::REPLACING)?;
    let patches = session.progress.step("writing the patches", |_| {
        write_patches(&git, &home, &identity, &count)
    })?;
    session.progress.step("checking the patches", |step| {
        checks::checkpatch(&source.tree, &patches, sign_off)?;
        step.say("checkpatch.pl --strict finds nothing");
        checks::am(&git, BASE, tip, &patches)?;
        step.say("git am on an untouched tree gives the same tree");
        checks::maintainers(&git, &session.workspace, tip, &planned)?;
        step.say("get_maintainer.pl knows who looks after each new file");
        Ok(())
    })?;
    let mut passed = None;
    if options.verify {
        passed = Some(verify::run(session, &source, &git, &planned, &commits)?);
    }

    let mut table = table::new(["commit", "files", "added", "removed", "tests passed"]);
    for (index, planned) in planned.iter().enumerate() {
        let (files, added, removed) = checks::stat(&git, &commits[index])?;
        let tests = passed.as_ref().map(|passed| passed[index].to_string());
        table.add_row([
            planned.subject().to_string(),
            files.to_string(),
            added.to_string(),
            removed.to_string(),
            tests.unwrap_or("not run".into()),
        ]);
    }
    println!("{table}");
    println!("{}", count.table());
    println!("patches: {}", home.join("patches").display());
    count.check()?;
    Ok(ExitCode::SUCCESS)
}

/// The commit of the pristine tree, and the branch of the series on it.
const BASE: &str = "refs/heads/pristine";
const BRANCH_REF: &str = "refs/heads/coherent-kind";

/// The repository that has the pristine tree as a commit.
fn repository(
    workspace: &Workspace,
    step: &crate::host::progress::Step,
    source: &Source,
    home: &Path,
) -> Result<Git> {
    let git = Git::at(&home.join("linux.git"));
    if git.dir.is_dir() {
        return Ok(git);
    }
    step.say("this reads the whole tree, once");
    let scratch = workspace.scratch("series-")?;
    let new = Git::at(&scratch.path().join("linux.git"));
    fs::create_dir(&new.dir)?;
    new.run(["init", "--quiet", "--bare"])?;
    let log = workspace.cache("logs/series-base.log");
    // One pack in place of a file for each of a hundred thousand blobs. The tree's own rules about
    // what to ignore are about what is built in it, and nothing was.
    let mut add = new.command([
        "-c",
        "core.bigFileThreshold=1",
        "-c",
        "core.compression=1",
        "-c",
        "core.fsync=none",
    ]);
    add.arg("--work-tree")
        .arg(&source.tree)
        .args(["add", "--force", "--all", "."])
        .current_dir(&source.tree);
    process::logged(step, &mut add, &log)?;
    let tree = new.run(["write-tree"])?;
    let mut commit = new.command(["commit-tree", &tree, "-m", "Linux, as it was found"]);
    Identity::nobody().make(&mut commit);
    let base = process::output(&mut commit)?;
    new.run(["update-ref", BASE, base.trim_end()])?;
    fs::create_dir_all(home).with_context(|| format!("cannot create {}", home.display()))?;
    fs::rename(&new.dir, &git.dir)
        .with_context(|| format!("cannot move the repository to {}", git.dir.display()))?;
    Ok(git)
}

/// `git format-patch`, with the cover letter filled in.
fn write_patches(
    git: &Git,
    home: &Path,
    identity: &Identity,
    count: &count::Balance,
) -> Result<Vec<PathBuf>> {
    let patches = home.join("patches");
    if patches.exists() {
        fs::remove_dir_all(&patches)
            .with_context(|| format!("cannot clear {}", patches.display()))?;
    }
    let cover = include_str!("../../series/cover.txt").replace("{numbers}", &count.text());
    git.run(["config", "branch.coherent-kind.description", &cover])?;
    let mut format = git.plain_command([
        "format-patch",
        "--quiet",
        "--cover-letter",
        "--cover-from-description=subject",
        "--subject-prefix=PATCH",
        "--no-signature",
        "--output-directory",
    ]);
    format.arg(&patches).arg(format!("{BASE}..coherent-kind"));
    identity.make(&mut format);
    process::output(&mut format)?;
    let mut found = Vec::new();
    for entry in fs::read_dir(&patches)? {
        found.push(entry?.path());
    }
    found.sort();
    let letter = found.first().context("git format-patch wrote nothing")?;
    let text = fs::read_to_string(letter)?;
    if text.contains("*** ") {
        bail!("{} is not filled in", letter.display());
    }
    Ok(found)
}
