// SPDX-License-Identifier: GPL-2.0

//! A kernel with the modules of `bench/`: built, booted, and its code taken out.

use super::code::{self, Assembly};
use crate::build::external_module;
use crate::build::kbuild::Kernel;
use crate::build::session::Session;
use crate::host::process;
use crate::run::boot::{self, Boot, Plan};
use crate::verdict::instructions::{self, Instructions};
use crate::verdict::{Expected, Verdict};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// One processor whose virtual time counts instructions, and nothing that differs between boots.
/// Without ERMS the kernel zeroes memory with plain instructions; QEMU would count each byte of a
/// `rep stosb` as one.
const COUNTING: [[&str; 2]; 6] = [
    ["-smp", "1"],
    ["-cpu", "max,erms=off,fsrm=off"],
    ["-icount", "shift=0,sleep=off"],
    ["-rtc", "base=2026-01-01,clock=vm"],
    ["-seed", "1"],
    ["-append", "console=ttyS0 panic=-1 nokaslr"],
];

/// The modules in Rust. Only a tree with the library has the second.
const RUST: [&str; 2] = ["coherent_bench", "coherent_bench_kinds"];

/// Users of coherent memory in the tree, whose code size is measured.
const USERS: [(&str, &str); 2] = [
    ("text_nova_core", "drivers/gpu/nova-core.ko"),
    ("text_rust_dma", "samples/rust/rust_dma.ko"),
];

pub struct BenchKernel {
    pub kernel: Kernel,
    modules: Vec<PathBuf>,
}

impl BenchKernel {
    pub fn with_library(session: &Session) -> Result<Self> {
        Self::build(session, session.grafted("bench", &["bench", "checked"])?)
    }

    pub fn without_library(session: &Session) -> Result<Self> {
        Self::build(session, session.pristine("bench", &["bench", "checked"])?)
    }

    fn build(session: &Session, kernel: Kernel) -> Result<Self> {
        kernel.build(&session.workspace, &session.progress)?;
        let modules = session.modules(&kernel, "bench")?;
        Ok(Self { kernel, modules })
    }

    /// Boots the kernel, and returns what its modules print and the size of its users' code.
    pub fn measure(&self, session: &Session, name: &str) -> Result<Instructions> {
        let logs = session.progress.step(&format!("booting: {name}"), |step| {
            // The C module has the clock, so it comes first.
            let clock = external_module::named(&self.modules, "coherent_bench_c")?;
            let mut plan = Plan::default().load(clock, "");
            for (_, module) in self.rust_modules() {
                plan = plan.load(module, "");
            }
            let limit = Duration::from_secs(300);
            let boot = Boot {
                name,
                plan,
                arguments: COUNTING.as_flattened(),
                limit,
            };
            boot::run(&session.workspace, step, &self.kernel, &boot)
        })?;
        Verdict::of(&logs, &Expected::default()).into_result()?;
        let log = || format!("in the log {}", logs.console_path.display());
        let mut measured = instructions::read(&logs.console).with_context(log)?;
        let mut size = |case: &str, path: &Path| -> Result<()> {
            let size = code::text_size(path)? as f64;
            measured.rust.insert(case.to_string(), size);
            Ok(())
        };
        for (case, path) in USERS {
            size(case, &self.kernel.build.join(path))?;
        }
        size(
            "text_coherent_bench",
            external_module::named(&self.modules, RUST[0])?,
        )?;
        Ok(measured)
    }

    /// The Rust modules that this kernel has.
    fn rust_modules(&self) -> impl Iterator<Item = (&'static str, &Path)> {
        RUST.iter().filter_map(|name| {
            let module = external_module::named(&self.modules, name).ok()?;
            Some((*name, module))
        })
    }

    /// The files for `bench/asm`: the cases in this kernel, and compiled without overflow checks.
    pub fn assembly(&self, session: &Session) -> Result<Assembly> {
        let (workspace, progress) = (&session.workspace, &session.progress);
        let other = session.grafted("bench-unchecked", &["bench", "unchecked"])?;
        other.configure(workspace, progress)?;
        progress.step("preparing to compile without overflow checks", |step| {
            let log = workspace.cache("logs/prepare-bench-unchecked.log");
            let mut make = other.make();
            process::logged(step, make.arg("modules_prepare"), &log)
        })?;
        let directory = workspace.checkout.join("bench");
        let (mut checked, mut unchecked) = (Assembly::new(), Assembly::new());
        for (name, module) in self.rust_modules() {
            checked.extend(code::cases(module)?);
            let object = format!("{name}.o");
            let object = progress.step(&format!("compiling {object}"), |step| {
                let (mut make, output, log) =
                    other.modules_command(workspace, &directory, &object)?;
                process::logged(step, &mut make, &log)?;
                Ok(output.join(object))
            })?;
            unchecked.extend(code::cases(&object)?);
        }
        Ok(code::files(checked, unchecked))
    }
}
