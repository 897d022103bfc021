// SPDX-License-Identifier: GPL-2.0

//! The series as commits on a branch of a developer's own git tree, and back.
//!
//! The checks come before the first change. Only `git checkout` touches the working tree, so no work
//! is lost.

mod refuse;
#[cfg(test)]
mod tests;

use super::git::Git;
use super::library::Library;
use super::series::{self, STEPS};
use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::path::Path;

#[derive(clap::Args)]
pub struct Request {
    /// The git tree to change
    #[arg(long, env = "KDIR", value_name = "PATH", default_value = "")]
    pub kdir: OsString,

    /// The branch for the series
    #[arg(long, env = "BRANCH", value_name = "NAME", default_value = "")]
    pub branch: String,

    /// Sign the commits off with the identity in the git configuration
    #[arg(long, env = "SIGNOFF", value_parser = clap::builder::FalseyValueParser::new())]
    pub signoff: bool,
}

impl Request {
    /// `BRANCH=` is the same as no name.
    fn branch(&self) -> &str {
        match &*self.branch {
            "" => "coherent-kind",
            name => name,
        }
    }
}

/// Keys of the branch's configuration: the branch and commit to return to, and the end of the series.
const BEFORE_BRANCH: &str = "coherentBranch";
const BEFORE_COMMIT: &str = "coherentBase";
const TIP: &str = "coherentTip";

fn key(branch: &str, what: &str) -> String {
    format!("branch.{branch}.{what}")
}

/// Puts the series on a new branch and checks it out. Returns a report.
pub fn apply(request: &Request, library: &Library) -> Result<String> {
    let (git, branch) = (refuse::own_tree(&request.kdir)?, request.branch());
    let dir = git.dir.display();
    let before = refuse::current_branch(&git)?;
    refuse::unclean(&git)?;
    let base = git.commit_of("HEAD")?;
    let base = base.with_context(|| format!("{dir} has no commit yet"))?;
    refuse::unsupported(&git, &base)?;
    let identity = git.identity(request.signoff)?;
    let signer = request.signoff.then_some(&identity);
    let read = |path: &str| git.file(&base, path);
    let planned = series::plan(&read, library, STEPS.len(), signer).with_context(|| {
        format!(
            "{dir} differs from Linux 7.3 where the series changes it; start a branch from an \
             unmodified 7.3 (`git switch -c mine v7.3`) and apply there"
        )
    })?;

    git.run(["branch", "--quiet", "--no-track", "--", branch, &base])
        .with_context(|| {
            format!(
                "cannot make the branch {branch}; choose another name with BRANCH= (if `make \
                 apply` made it, `make unapply` removes it)"
            )
        })?;
    let commits = || -> Result<Vec<String>> {
        let reference = format!("refs/heads/{branch}");
        let changes = planned
            .iter()
            .map(|commit| (&commit.changes, &*commit.message));
        let commits = git.commit_all(&base, &reference, changes, &identity)?;
        let tip = commits.last().context("the series is empty")?;
        for (what, value) in [(BEFORE_BRANCH, &before), (BEFORE_COMMIT, &base), (TIP, tip)] {
            git.run(["config", &key(branch, what), value])?;
        }
        checkout(&git, branch)?;
        Ok(commits)
    };
    let commits = match commits() {
        Ok(commits) => commits,
        Err(error) => {
            forget(&git, branch)?;
            return Err(error.context(format!("{dir}: nothing was changed")));
        }
    };
    let log = ["log", "--oneline", "--no-decorate"];
    Ok(format!(
        "{dir} is on the branch {branch}, with {} commits on top of {before}:\n{}\n\
         `make unapply KDIR=…` removes them.",
        commits.len(),
        git.run(log.iter().chain(&[&*format!("{base}..{branch}"), "--"]))?
    ))
}

/// Without hooks: git reports a failing hook as its own failure, after it has done the work.
fn checkout(git: &Git, branch: &str) -> Result<()> {
    let mut command = git.command(["-c", "core.hooksPath=/dev/null", "checkout", "--quiet"]);
    // Ignored files are kept, too.
    command.args(["--no-overwrite-ignore", branch, "--"]);
    crate::host::process::output(&mut command).map(drop)
}

/// Removes the branch and its configuration.
fn forget(git: &Git, branch: &str) -> Result<()> {
    git.run(["branch", "--quiet", "-D", "--", branch]).map(drop)
}

/// Undoes [`apply`]. Returns a report.
pub fn unapply(request: &Request) -> Result<String> {
    let (git, branch) = (refuse::own_tree(&request.kdir)?, request.branch());
    let dir = git.dir.display();
    let get = |what| git.try_run(["config", "--get", &key(branch, what)]);
    let (Some(before), Some(base), Some(tip)) =
        (get(BEFORE_BRANCH)?, get(BEFORE_COMMIT)?, get(TIP)?)
    else {
        bail!("{dir}: `make apply` made no branch {branch} here; name the right one with BRANCH=");
    };
    let by_hand = format!("to undo it by hand: `git switch {before}` and `git branch -D {branch}`");
    let reference = format!("refs/heads/{branch}");
    if git.commit_of(&reference)?.as_deref() != Some(&tip) {
        bail!(
            "the branch {branch} has changed since `make apply`, and your commits would be lost; \
             move them (`git rebase --onto {before} {tip} {branch}` keeps them without the \
             series); {by_hand}"
        );
    }
    let is_on_it = git.try_run(["symbolic-ref", "--quiet", "HEAD"])?.as_deref() == Some(&reference);
    if is_on_it {
        refuse::unclean(&git)?;
        if git.commit_of(&format!("refs/heads/{before}"))?.as_deref() != Some(&base) {
            bail!("the branch {before} is not at {base} any more; {by_hand}");
        }
        checkout(&git, &before)?;
    }
    forget(&git, branch)?;
    Ok(match is_on_it {
        true => format!("{dir} is on the branch {before} at {base}, as before"),
        false => format!("removed the branch {branch}, which {dir} was not on"),
    })
}

/// The git tree named by `KDIR=`, for a path that no shell has expanded.
fn expand_home(kdir: &OsString) -> std::path::PathBuf {
    let path = Path::new(kdir);
    match (path.strip_prefix("~"), std::env::var_os("HOME")) {
        (Ok(rest), Some(home)) => Path::new(&home).join(rest),
        _ => path.to_path_buf(),
    }
}
