// SPDX-License-Identifier: GPL-2.0

//! What a guest of some architecture needs on this machine: QEMU, and user space.

use crate::apt::{self, Archive, Package};
use crate::process;
use crate::target::Architecture;
use crate::ui::Step;
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// QEMU for an architecture: the one that is installed, or the one in the cache.
pub fn qemu(workspace: &Workspace, architecture: Architecture) -> Command {
    let facts = architecture.facts();
    let root = cached(workspace);
    if facts.min_qemu.is_some() && root.join("usr/bin").join(facts.qemu).is_file() {
        return unpacked(&root, facts.qemu);
    }
    process::command(facts.qemu)
}

fn cached(workspace: &Workspace) -> PathBuf {
    workspace.cache("tools/qemu")
}

/// A QEMU that is not where it was made for: it would take the modules of one that is installed.
fn unpacked(root: &Path, name: &str) -> Command {
    let modules = fs::read_dir(root.join("usr/lib"))
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("qemu")))
        .find(|path| path.is_dir());
    let mut qemu = process::command(root.join("usr/bin").join(name));
    qemu.env("QEMU_MODULE_DIR", modules.unwrap_or_default())
        .arg("-L")
        .arg(root.join("usr/share/qemu"));
    qemu
}

/// Installs QEMU for an architecture, or brings a newer one into the cache.
pub fn install_qemu(
    workspace: &Workspace,
    step: &mut Step,
    architecture: Architecture,
) -> Result<()> {
    let facts = architecture.facts();
    if !process::exists(facts.qemu) {
        apt::update(workspace, step)?;
        let packages: Vec<_> = apt::names(facts.qemu_packages)?
            .into_iter()
            .map(|name| Package::new(name, "boots the kernel of this cell"))
            .collect();
        apt::install_missing(workspace, step, &packages)?;
    }
    let Some(wanted) = facts.min_qemu else {
        return Ok(());
    };
    if version(qemu(workspace, architecture))? >= wanted {
        return Ok(());
    }
    let (major, minor) = wanted;
    step.say(&format!(
        "downloading a newer {} into the cache: this machine's is older than {major}.{minor}",
        facts.qemu
    ));
    let archive = Archive::open_backports(workspace, step)?;
    let scratch = workspace.scratch("qemu-")?;
    for name in ["qemu-system-misc", "qemu-system-common", "qemu-system-data"] {
        let package = archive.newest(name, "")?;
        archive.unpack(step, &package, scratch.path())?;
    }
    let found = version(unpacked(scratch.path(), facts.qemu))?;
    if found < wanted {
        bail!(
            "{} {major}.{minor} or newer is needed, and backports have {found:?}",
            facts.qemu
        );
    }
    fs::create_dir_all(workspace.cache("tools"))?;
    fs::rename(scratch.path(), cached(workspace)).context("cannot move QEMU into the cache")
}

/// The version of a QEMU; an error if it does not run, as where a library is missing.
fn version(mut qemu: Command) -> Result<(u32, u32)> {
    let printed = process::output(qemu.arg("--version"))?;
    parse_version(&printed).with_context(|| format!("`{qemu:?}` printed {printed}"))
}

fn parse_version(printed: &str) -> Option<(u32, u32)> {
    let text = printed.split_whitespace().nth(3)?;
    let mut numbers = text.split('.').map(|number| number.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

/// User space for an architecture.
pub fn busybox(
    workspace: &Workspace,
    step: &mut Step,
    architecture: Architecture,
) -> Result<PathBuf> {
    // That of this machine is installed.
    if architecture == Architecture::default() {
        return Ok(PathBuf::from("/bin/busybox"));
    }
    let debian = architecture.facts().debian;
    let cached = workspace.cache(format!("tools/busybox-{debian}"));
    if cached.is_file() {
        return Ok(cached);
    }
    step.say(&format!(
        "downloading busybox for {debian}: is user space in the initramfs"
    ));
    let archive = Archive::open_for(workspace, step, debian)?;
    let package = archive.newest("busybox-static", "")?;
    let scratch = workspace.scratch("busybox-")?;
    archive.unpack(step, &package, scratch.path())?;
    let program = ["usr/bin/busybox", "bin/busybox"]
        .map(|path| scratch.path().join(path))
        .into_iter()
        .find(|path| path.is_file())
        .with_context(|| format!("{} {} has no busybox", package.package, package.version))?;
    fs::create_dir_all(workspace.cache("tools"))?;
    fs::rename(&program, &cached)
        .with_context(|| format!("cannot move busybox to {}", cached.display()))?;
    Ok(cached)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_qemu_is_read() {
        let printed = "QEMU emulator version 10.0.2 (Debian 1:10.0.2+ds-2)\nCopyright\n";
        assert_eq!(parse_version(printed), Some((10, 0)));
        assert!(parse_version(printed) > Some((9, 1)));
        assert_eq!(parse_version("QEMU"), None);
    }
}
