// SPDX-License-Identifier: GPL-2.0

//! QEMU and user space for the guests.

use super::apt;
use super::architecture::Architecture;
use crate::host::process;
use crate::host::progress::Step;
use crate::host::workspace::Workspace;
use anyhow::Result;
use std::path::PathBuf;

/// Installs QEMU for an architecture.
pub fn install_qemu(workspace: &Workspace, step: &Step, architecture: Architecture) -> Result<()> {
    let qemu = architecture.facts().qemu;
    if process::exists(qemu) {
        return Ok(());
    }
    // Releases of Debian have it in different packages, each of which provides one of its name.
    apt::install_missing(workspace, step, &[qemu])
}

/// User space for an architecture.
pub fn busybox(workspace: &Workspace, step: &Step, architecture: Architecture) -> Result<PathBuf> {
    // Installed with the toolchain.
    if architecture == Architecture::default() {
        return Ok(PathBuf::from("/bin/busybox"));
    }
    let debian = architecture.facts().debian;
    let place = format!("tools/busybox-static-{debian}");
    let package = workspace.filled(&place, |dir| {
        apt::unpack(workspace, step, debian, "busybox-static", dir)
    })?;
    Ok(package.join("usr/bin/busybox"))
}
