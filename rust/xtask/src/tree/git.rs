// SPDX-License-Identifier: GPL-2.0

//! git, in one repository and with nothing of the caller's environment.

use super::series::Commit;
use crate::host::process;
use anyhow::{Context, Result};
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Who makes the commits.
#[derive(Clone, Debug)]
pub struct Identity {
    pub name: String,
    pub email: String,
}

impl Identity {
    /// The person that git knows in a directory.
    pub fn of_user(dir: &Path) -> Result<Self> {
        let get = |key| {
            let mut config = process::command("git");
            config.args(["config", "--get", key]).current_dir(dir);
            process::output(&mut config).map(|value| value.trim().to_string())
        };
        Ok(Self {
            name: get("user.name")?,
            email: get("user.email")?,
        })
    }

    pub fn nobody() -> Self {
        Self {
            name: "Coherent Kind".into(),
            email: "coherent@localhost".into(),
        }
    }
}

/// A repository, with or without a working tree, in which this tool commits.
pub struct Git {
    pub dir: PathBuf,
    identity: Identity,
}

impl Git {
    pub fn at(dir: &Path, identity: &Identity) -> Self {
        Self {
            dir: dir.to_path_buf(),
            identity: identity.clone(),
        }
    }

    /// git with none of the person's settings: what it prints is read by a program, and a variable of
    /// a hook would send it to another repository.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = process::command("git");
        command.arg("-C").arg(&self.dir).args(arguments);
        for (variable, _) in env::vars_os() {
            if variable.as_encoded_bytes().starts_with(b"GIT_") {
                command.env_remove(variable);
            }
        }
        command
            .env("LC_ALL", "C")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1");
        for who in ["AUTHOR", "COMMITTER"] {
            command
                .env(format!("GIT_{who}_NAME"), &self.identity.name)
                .env(format!("GIT_{who}_EMAIL"), &self.identity.email);
        }
        command
    }

    /// What git prints, without the end of the last line.
    pub fn run(&self, arguments: &[&str]) -> Result<String> {
        let printed = process::output(&mut self.command(arguments))?;
        Ok(printed.trim_end().to_string())
    }

    /// Makes a branch of commits on top of `base`. Neither the index nor a working tree is used.
    pub fn commit_all(&self, base: &str, branch: &str, commits: &[Commit]) -> Result<()> {
        let ident = self.run(&["var", "GIT_COMMITTER_IDENT"])?;
        let (reference, base) = (format!("refs/heads/{branch}"), format!("{base}^0"));
        let mut stream = format!("reset {reference}\nfrom {base}\n\n");
        for commit in commits {
            let message = &commit.message;
            stream += &format!("commit {reference}\ncommitter {ident}\n");
            stream += &format!("data {}\n{message}\n", message.len());
            for (path, text) in &commit.changes {
                stream += &format!("M 100644 inline {path}\ndata {}\n{text}\n", text.len());
            }
        }
        let mut import = self.command(&["fast-import", "--quiet", "--force"]);
        process::output(import.stdin(process::input(&stream)?))
            .context("cannot make the commits")?;
        Ok(())
    }
}
