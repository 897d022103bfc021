// SPDX-License-Identifier: GPL-2.0

//! `make test`: all checks, and one verdict.

use super::{all, check, conclude, of_library};
use crate::build::session::Session;
use crate::check::{cells, lint, nvme, samples, suites};
use crate::verdict::report::Report;
use anyhow::Result;
use std::process::ExitCode;

pub fn run(session: &Session) -> Result<ExitCode> {
    // Both fail if a compiler warns.
    let kernel = &session.debug_kernel()?;
    let modules = &suites::modules(session, kernel)?;
    let mut checks = vec![check("host", || Ok(lint::host(session, &kernel.pristine)))];
    checks.extend(of_library(session, kernel, modules));
    for cell in cells::read(&session.workspace)? {
        if cell.in_test {
            let name = format!("cell: {}", cell.name);
            checks.push(check(name.clone(), move || {
                let mut report = Report::default();
                match cell.require(session) {
                    Ok(()) => report.merge(name, cell.run(session, kernel, modules, None)?),
                    Err(reason) => report.skip(name, format!("{reason:#}")),
                }
                Ok(report)
            }));
        }
    }
    checks.extend([
        check("edu: a misdirected copy is seen", || {
            samples::misdirected(session, kernel, modules)
        }),
        check("documented drivers", || {
            samples::documented(session, kernel, modules)
        }),
        check("nvme", || {
            nvme::run(session, kernel, modules, &nvme::Machine::default())
        }),
        check("kernel code: CLIPPY=1", || {
            lint::kernel_clippy(session, kernel)
        }),
        check("host: rustc 1.85", || Ok(lint::oldest_rustc(session))),
    ]);
    Ok(conclude(session, &all(checks)))
}
