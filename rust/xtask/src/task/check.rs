// SPDX-License-Identifier: GPL-2.0

//! `make check`: all that can fail after an edit of the library, in one boot.

use super::{all, check, conclude, step};
use crate::build::session::Session;
use crate::check::{contract, in_qemu, lint, suites};
use anyhow::Result;
use std::process::ExitCode;

pub fn run(session: &Session) -> Result<ExitCode> {
    // Fails if a compiler warns.
    let kernel = &session.debug_kernel()?;
    let report = all(vec![
        check("suites", || {
            let modules = suites::modules(session, kernel)?;
            in_qemu::run(session, kernel, &modules)
        }),
        check("contract", || {
            contract::check(session, kernel, contract::Messages::Compare)
        }),
        step(session, "rustfmt", |step| {
            lint::format(&session.workspace, step, &kernel.tree, true)
        }),
    ]);
    Ok(conclude(session, &report))
}
