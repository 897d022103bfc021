// SPDX-License-Identifier: GPL-2.0

//! `make shell`: a shell in the grafted kernel, with edu and the samples at hand.

use super::exit_code;
use crate::build::session::Session;
use crate::check::driver::{self, Request};
use crate::run::boot::{self, Plan};
use crate::run::qemu_arguments;
use anyhow::{Context, Result, bail};
use std::fs;
use std::io::IsTerminal;
use std::process::{ExitCode, Stdio};
use std::thread::sleep;
use std::time::Duration;

const POLL: Duration = Duration::from_millis(100);

pub fn run(session: &Session, request: &Request) -> Result<ExitCode> {
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        bail!("make shell is for a terminal; in a script, use `make driver M=path/to/module`");
    }
    let directory = request.directory()?;
    let arguments = qemu_arguments::arguments(request.qemu_args.as_deref())?;

    let kernel = session.debug_kernel()?;
    let mut modules = session.modules(&kernel, "samples")?;
    modules.push(kernel.build.join("samples/rust/rust_dma.ko"));
    if let Some(directory) = directory {
        modules.extend(driver::build(session, &kernel, &directory)?);
    }
    let plan = modules
        .iter()
        .fold(Plan::default(), |plan, module| plan.carry(module))
        .script(include_str!("../../boot/shell"));

    let scratch = session.workspace.scratch("shell-")?;
    let initramfs = session.progress.step("making the initramfs", |step| {
        boot::initramfs(&session.workspace, step, &kernel, &plan, scratch.path())
    })?;
    let up = scratch.path().join("up");
    fs::write(&up, "")?;

    let mut qemu = boot::machine(&kernel, &initramfs);
    qemu.args(["-serial", "mon:stdio", "-serial"])
        .arg(format!("file:{}", up.display()))
        .args(["-device", "edu", "-device", "pci-testdev"])
        .args(arguments)
        .stdin(Stdio::inherit());
    let mut child = qemu.spawn().context("cannot run QEMU")?;
    loop {
        if let Some(status) = child.try_wait().context("cannot wait for QEMU")? {
            return Ok(exit_code(status.success()));
        }
        // QEMU has read its files: other runs may use the cache while the shell is open.
        if session.is_locked() && fs::metadata(&up).is_ok_and(|file| file.len() > 0) {
            session.unlock();
        }
        // A closed window does not signal every process.
        if !std::io::stdin().is_terminal() {
            child.kill().context("cannot end QEMU")?;
        }
        sleep(POLL);
    }
}
