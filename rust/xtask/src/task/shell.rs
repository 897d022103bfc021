// SPDX-License-Identifier: GPL-2.0

//! `make shell`: a shell in the grafted kernel, with edu and the samples at hand.

use crate::build::session::Session;
use crate::check::driver::{self, Request};
use crate::run::boot::{self, Plan};
use anyhow::{Context, Result, ensure};
use std::io::IsTerminal;
use std::os::unix::process::CommandExt;
use std::process::ExitCode;

pub fn run(session: &Session, request: &Request) -> Result<ExitCode> {
    ensure!(
        std::io::stdin().is_terminal() && std::io::stdout().is_terminal(),
        "make shell is for a terminal; in a script, use `make driver M=path/to/module`"
    );
    let directory = request.directory()?;
    let arguments = request.qemu_arguments()?;

    let kernel = session.debug_kernel()?;
    let mut modules = session.modules(&kernel, "samples")?;
    modules.push(kernel.build.join("samples/rust/rust_dma.ko"));
    if let Some(directory) = directory {
        modules.extend(driver::build(session, &kernel, &directory)?);
    }
    let plan = modules
        .iter()
        .fold(Plan::default(), |plan, module| plan.carry(module))
        .shell(include_str!("../../boot/shell"));
    let dir = session.workspace.cache("runs/shell");
    let initramfs = session.progress.step("making the initramfs", |step| {
        boot::initramfs(&session.workspace, step, &kernel, &plan, &dir)
    })?;

    let mut qemu = boot::machine(&kernel, &initramfs);
    qemu.args(["-serial", "mon:stdio"])
        .args(["-device", "edu", "-device", "pci-testdev"])
        .args(arguments);
    // QEMU takes the place of this process, and reads its files before another run has made others.
    // The lock of the cache is not QEMU's, so that other runs do not wait for an open shell.
    Err(qemu.exec()).context("cannot run QEMU")
}
