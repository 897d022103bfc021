// SPDX-License-Identifier: GPL-2.0

//! One of the two sides that are compared: a kernel, and the benchmark's modules built for it.

use super::object::{self, Function};
use super::samples::{self, Costed};
use crate::build::architecture::Target;
use crate::build::external_module;
use crate::build::kbuild::{self, Kernel, Lints};
use crate::build::session::Session;
use crate::host::process;
use crate::host::progress::Progress;
use crate::host::workspace::Workspace;
use crate::run::boot::{self, Boot, Plan};
use crate::setup::source::Source;
use crate::verdict::{Expected, Verdict};
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// One processor whose virtual time counts instructions, and nothing that differs from boot to boot.
/// Without ERMS the kernel clears memory with plain instructions; QEMU would count each byte of a
/// `rep stosb` as one.
pub const COUNTING: [&str; 12] = [
    "-smp",
    "1",
    "-cpu",
    "max,erms=off,fsrm=off",
    "-icount",
    "shift=0,sleep=off",
    "-rtc",
    "base=2026-01-01,clock=vm",
    "-seed",
    "1",
    "-append",
    "console=ttyS0 panic=-1 nokaslr",
];

/// One processor with a time-stamp counter of the host's time, for ratios.
pub const TIMING: [&str; 2] = ["-smp", "1"];

/// The modules in Rust. The second is for the library's side only.
const RUST: [&str; 2] = ["coherent_bench", "coherent_bench_kinds"];

/// How the cases are called whose code is looked at.
const CASES: [&str; 5] = ["project_", "hand_", "read_u", "write_u", "copy_"];

/// Of allocation there is one case for each size; their code differs in one number.
const ALLOCATIONS: (&str, &str) = ("alloc_", "_4096");

pub struct Side {
    pub kernel: Kernel,
    /// The same without overflow checks, of which there are no more than objects.
    unchecked: Kernel,
    pub modules: Vec<PathBuf>,
}

impl Side {
    /// The library's.
    pub fn ours(session: &Session) -> Result<Self> {
        Self::build(session, kbuild::grafted)
    }

    /// That of the tree as it was.
    pub fn upstream(session: &Session) -> Result<Self> {
        Self::build(session, kbuild::pristine)
    }

    fn build(
        session: &Session,
        tree: fn(&Workspace, &Progress, &Source) -> Result<PathBuf>,
    ) -> Result<Self> {
        let (toolchain, source) = session.prepare()?;
        let tree = tree(&session.workspace, &session.progress, &source)?;
        let workspace = &session.workspace;
        let of = |name, checks| {
            let (target, fragments) = (Target::default(), ["bench", checks]);
            Kernel::new(
                workspace, &tree, &source, &toolchain, target, name, &fragments,
            )
        };
        let kernel = of("bench", "checked");
        let unchecked = of("bench-unchecked", "unchecked");
        kernel.build(workspace, &session.progress)?;
        let modules = session.modules(&kernel, "bench")?;
        Ok(Self {
            kernel,
            unchecked,
            modules,
        })
    }

    /// Boots the kernel and reads what the modules print.
    pub fn boot(&self, session: &Session, name: &str, arguments: &[&str]) -> Result<Costed> {
        let logs = session.progress.step(&format!("booting: {name}"), |step| {
            // The C module has the clock, so it comes first.
            let mut plan = Plan::default().load(
                external_module::named(&self.modules, "coherent_bench_c")?,
                "",
            );
            for (_, module) in self.rust_modules() {
                plan = plan.load(module, "");
            }
            let boot = Boot {
                name,
                plan,
                arguments,
                limit: Duration::from_secs(300),
            };
            boot::run(&session.workspace, step, &self.kernel, &boot)
        })?;
        Verdict::of(&logs, &Expected::default()).into_result()?;
        samples::read(&logs.console)
            .with_context(|| format!("in the log {}", logs.console_path.display()))
    }

    /// The modules in Rust that this side has.
    fn rust_modules(&self) -> impl Iterator<Item = (&'static str, &Path)> {
        RUST.iter().filter_map(|name| {
            let module = external_module::named(&self.modules, name).ok()?;
            Some((*name, module))
        })
    }

    /// The code of the cases in Rust.
    pub fn functions(&self) -> Result<BTreeMap<String, Function>> {
        let mut all = BTreeMap::new();
        for (_, module) in self.rust_modules() {
            all.extend(object::functions(module, is_case)?);
        }
        Ok(all)
    }

    /// The same without overflow checks.
    pub fn functions_unchecked(&self, session: &Session) -> Result<BTreeMap<String, Function>> {
        let workspace = &session.workspace;
        self.unchecked.configure(workspace, &session.progress)?;
        session
            .progress
            .step("preparing to compile without overflow checks", |step| {
                let log = workspace.cache("logs/prepare-bench-unchecked.log");
                let mut make = self.unchecked.make(Lints::Rustc);
                process::logged(step, make.arg("modules_prepare"), &log)
            })?;
        let directory = workspace.checkout.join("bench");
        let mut all = BTreeMap::new();
        for (name, _) in self.rust_modules() {
            let object = session
                .progress
                .step(&format!("compiling {name}"), |step| {
                    let object = format!("{name}.o");
                    let (mut make, output, log) = self.unchecked.modules_command(
                        workspace,
                        &directory,
                        &object,
                        Lints::Rustc,
                    )?;
                    process::logged(step, make.arg(&object), &log)?;
                    Ok(output.join(object))
                })?;
            all.extend(object::functions(&object, is_case)?);
        }
        Ok(all)
    }
}

fn is_case(function: &str) -> bool {
    CASES.iter().any(|prefix| function.starts_with(prefix))
        || function.starts_with(ALLOCATIONS.0) && function.ends_with(ALLOCATIONS.1)
}
