// SPDX-License-Identifier: GPL-2.0

//! The device tree of a cell: what QEMU makes for its machine, and what the cell changes in it.

use super::cells::Cell;
use crate::build::session::Session;
use crate::host::process;
use crate::host::progress::Step;
use crate::host::workspace::Workspace;
use crate::setup::apt;
use anyhow::{Context, Result};
use std::fs;

pub fn install(workspace: &Workspace, step: &Step) -> Result<()> {
    let package = (
        "device-tree-compiler",
        "changes the device tree of the guest",
    );
    apt::install_missing(workspace, step, &[package])
}

/// Makes the device tree of a cell that changes something in it. Returns its path.
pub fn make(session: &Session, cell: &Cell) -> Result<Option<String>> {
    if cell.device_tree.is_empty() {
        return Ok(None);
    }
    let dir = session.workspace.cache("matrix");
    let path = dir.join(format!("{}.dtb", cell.name));
    let log = session.workspace.cache("logs/device-tree.log");
    fs::create_dir_all(&dir)?;
    session.progress.step("making the device tree", |step| {
        let facts = cell.architecture.facts();
        let mut dump = process::command(facts.qemu);
        dump.arg("-machine")
            .arg(format!("{},dumpdtb={}", cell.machine, path.display()))
            .args(["-cpu", facts.cpu, "-smp", "2", "-m", &cell.memory])
            .args(["-nodefaults", "-display", "none"]);
        process::logged(step, &mut dump, &log)?;
        for change in &cell.device_tree {
            let words = shell_words::split(change)
                .with_context(|| format!("{}: device_tree {change:?}", cell.name))?;
            let (options, rest) = words.split_at(1.min(words.len()));
            let mut put = process::command("fdtput");
            put.args(options).arg(&path).args(rest);
            process::logged(step, &mut put, &log)?;
        }
        Ok(())
    })?;
    Ok(Some(path.display().to_string()))
}
