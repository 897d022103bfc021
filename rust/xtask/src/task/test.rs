// SPDX-License-Identifier: GPL-2.0

//! `make check`, all that can fail after an edit of the library, with one boot; and `make test`, which
//! has all other checks as well. Either gives one verdict.

use super::{LANES, conclude, noted};
use crate::build::session::Session;
use crate::check::{cells, contract, lint, nvme, samples, suites};
use crate::host::lanes;
use crate::verdict::report::Report;
use anyhow::Result;
use std::process::ExitCode;

/// One of the checks: it makes a report, or breaks off with an error.
type Check<'a> = (String, Box<dyn FnOnce() -> Result<Report> + Send + 'a>);

fn check<'a>(name: &str, work: impl FnOnce() -> Result<Report> + Send + 'a) -> Check<'a> {
    (name.to_string(), Box::new(work))
}

pub fn run(session: &Session, everything: bool) -> Result<ExitCode> {
    // Both fail if a compiler warns.
    let kernel = &session.debug_kernel()?;
    let modules = &suites::modules(session, kernel)?;
    // The longest first.
    let mut checks = vec![
        check("suites", || cells::run_direct(session, kernel, modules)),
        check("contract", || contract::check(session, kernel, false)),
        check("rustfmt", || {
            session.progress.step("rustfmt", |step| {
                lint::format(&session.workspace, step, &kernel.tree, true)
            })?;
            Ok(Report::of("rustfmt", Ok(())))
        }),
    ];
    if everything {
        checks.insert(
            0,
            check("host", || Ok(lint::host(session, &kernel.pristine))),
        );
        for cell in cells::read(&session.workspace)? {
            if cell.in_test {
                let name = format!("cell: {}", cell.name);
                checks.push(check(&name.clone(), move || {
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
                let cells = cells::read(&session.workspace)?;
                let direct = cells::choose(cells, "x86-direct")?;
                nvme::run(session, kernel, modules, &direct)
            }),
            check("kernel code: CLIPPY=1", || {
                lint::kernel_clippy(session, kernel)
            }),
            check("host: rustc 1.85", || Ok(lint::oldest_rustc(session))),
        ]);
    }
    let mut all = Report::default();
    for report in lanes::run(LANES, checks, |(name, work)| noted(name, work())) {
        all.extend(report);
    }
    Ok(conclude(session, &all))
}
