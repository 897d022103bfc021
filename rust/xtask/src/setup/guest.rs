// SPDX-License-Identifier: GPL-2.0

//! QEMU and user space for the guests.

use crate::host::process;
use crate::host::progress::Step;
use crate::host::workspace::Workspace;
use crate::setup::apt::{self, Archive};
use crate::setup::architecture::Architecture;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::PathBuf;

/// Installs QEMU for an architecture.
pub fn install_qemu(workspace: &Workspace, step: &Step, architecture: Architecture) -> Result<()> {
    let facts = architecture.facts();
    if process::exists(facts.qemu) {
        return Ok(());
    }
    apt::update(workspace, step)?;
    let packages: Vec<_> = apt::names(facts.qemu_packages)?
        .into_iter()
        .map(|name| (name, "boots the kernel of this cell"))
        .collect();
    apt::install_missing(workspace, step, &packages)?;
    if !process::exists(facts.qemu) {
        bail!("this release of Debian has no {}", facts.qemu);
    }
    Ok(())
}

/// User space for an architecture.
pub fn busybox(workspace: &Workspace, step: &Step, architecture: Architecture) -> Result<PathBuf> {
    // Installed with the toolchain.
    if architecture == Architecture::default() {
        return Ok(PathBuf::from("/bin/busybox"));
    }
    let debian = architecture.facts().debian;
    let cached = workspace.cache(format!("tools/busybox-{debian}"));
    if cached.is_file() {
        return Ok(cached);
    }
    step.say(&format!(
        "downloading busybox for {debian}: user space in the initramfs"
    ));
    let archive = Archive::open_for(workspace, step, debian)?;
    let scratch = workspace.scratch("busybox-")?;
    archive.unpack(step, "busybox-static", scratch.path())?;
    let program = ["usr/bin/busybox", "bin/busybox"]
        .map(|path| scratch.path().join(path))
        .into_iter()
        .find(|path| path.is_file())
        .context("the package busybox-static has no busybox")?;
    fs::create_dir_all(workspace.cache("tools"))?;
    fs::rename(&program, &cached)
        .with_context(|| format!("cannot move busybox to {}", cached.display()))?;
    Ok(cached)
}
