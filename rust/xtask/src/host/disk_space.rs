// SPDX-License-Identifier: GPL-2.0

//! Room on the file system of the cache.

use crate::host::workspace::{CACHE_VAR, Workspace};
use anyhow::{Context, Result, bail};

const GIB: u64 = 1 << 30;
/// What a tree and its build need.
const NEEDED: u64 = 6 * GIB;
/// With less than this left, a failure is for want of room whatever it says.
const SHORT: u64 = GIB / 8;

/// Better to say so now than when the disk is full.
pub fn need(workspace: &Workspace) -> Result<()> {
    let free = free(workspace)?;
    if free < NEEDED {
        bail!(
            "{} has {:.1} GiB left, and a kernel tree with its build needs {} GiB; {}",
            workspace.cache("").display(),
            free as f64 / GIB as f64,
            NEEDED / GIB,
            way_out()
        );
    }
    Ok(())
}

/// What to say of a failure where there is no room, even if what was unfinished is gone by now.
pub fn hint(error: &str) -> Option<String> {
    let workspace = Workspace::discover().ok()?;
    let free = free(&workspace).ok()?;
    (free < SHORT || error.contains("No space left")).then(|| {
        format!(
            "the disk is full: {} has {} MiB left; {}",
            workspace.cache("").display(),
            free >> 20,
            way_out()
        )
    })
}

fn free(workspace: &Workspace) -> Result<u64> {
    let cache = workspace.cache("");
    fs4::available_space(&cache)
        .with_context(|| format!("cannot see how much space {} has", cache.display()))
}

fn way_out() -> String {
    format!("make room, or name another directory with {CACHE_VAR}=")
}
