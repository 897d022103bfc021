// SPDX-License-Identifier: GPL-2.0

//! A kernel with the modules of `bench/`: built, booted, and its code taken out.

use super::code::{self, Assembly};
use crate::build::external_module;
use crate::build::kbuild::Kernel;
use crate::build::session::Session;
use crate::host::process;
use crate::run::boot::{self, Boot, Plan};
use crate::verdict::instructions::{self, Counts};
use crate::verdict::{Expected, Verdict};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// One processor whose virtual time counts instructions, and nothing that differs between boots.
/// Without ERMS the kernel zeroes memory with plain instructions; QEMU would count each byte of a
/// `rep stosb` as one.
pub const COUNTING: [[&str; 2]; 6] = [
    ["-smp", "1"],
    ["-cpu", "max,erms=off,fsrm=off"],
    ["-icount", "shift=0,sleep=off"],
    ["-rtc", "base=2026-01-01,clock=vm"],
    ["-seed", "1"],
    ["-append", "console=ttyS0 panic=-1 nokaslr"],
];

/// Users of coherent memory in the tree, whose code size is measured.
const USERS: [(&str, &str); 2] = [
    ("rust text_nova_core", "drivers/gpu/nova-core.ko"),
    ("rust text_rust_dma", "samples/rust/rust_dma.ko"),
];

pub struct BenchKernel {
    pub kernel: Kernel,
    /// The module in C, which has the clock, and those in Rust.
    pub modules: Vec<PathBuf>,
}

impl BenchKernel {
    /// Builds the kernel of a tree with or without the library.
    pub fn build(
        session: &Session,
        tree: fn(&Session, &str, &[&str]) -> Result<Kernel>,
    ) -> Result<Self> {
        let kernel = tree(session, "bench", &["bench", "checked"])?;
        kernel.build(&session.workspace, &session.progress)?;
        let modules = session.modules(&kernel, "bench")?;
        Ok(Self { kernel, modules })
    }

    /// Boots the kernel, and returns what its modules print and the size of its users' code.
    pub fn measure(&self, session: &Session, name: &str) -> Result<Counts> {
        let load = |plan: Plan, module: &PathBuf| plan.load(module, "");
        let boot = Boot {
            name,
            plan: self.modules.iter().fold(Plan::default(), load),
            arguments: COUNTING.as_flattened(),
            limit: Duration::from_secs(300),
        };
        let logs = session.progress.step(&format!("booting: {name}"), |step| {
            boot::run(&session.workspace, step, &self.kernel, &boot)
        })?;
        Verdict::of(&logs, &Expected::default()).into_result()?;
        let log = || format!("in the log {}", logs.console_path.display());
        let mut counts = instructions::read(&logs.console).with_context(log)?;
        for (case, path) in USERS {
            let size = external_module::text_size(&self.kernel.build.join(path))?;
            counts.insert(case.to_string(), size);
        }
        let size =
            external_module::text_size(external_module::named(&self.modules, "coherent_bench")?)?;
        counts.insert("rust text_coherent_bench".to_string(), size);
        Ok(counts)
    }

    /// Writes the code of the cases to `directory`: in this kernel, and without overflow checks.
    pub fn write_assembly(&self, session: &Session, directory: &Path) -> Result<()> {
        let (workspace, progress) = (&session.workspace, &session.progress);
        let other = session.grafted("bench-unchecked", &["bench", "unchecked"])?;
        other.configure(workspace, progress)?;
        progress.step("preparing to compile without overflow checks", |step| {
            let log = workspace.cache("logs/prepare-bench-unchecked.log");
            let mut make = other.make();
            process::logged(step, make.arg("modules_prepare"), &log)
        })?;
        let source = workspace.checkout.join("bench");
        let (mut checked, mut unchecked) = (Assembly::new(), Assembly::new());
        for module in self.modules.iter().skip(1) {
            checked.extend(code::cases(module)?);
            let object = format!("{}.o", boot::module_name(module));
            let object = progress.step(&format!("compiling {object}"), |step| {
                let (mut make, output, log) = other.modules_command(workspace, &source, &object)?;
                process::logged(step, &mut make, &log)?;
                Ok(output.join(object))
            })?;
            unchecked.extend(code::cases(&object)?);
        }
        let write = || format!("cannot write {}", directory.display());
        code::write(directory, &checked, &unchecked).with_context(write)
    }
}
