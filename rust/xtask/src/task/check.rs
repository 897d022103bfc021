// SPDX-License-Identifier: GPL-2.0

//! `make check`: all that can fail after an edit of the library.

use super::{all, conclude, of_library};
use crate::build::session::Session;
use crate::check::suites;
use anyhow::Result;
use std::process::ExitCode;

pub fn run(session: &Session) -> Result<ExitCode> {
    // Both fail if a compiler warns.
    let kernel = session.debug_kernel()?;
    let modules = suites::modules(session, &kernel)?;
    let report = all(of_library(session, &kernel, &modules));
    Ok(conclude(session, &report))
}
