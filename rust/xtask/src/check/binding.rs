// SPDX-License-Identifier: GPL-2.0

//! docs/binding.md as a test: its drivers lose their device in each way that there is, and their
//! memory is freed before that ends.

use crate::build::kbuild::Kernel;
use crate::build::session::Session;
use crate::check::driver;
use crate::check::guide::Page;
use crate::run::boot::{self, Boot, Plan};
use crate::verdict::trace::marks;
use anyhow::{Result, ensure};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(120);
/// How often a driver gets its device, and loses it; see `boot/binding`.
const TIMES: usize = 3;

pub fn check(session: &Session, kernel: &Kernel) -> Result<()> {
    let page = Page::read(session, "docs/binding.md")?;
    let modules = page.build(session, kernel, "binding")?;
    let mut plan = Plan::default()
        .script(include_str!("../../boot/binding"))
        .trace();
    for module in &modules {
        let line = format!("try_binding {}", boot::module_name(module));
        plan = plan.carry(module).shell(&line);
    }
    let arguments = page.qemu_arguments()?;
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let workspace = session.workspace.clone();
    let logs = session
        .progress
        .step("booting: drivers that lose their device", |step| {
            let boot = Boot {
                name: "binding",
                plan: plan.dump_trace(),
                arguments: &arguments,
                limit: LIMIT,
            };
            boot::run(&workspace, step, kernel, &boot)
        })?;
    page.compare(driver::report(&modules, &logs, LIMIT))?;

    let marks = marks::live(&logs.trace)?;
    let expected: Vec<(String, usize)> = modules
        .iter()
        .map(|module| boot::module_name(module))
        .flat_map(|name| {
            let once = [(format!("bound {name}"), 1), (format!("unbound {name}"), 0)];
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
