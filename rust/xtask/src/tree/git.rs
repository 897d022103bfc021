// SPDX-License-Identifier: GPL-2.0

//! git, in one repository and with nothing of the caller's environment.

use super::files::Files;
use crate::host::process;
use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Variables that would send git to another repository, as they do in a hook.
const LOCAL_VARIABLES: [&str; 9] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_WORK_TREE",
];

/// A name and an address of mail.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    pub name: String,
    pub email: String,
}

impl Identity {
    /// Has a command of git commit as this person.
    pub fn make(&self, command: &mut Command) {
        for who in ["AUTHOR", "COMMITTER"] {
            command
                .env(format!("GIT_{who}_NAME"), &self.name)
                .env(format!("GIT_{who}_EMAIL"), &self.email);
        }
    }

    /// Who has made a commit, if git knows nobody.
    pub fn nobody() -> Self {
        Self {
            name: "Coherent Kind".into(),
            email: "coherent@localhost".into(),
        }
    }

    pub fn sign_off(&self) -> String {
        format!("Signed-off-by: {} <{}>", self.name, self.email)
    }
}

/// A repository, with or without a working tree.
#[derive(Clone, Debug)]
pub struct Git {
    pub dir: PathBuf,
}

impl Git {
    pub fn at(dir: &Path) -> Self {
        Self {
            dir: dir.to_path_buf(),
        }
    }

    pub fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = process::command("git");
        command.arg("-C").arg(&self.dir).args(arguments);
        for variable in LOCAL_VARIABLES {
            command.env_remove(variable);
        }
        // Messages are read, and nobody is there to be asked for anything.
        command.env("LC_ALL", "C").env("GIT_TERMINAL_PROMPT", "0");
        command
    }

    /// The same with nothing that the person has set, for output that is read by a program.
    pub fn plain_command<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Command {
        let mut command = self.command(arguments);
        command
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1");
        command
    }

    /// What git prints, without the end of the last line.
    pub fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Result<String> {
        Ok(process::output(&mut self.command(arguments))?
            .trim_end()
            .to_string())
    }

    /// The same, or nothing if git says no.
    pub fn try_run<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Result<Option<String>> {
        let output = self
            .command(arguments)
            .stdin(Stdio::null())
            .output()
            .context("cannot run git; is it installed?")?;
        if !output.status.success() {
            return Ok(None);
        }
        let text = String::from_utf8(output.stdout).context("git printed what is not UTF-8")?;
        Ok(Some(text.trim_end().to_string()))
    }

    /// The commit that a name stands for.
    pub fn commit_of(&self, name: &str) -> Result<Option<String>> {
        self.try_run([
            "rev-parse",
            "--quiet",
            "--verify",
            &format!("{name}^{{commit}}"),
        ])
    }

    /// A file of a commit, or nothing if it has none there.
    pub fn file(&self, commit: &str, path: &str) -> Result<Option<String>> {
        let name = format!("{commit}:{path}");
        match process::output(&mut self.command(["cat-file", "blob", &name])) {
            Ok(text) => Ok(Some(text)),
            Err(_) if self.try_run(["cat-file", "-e", &name])?.is_none() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Who commits here: the person that git knows, or somebody made up.
    pub fn identity(&self, sign_off: bool) -> Result<Identity> {
        let get = |key| self.try_run(["config", "--get", key]);
        match (get("user.name")?, get("user.email")?) {
            (Some(name), Some(email)) if !name.is_empty() && !email.is_empty() => {
                Ok(Identity { name, email })
            }
            _ if sign_off => bail!(
                "SIGNOFF=1 signs with the identity that git has, and git has none: set it with \
                 `git config --global user.name` and `user.email`"
            ),
            _ => Ok(Identity::nobody()),
        }
    }

    /// Makes commits on top of `base`, each with the files that it writes, and points `reference` at
    /// the last one. Neither the index nor the working tree is used.
    pub fn commit_all<'a>(
        &self,
        base: &str,
        reference: &str,
        commits: impl Iterator<Item = (&'a Files, &'a str)>,
        identity: &Identity,
    ) -> Result<Vec<String>> {
        let base = self.commit_of(base)?.context("the base is no commit")?;
        // A name with these characters would end the field.
        let clean = |text: &str| text.replace(['<', '>', '\n'], "");
        let (name, email) = (clean(&identity.name), clean(&identity.email));
        let mut stream = format!("reset {reference}\nfrom {base}\n\n");
        for (files, message) in commits {
            stream += &format!("commit {reference}\ncommitter {name} <{email}> now\n");
            stream += &format!("data {}\n{message}\n", message.len());
            for (path, text) in files {
                stream += &format!("M 100644 inline {path}\ndata {}\n{text}\n", text.len());
            }
        }
        let options = ["fast-import", "--quiet", "--force", "--date-format=now"];
        let mut import = self.command(options);
        process::output(import.stdin(process::input(&stream)?))?;
        let range = format!("{base}..{reference}");
        let made = self.run(["rev-list", "--reverse", &range])?;
        Ok(made.lines().map(str::to_string).collect())
    }
}
