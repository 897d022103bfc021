// SPDX-License-Identifier: GPL-2.0

//! One run at a time works in the cache.

use crate::host::process;
use crate::host::workspace::Workspace;
use anyhow::{Context, Result, ensure};
use std::fs::File;

/// Locks the cache until the file is dropped, and waits while another run has it.
pub fn take(workspace: &Workspace) -> Result<File> {
    let path = workspace.cache("lock");
    let file = File::create(&path).with_context(|| format!("cannot open {}", path.display()))?;
    // flock(2) locks the open file, which the program shares with us. `File::lock` needs rustc 1.89.
    let flock = |options: &[&str]| -> Result<bool> {
        let mut command = process::command("flock");
        command.args(options).arg("0").stdin(file.try_clone()?);
        let status = command.status().context("cannot run flock")?;
        Ok(status.success())
    };
    if !flock(&["--nonblock"])? {
        let cache = workspace.cache("");
        eprintln!("waiting for another run in {}", cache.display());
        ensure!(flock(&[])?, "cannot lock {}", path.display());
    }
    Ok(file)
}
