// SPDX-License-Identifier: GPL-2.0

//! `make docs`: the kernel's Rust documentation, with the library in it.

use crate::build::session::Session;
use crate::host::process;
use anyhow::{Result, ensure};
use std::fs;
use std::process::ExitCode;

/// The output of rustdoc, relative to the build directory.
const OUTPUT: &str = "Documentation/output/rust/rustdoc/kernel/dma";

/// A page that shows what does not compile, and the heading of that.
const PAGE: &str = "struct.NoMapping.html";
const HEADING: &str = "What does not compile";

pub fn run(session: &Session) -> Result<ExitCode> {
    let kernel = session.debug_kernel()?;
    let log = session.workspace.cache("logs/docs.log");
    session
        .progress
        .step("rendering the documentation", |step| {
            process::logged(step, kernel.make().arg("rustdoc"), &log)?;
            kernel.refuse_warnings(&log)
        })?;
    let output = kernel.build.join(OUTPUT);
    let page = output.join(PAGE);
    let text = fs::read_to_string(&page).unwrap_or_default();
    ensure!(
        text.contains(HEADING),
        "{} does not show what does not compile (log: {})",
        page.display(),
        log.display()
    );
    println!("{}", output.join("index.html").display());
    Ok(ExitCode::SUCCESS)
}
