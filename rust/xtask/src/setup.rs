// SPDX-License-Identifier: GPL-2.0

//! What is fetched or installed before anything is built: the kernel source and the toolchain.

pub mod apt;
pub mod architecture;
pub mod guest;
pub mod source;
pub mod toolchain;

use crate::host::workspace::Workspace;
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// A directory of the cache, which `fill` makes if it is not there. It is complete: an unfinished one
/// has another name.
fn cached(
    workspace: &Workspace,
    place: &str,
    fill: impl FnOnce(&Path) -> Result<()>,
) -> Result<PathBuf> {
    let place = workspace.cache(place);
    if !place.is_dir() {
        let scratch = workspace.scratch("new-")?;
        fill(scratch.path())?;
        fs::create_dir_all(place.parent().context("a place in the cache")?)?;
        fs::rename(scratch.path(), &place)
            .with_context(|| format!("cannot make {}", place.display()))?;
    }
    Ok(place)
}
