// SPDX-License-Identifier: GPL-2.0

//! The samples of docs/binding.md: each loses its device in every possible way, and its memory is
//! freed before that ends.

use crate::build::external_module::named;
use crate::build::kbuild::Kernel;
use crate::build::session::Session;
use crate::check::driver;
use crate::run::boot::{self, Boot, Plan};
use crate::verdict::trace::marks;
use anyhow::{Result, ensure};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The drivers, and how many buffers each has while it is bound.
const SAMPLES: [(&str, usize); 2] = [("binding_data", 2), ("binding_devres", 1)];
/// Lines of their logs.
const LOG: [&str; 3] = [
    "the number came back",
    "frees 8 and 8 bytes",
    "the buffer of the last binding is gone",
];
const LIMIT: Duration = Duration::from_secs(120);
/// How often a driver gets its device, and loses it; see `boot/binding`.
const TIMES: usize = 3;

pub fn check(session: &Session, kernel: &Kernel) -> Result<()> {
    let samples = session.modules(kernel, "samples")?;
    let modules = SAMPLES
        .iter()
        .map(|(name, _)| named(&samples, name).map(Path::to_path_buf))
        .collect::<Result<Vec<PathBuf>>>()?;
    let mut plan = Plan::default()
        .script(include_str!("../../boot/binding"))
        .trace();
    for module in &modules {
        let line = format!("try_binding {}", boot::module_name(module));
        plan = plan.carry(module).shell(&line);
    }
    let workspace = session.workspace.clone();
    let logs = session
        .progress
        .step("booting: drivers that lose their device", |step| {
            let boot = Boot {
                name: "binding",
                plan: plan.dump_trace(),
                arguments: &["-device", "edu"],
                limit: LIMIT,
            };
            boot::run(&workspace, step, kernel, &boot)
        })?;
    let (report, good) = driver::report(&modules, &logs, LIMIT);
    ensure!(good, "the drivers fail:\n{report}");
    for line in LOG {
        ensure!(
            report.contains(&format!(": {line}\n")),
            "no driver says `{line}`:\n{report}"
        );
    }

    let marks = marks::live(&logs.trace)?;
    let expected: Vec<(String, usize)> = SAMPLES
        .iter()
        .flat_map(|(name, buffers)| {
            let once = [
                (format!("bound {name}"), *buffers),
                (format!("unbound {name}"), 0),
            ];
            (0..TIMES).flat_map(move |_| once.clone())
        })
        .collect();
    ensure!(
        marks == expected,
        "allocations that live after each step are {marks:?} and not {expected:?} (log: {})",
        logs.console_path.display()
    );
    Ok(())
}
