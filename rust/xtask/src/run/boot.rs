// SPDX-License-Identifier: GPL-2.0

//! Booting a kernel in QEMU with an initramfs that carries out a plan.

use crate::build::kbuild::Kernel;
use crate::host::process;
use crate::host::progress::Step;
use crate::host::workspace::Workspace;
use crate::setup::architecture::Architecture;
use crate::setup::guest;
use crate::verdict::Logs;
use anyhow::{Context, Result, bail};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The files that every initramfs has, and what the scripts in `boot/` use of busybox.
const FILES: &str = include_str!("../../boot/initramfs");

/// How `timeout` says that it ended a run.
const TIMED_OUT: i32 = 124;

/// What the kernel is told: where its console is, and to end QEMU when it panics.
pub fn command_line(architecture: Architecture) -> String {
    format!("{} panic=-1", architecture.facts().command_line)
}

/// What user space does, in shell; see `boot/init` for what it can use.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    modules: BTreeSet<PathBuf>,
    script: String,
}

impl Plan {
    /// Puts a module into /lib.
    pub fn carry(mut self, module: &Path) -> Self {
        self.modules.insert(module.to_path_buf());
        self
    }

    /// Loads a module with `parameters`.
    pub fn load(self, module: &Path, parameters: &str) -> Self {
        let name = module_name(module);
        let mut plan = self.carry(module);
        _ = writeln!(plan.script, "step insmod /lib/{name}.ko {parameters}");
        plan
    }

    /// Loads a module and unloads it again.
    pub fn load_and_unload(self, module: &Path) -> Self {
        let name = module_name(module);
        let mut plan = self.load(module, "");
        _ = writeln!(plan.script, "step rmmod {name}");
        plan
    }

    /// Runs lines of shell.
    pub fn shell(mut self, lines: &str) -> Self {
        _ = writeln!(self.script, "{lines}");
        self
    }
}

/// What insmod and rmmod call a module.
pub fn module_name(module: &Path) -> String {
    module
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// A run of QEMU.
#[derive(Clone, Debug)]
pub struct Boot<'a> {
    /// Names the run's files.
    pub name: &'a str,
    pub plan: Plan,
    pub arguments: &'a [&'a str],
    pub limit: Duration,
}

/// Boots `kernel` and waits for the end of the run.
pub fn run(workspace: &Workspace, step: &Step, kernel: &Kernel, boot: &Boot<'_>) -> Result<Logs> {
    let dir = workspace.cache("runs").join(boot.name);
    let initramfs = initramfs(workspace, step, kernel, &boot.plan, &dir)?;

    let console_path = dir.join("console.log");
    let trace_path = dir.join("trace.log");
    for log in [&console_path, &trace_path] {
        fs::write(log, "").with_context(|| format!("cannot write {}", log.display()))?;
    }

    let mut qemu = machine(kernel, &initramfs);
    let architecture = kernel.target.architecture;
    qemu.arg("-serial")
        .arg(format!("file:{}", console_path.display()));
    let trace = format!("file,id=trace,path={}", trace_path.display());
    qemu.args(["-chardev", &trace]);
    if architecture.facts().two_ports {
        qemu.args(["-serial", "chardev:trace"]);
    } else {
        qemu.args(["-device", "pci-serial,chardev=trace"]);
    }
    qemu.args(boot.arguments);
    let qemu_log = dir.join("qemu.log");
    let mut limited = process::command("timeout");
    limited
        .arg("--kill-after=10")
        .arg(boot.limit.as_secs().to_string())
        .arg(qemu.get_program())
        .args(qemu.get_args());
    let status = process::run(step, &mut limited, &qemu_log, &console_path)?;
    let timed_out = status.code() == Some(TIMED_OUT);

    let console = read(&console_path)?;
    // It also ends well and without a boot, as for `-device help` or too little memory.
    if !timed_out && (!status.success() || console.is_empty()) {
        let given = boot.arguments.join(" ");
        let complaint = read(&qemu_log)?;
        bail!("QEMU ended ({status}) without a boot, with {given}\n{complaint}");
    }
    Ok(Logs {
        console,
        trace: read(&trace_path)?,
        console_path,
        timed_out,
    })
}

/// QEMU with a kernel, without a console and devices.
pub fn machine(kernel: &Kernel, initramfs: &Path) -> Command {
    let facts = kernel.target.architecture.facts();
    let mut qemu = process::command(facts.qemu);
    qemu.args(["-machine", facts.machine, "-accel", "tcg"])
        .args(["-cpu", facts.cpu, "-smp", "2", "-m", "512M"])
        .args(["-nodefaults", "-display", "none", "-no-reboot"])
        .arg("-kernel")
        .arg(kernel.build.join(facts.image))
        .arg("-initrd")
        .arg(initramfs)
        .args(["-append", &command_line(kernel.target.architecture)]);
    qemu
}

/// A console may carry any bytes.
fn read(log: &Path) -> Result<String> {
    let bytes = fs::read(log).with_context(|| format!("cannot read {}", log.display()))?;
    Ok(String::from_utf8_lossy(&bytes).replace('\r', ""))
}

/// Makes the initramfs that carries out `plan`, in `dir`.
pub fn initramfs(
    workspace: &Workspace,
    step: &Step,
    kernel: &Kernel,
    plan: &Plan,
    dir: &Path,
) -> Result<PathBuf> {
    let busybox = guest::busybox(workspace, step, kernel.target.architecture)?;
    fs::create_dir_all(dir)?;
    let plan_file = dir.join("plan");
    fs::write(&plan_file, &plan.script)?;

    let mut list = FILES.to_string();
    _ = writeln!(list, "file /bin/busybox {} 755 0 0", busybox.display());
    // A copy, since the list cannot name a path with a space, and the cache has none in its path.
    let init = dir.join("init");
    fs::copy(workspace.checkout.join("rust/xtask/boot/init"), &init)?;
    for (name, path, mode) in [("init", &init, 755), ("plan", &plan_file, 644)] {
        _ = writeln!(list, "file /{name} {} {mode} 0 0", path.display());
    }
    for module in &plan.modules {
        _ = writeln!(
            list,
            "file /lib/{}.ko {} 644 0 0",
            module_name(module),
            module.display()
        );
    }
    let list_file = dir.join("initramfs.list");
    fs::write(&list_file, list)?;

    // The kernel's own tool: it makes device nodes without being root.
    let archive = dir.join("initramfs.cpio");
    let mut generate = process::command(kernel.build.join("usr/gen_init_cpio"));
    generate.arg("-o").arg(&archive).arg(&list_file);
    process::logged(step, &mut generate, &dir.join("initramfs.log"))?;
    Ok(archive)
}
