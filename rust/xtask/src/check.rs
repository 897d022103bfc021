// SPDX-License-Identifier: GPL-2.0

//! Checks of the library: what must not compile, the object code, the form of the code.

pub mod cells;
pub mod contract;
pub mod driver;
pub mod lint;
pub mod nvme;
pub mod samples;
pub mod suites;

use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// The files with this extension in and below `dir`, in order.
fn files(dir: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in WalkDir::new(dir).sort_by_file_name() {
        let path = entry.context("cannot read the checkout")?.into_path();
        if path.extension().is_some_and(|have| have == extension) {
            files.push(path);
        }
    }
    Ok(files)
}
