// SPDX-License-Identifier: GPL-2.0

//! Checks of the library: what must not compile, the object code, the form of the code.

pub mod cells;
pub mod contract;
pub mod driver;
pub mod lint;
pub mod nvme;
pub mod samples;
pub mod suites;

use crate::build::kbuild::Kernel;
use crate::build::session::Session;
use crate::run::boot::{self, Boot, Plan};
use crate::verdict::Logs;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::time::Duration;
use walkdir::WalkDir;

/// Carries out a plan on a machine with these arguments for QEMU, and dumps the trace.
pub fn boot(
    session: &Session,
    kernel: &Kernel,
    name: &str,
    plan: Plan,
    arguments: &[impl AsRef<str>],
    limit: Duration,
) -> Result<Logs> {
    let boot = Boot {
        name,
        plan: plan.shell("trace_dump"),
        arguments: &arguments.iter().map(AsRef::as_ref).collect::<Vec<_>>(),
        limit,
    };
    session.progress.step(&format!("booting: {name}"), |step| {
        boot::run(&session.workspace, step, kernel, &boot)
    })
}

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
