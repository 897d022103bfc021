// SPDX-License-Identifier: GPL-2.0

//! `make test`: all checks, and one verdict.

use super::{Check, all, check, conclude, step};
use crate::build::session::Session;
use crate::check::{cells, contract, in_qemu, lint, nvme, oldest_rustc, suites};
use crate::verdict::report::Report;
use anyhow::{Result, anyhow};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::OnceLock;

pub fn run(session: &Session) -> Result<ExitCode> {
    // Fails if a compiler warns.
    let kernel = &session.debug_kernel()?;
    let workspace = &session.workspace;
    let built = &OnceLock::new();
    // Whoever needs the modules first builds them, and others wait.
    let modules = move || -> Result<&[PathBuf]> {
        match built.get_or_init(|| suites::modules(session, kernel)) {
            Ok(modules) => Ok(modules),
            Err(error) => Err(anyhow!("the modules do not build: {error:#}")),
        }
    };

    let mut checks: Vec<Check<'_>> = vec![
        check("suites", move || in_qemu::run(session, kernel, modules()?)),
        check("contract", || {
            contract::check(session, kernel, contract::Messages::Compare)
        }),
    ];
    for cell in cells::read(workspace)? {
        if cell.in_test {
            let name = format!("cell: {}", cell.name);
            checks.push(check(name.clone(), move || {
                let mut report = Report::default();
                match cell.obstacle(session)? {
                    Some(reason) => report.skip(name, reason),
                    None => {
                        let verdict = cell.run(session, kernel, modules()?, None)?;
                        report.merge(name, verdict.report);
                    }
                }
                Ok(report)
            }));
        }
    }
    checks.extend([
        check("nvme", move || {
            nvme::run(session, kernel, modules()?, &nvme::Machine::default())
        }),
        check("kernel code: CLIPPY=1", || {
            Ok(lint::kernel_clippy(session, kernel))
        }),
        // One after the other: cargo locks its directory.
        check("host", || {
            let mut report = Report::default();
            let progress = &session.progress;
            let tested = progress.step("testing the host tool", |step| {
                lint::host_tests(workspace, step, &kernel.pristine)
            });
            match tested {
                Ok((passed, failed)) => {
                    report.count("host: tests", [passed, failed, 0], Vec::new());
                }
                Err(error) => drop(report.note("host: tests", Err::<(), _>(error))),
            }
            let linted = progress.step("linting the host tool", |step| {
                lint::host_clippy(workspace, step)
            });
            report.note("host: clippy", linted);
            Ok(report)
        }),
        check("host: rustc 1.85", || Ok(oldest_rustc::check(session))),
        step(session, "rustfmt", |step| {
            lint::format(workspace, step, &kernel.tree, true)
        }),
    ]);
    let report = all(checks);
    Ok(conclude(session, &report))
}
