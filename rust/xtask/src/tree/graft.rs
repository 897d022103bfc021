// SPDX-License-Identifier: GPL-2.0

//! The graft: the library in a copy of a pristine kernel tree, in the place of the coherent types.

use super::WAY_OUT;
use super::files;
use super::library::{DMA_RS, Library};
use super::series;
use crate::setup::source;
use anyhow::{Context, Result, bail};
use std::path::Path;

/// Makes `tree`, a copy of `pristine`, what the first `count` steps of the series make of it, and
/// returns the files that changed. Nothing changes unless all of it can be done.
pub fn graft(pristine: &Path, tree: &Path, library: &Library, count: usize) -> Result<Vec<String>> {
    let (major, minor) = source::version(pristine)?;
    let dir = pristine.display();
    if (major, minor) != (7, 3) {
        bail!("{dir} is Linux {major}.{minor}, and the library is for 7.3; {WAY_OUT}");
    }
    if files::read(pristine, DMA_RS)?.is_none() {
        bail!("{dir} has no Rust DMA support: there is no {DMA_RS}; {WAY_OUT}");
    }
    let base = |path: &str| files::read(pristine, path);
    let commits = series::plan(&base, library, count, None)
        .with_context(|| format!("{dir} is not unmodified; {WAY_OUT}"))?;
    let last = commits.last().context("the series has steps")?;
    files::write(pristine, tree, &last.files)
}

#[cfg(test)]
mod tests;
