// SPDX-License-Identifier: GPL-2.0

//! Every commit by itself: it builds without a warning, boots, and its tests pass.

use crate::build::external_module;
use crate::build::kbuild::Kernel;
use crate::build::session::Session;
use crate::host::progress::Step;
use crate::host::workspace::Workspace;
use crate::run::boot::{self, Boot, Plan};
use crate::setup::architecture::Target;
use crate::tree::series::Commit;
use crate::verdict::{Expected, Verdict};
use anyhow::{Context, Result};
use std::time::Duration;

/// The user of coherent memory in the tree whose device QEMU has.
const RUST_DMA: &str = "samples/rust/rust_dma.ko";

/// The user of coherent memory in the tree whose code is measured.
const NOVA_CORE: &str = "drivers/gpu/nova-core.ko";

/// Builds and boots each commit in one tree. Returns how many tests passed, and how many bytes of code
/// nova-core has.
pub fn run(session: &Session, commits: &[Commit]) -> Result<Vec<[String; 2]>> {
    let (workspace, progress) = (&session.workspace, &session.progress);
    let mut fragments = vec!["debug", "upstream"];
    let mut modules = vec![RUST_DMA];
    let mut verified = Vec::new();
    for (index, commit) in commits.iter().enumerate() {
        if let Some((fragment, module)) = commit.step.module {
            fragments.push(fragment);
            modules.push(module);
        }
        let tree = ("series", index + 1);
        let kernel = session.kernel(tree, Target::default(), "series", &fragments)?;
        let of = || format!("the commit \"{}\"", commit.subject());
        kernel.build(workspace, progress).with_context(of)?;
        let tests = progress.step(&format!("booting {}", of()), |step| {
            boots(workspace, step, &kernel, &modules)
        });
        let code = external_module::text_size(&kernel.build.join(NOVA_CORE))?;
        verified.push([tests.with_context(of)?.to_string(), code.to_string()]);
    }
    Ok(verified)
}

/// Boots a kernel, loads and unloads its modules, and returns how many tests passed.
fn boots(workspace: &Workspace, step: &Step, kernel: &Kernel, modules: &[&str]) -> Result<usize> {
    let mut plan = Plan::default();
    for module in modules {
        plan = plan.load_and_unload(&kernel.build.join(module));
    }
    let boot = Boot {
        name: "series",
        plan,
        arguments: &["-device", "edu", "-device", "pci-testdev"],
        limit: Duration::from_secs(300),
    };
    let logs = boot::run(workspace, step, kernel, &boot)?;
    let expected = Expected {
        suites: Some(Vec::new()),
        ..Expected::default()
    };
    Ok(Verdict::of(&logs, &expected).into_result()?.tests_passed())
}
