// SPDX-License-Identifier: GPL-2.0

//! `make driver`: builds a person's external module, loads and unloads it in QEMU, and judges what
//! the kernel says meanwhile.

use super::exit_code;
use crate::build::session::Session;
use crate::check::driver::{self, Request};
use crate::run::qemu_arguments;
use anyhow::{Context, Result};
use std::process::ExitCode;

pub fn run(session: &Session, request: &Request) -> Result<ExitCode> {
    // What can be wrong with the settings is said before anything is built.
    let directory = request.directory()?.context(
        "name the directory of your module with M=, as in `make driver M=path/to/module`; \
         samples/first_driver is one to start from",
    )?;
    let arguments = qemu_arguments::arguments(request.qemu_args.as_deref())?;
    let limit = request.limit()?;

    let kernel = session.debug_kernel()?;
    let modules = driver::build(session, &kernel, &directory)?;
    let logs = driver::boot(session, &kernel, "driver", &modules, &arguments, limit)?;
    let (text, good) = driver::report(&modules, &logs, limit);
    println!("{text}");
    Ok(exit_code(good))
}
