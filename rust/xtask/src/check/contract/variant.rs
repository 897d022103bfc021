// SPDX-License-Identifier: GPL-2.0

//! The kernel crate with a library that is not the one of the checkout.

use crate::build::kbuild::Kernel;
use crate::check::contract::compiler::{Compiler, Outcome};
use crate::host::process;
use anyhow::Result;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Compiles the kernel crate as far as types go, with the library from `overlay` after `change` was
/// made to a copy of it. What the compiler said, and the crate.
pub fn compile(
    compiler: &Compiler,
    kernel: &Kernel,
    overlay: &Path,
    scratch: &Path,
    change: impl FnOnce(&Path) -> Result<()>,
) -> Result<(Outcome, PathBuf)> {
    let source = scratch.join("rust/kernel");
    fs::create_dir(scratch.join("rust"))?;
    copy(&kernel.tree.join("rust/kernel"), &source)?;
    fs::remove_dir_all(source.join("dma"))?;
    copy(overlay, &source.join("dma"))?;
    change(&source.join("dma"))?;
    let metadata = scratch.join("libkernel.rmeta");
    let outcome = compiler.kernel_metadata(&source.join("lib.rs"), &metadata)?;
    Ok((outcome, metadata))
}

/// Copies a directory to `to`, which does not exist.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    process::output(Command::new("cp").arg("-a").arg(from).arg(to)).map(drop)
}
