// SPDX-License-Identifier: GPL-2.0

//! One run at a time: whoever works in the cache holds its lock, and the lock says who that is.

use crate::host::workspace::Workspace;
use anyhow::{Context, Result};
use fs4::fs_std::FileExt;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};

/// Held until dropped, or until the process ends in whatever way.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "the open file is the lock")] File);

/// Takes the lock of the cache, and waits for whoever has it.
pub fn take(workspace: &Workspace) -> Result<Lock> {
    let path = workspace.cache("lock");
    let mut file = OpenOptions::new()
        .create(true)
        .read(true)
        .write(true)
        .truncate(false)
        .open(&path)
        .with_context(|| format!("cannot open the lock {}", path.display()))?;

    if !FileExt::try_lock_exclusive(&file).context("cannot lock the cache")? {
        let mut holder = String::new();
        file.read_to_string(&mut holder)?;
        eprintln!(
            "waiting: {} is held by {} (lock: {})",
            workspace.cache("").display(),
            holder.trim(),
            path.display()
        );
        FileExt::lock_exclusive(&file).context("cannot lock the cache")?;
    }

    let command: Vec<String> = std::env::args().skip(1).collect();
    file.set_len(0)?;
    file.rewind()?;
    writeln!(
        file,
        "process {}: xtask {}",
        std::process::id(),
        command.join(" ")
    )?;
    Ok(Lock(file))
}
