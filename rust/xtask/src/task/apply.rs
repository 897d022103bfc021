// SPDX-License-Identifier: GPL-2.0

//! A person's own tree: the series as commits on a branch of theirs, and back again.
//!
//! Whatever could go wrong is looked at before anything is changed. The working tree is left to
//! `git checkout`, which loses nothing of a person's work.

mod refuse;
#[cfg(test)]
mod tests;

use crate::task::series::{self, Library};
use crate::tree::git::Git;
use anyhow::{Context, Result, bail};
use refuse::{clean, conflicts, own_tree, supported};
use std::env;
use std::ffi::OsString;
use std::path::Path;

#[derive(clap::Args)]
pub struct Options {
    /// The git tree to change
    #[arg(long, env = "KDIR", value_name = "PATH", default_value = "")]
    pub kdir: OsString,

    /// The branch with the series
    #[arg(long, env = "BRANCH", value_name = "NAME", default_value = "")]
    pub branch: String,

    /// Sign the commits off with the identity that git has
    #[arg(long, env = "SIGNOFF", value_parser = clap::builder::FalseyValueParser::new())]
    pub signoff: bool,
}

impl Options {
    /// The tree that was named. A shell that does not know about `~` within a word leaves it in.
    fn tree(&self) -> Result<Git> {
        // `make apply` and `make apply KDIR=` are the same.
        if self.kdir.is_empty() {
            bail!("no tree was named; name one, as in `make apply KDIR=~/linux`");
        }
        let path = Path::new(&self.kdir);
        match (path.strip_prefix("~"), env::var_os("HOME")) {
            (Ok(rest), Some(home)) => own_tree(&Path::new(&home).join(rest)),
            _ => own_tree(path),
        }
    }

    fn branch(&self) -> &str {
        match &*self.branch {
            "" => "coherent-kind",
            name => name,
        }
    }
}

/// What was there before, as the branch's configuration remembers it.
const BEFORE_BRANCH: &str = "coherentBranch";
const BEFORE_COMMIT: &str = "coherentBase";
const TIP: &str = "coherentTip";

fn key(branch: &str, what: &str) -> String {
    format!("branch.{branch}.{what}")
}

/// `make apply`. Returns what was done, for the person.
pub fn apply(options: &Options, checkout: &Path) -> Result<String> {
    let (git, branch) = (options.tree()?, options.branch());
    let before = refuse::current_branch(&git)?;
    refuse::branch_name(&git, branch)?;
    clean(&git)?;
    let base = git
        .commit_of("HEAD")?
        .with_context(|| format!("{} has no commit yet", git.dir.display()))?;
    supported(&git, &base)?;
    let identity = git.identity(options.signoff)?;
    let library = Library::read(checkout)?;
    let signer = options.signoff.then_some(&identity);
    let planned = series::plan(&git, &base, &library, signer).with_context(|| {
        format!(
            "{} has other code there than Linux 7.3; take a branch off an unmodified 7.3 \
             (`git switch -c mine v7.3`) and apply there",
            git.dir.display()
        )
    })?;
    conflicts(&git, &planned)?;

    // Commits that no branch knows are nothing that could be noticed.
    let commits = series::commit(&git, &base, &planned, &identity)?;
    let tip = commits.last().context("the series is empty")?;
    let remembered = [
        (key(branch, BEFORE_BRANCH), before.as_str()),
        (key(branch, BEFORE_COMMIT), base.as_str()),
        (key(branch, TIP), tip.as_str()),
    ];
    let reference = format!("refs/heads/{branch}");
    // The empty old value says that there must not be such a branch.
    git.run(["update-ref", &reference, tip, ""])?;
    let done = remembered
        .iter()
        .try_for_each(|(key, value)| git.run(["config", key, value]).map(drop))
        .and_then(|()| checkout_branch(&git, branch));
    if let Err(error) = done {
        forget(&git, branch)?;
        return Err(error.context("nothing was changed"));
    }
    Ok(format!(
        "{} is on the branch {branch}, with {} commits on top of {before}:\n{}\n\
         `make unapply KDIR=…` takes them back.",
        git.dir.display(),
        commits.len(),
        git.run([
            "log",
            "--oneline",
            "--no-decorate",
            &format!("{base}..{tip}")
        ])?
    ))
}

/// Without hooks: git reports their failure as its own, after it has done the work.
fn checkout_branch(git: &Git, branch: &str) -> Result<()> {
    let no_hooks = ["-c", "core.hooksPath=/dev/null"];
    git.run(
        no_hooks
            .iter()
            .chain(&["checkout", "--quiet", branch, "--"]),
    )
    .map(drop)
}

/// Removes the branch and what is remembered about it.
fn forget(git: &Git, branch: &str) -> Result<()> {
    // With the section of the configuration that is named after it.
    git.run(["branch", "--quiet", "-D", branch]).map(drop)
}

/// `make unapply`.
pub fn unapply(options: &Options) -> Result<String> {
    let (git, branch) = (options.tree()?, options.branch());
    let get = |what| git.try_run(["config", "--get", &key(branch, what)]);
    let (Some(before), Some(base), Some(tip)) =
        (get(BEFORE_BRANCH)?, get(BEFORE_COMMIT)?, get(TIP)?)
    else {
        bail!(
            "{}: `make apply` has made no branch {branch} here; if it has another name, give that \
             with BRANCH=",
            git.dir.display()
        );
    };
    let by_hand =
        format!("to take it back by hand: `git switch {before}` and `git branch -D {branch}`");
    let reference = format!("refs/heads/{branch}");
    if git.commit_of(&reference)?.as_deref() != Some(&tip) {
        bail!(
            "the branch {branch} has changed since it was made, and that would be lost; move your \
             commits elsewhere (`git rebase --onto {before} {tip} {branch}` keeps them without the \
             series); {by_hand}"
        );
    }
    let on_it = git.try_run(["symbolic-ref", "--quiet", "HEAD"])?.as_deref() == Some(&reference);
    if on_it {
        clean(&git)?;
        if git.commit_of(&format!("refs/heads/{before}"))?.as_deref() != Some(&base) {
            bail!(
                "the branch {before} is not at {base} any more, where it was when the series was \
                 put on it; {by_hand}"
            );
        }
        checkout_branch(&git, &before)?;
    }
    forget(&git, branch)?;
    if !on_it {
        return Ok(format!(
            "the branch {branch} is gone; {} was not on it",
            git.dir.display()
        ));
    }
    Ok(format!(
        "{} is on the branch {before} at {base}, as before",
        git.dir.display()
    ))
}
