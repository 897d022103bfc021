// SPDX-License-Identifier: GPL-2.0

//! QEMU and user space for the guests.

use super::apt::{self, Archive};
use super::architecture::Architecture;
use super::cached;
use crate::host::process;
use crate::host::progress::Step;
use crate::host::workspace::Workspace;
use anyhow::{Result, bail};
use std::path::PathBuf;

/// Installs QEMU for an architecture.
pub fn install_qemu(workspace: &Workspace, step: &Step, architecture: Architecture) -> Result<()> {
    let facts = architecture.facts();
    if process::exists(facts.qemu) {
        return Ok(());
    }
    let package = (facts.qemu_packages, "boots the kernel of this cell");
    apt::install_missing(workspace, step, &[package])?;
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
    let package = cached(
        workspace,
        &format!("tools/busybox-static-{debian}"),
        |dir| {
            step.say(&format!(
                "downloading busybox for {debian}: user space in the initramfs"
            ));
            Archive::open(workspace, step, debian)?.unpack(step, "busybox-static", dir)
        },
    )?;
    Ok(package.join("usr/bin/busybox"))
}
