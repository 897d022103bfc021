// SPDX-License-Identifier: GPL-2.0

//! `make contract`: what must not compile, what must, and what the object code must not do.
//!
//! All of it is compiled with kbuild's saved flags against the built kernel crate, and never run.

mod compile_fail;
mod compiler;
mod doctests;
mod messages;
mod objects;
mod public;

use crate::build::kbuild::Kernel;
use crate::build::session::Session;
use crate::verdict::report::Report;
use anyhow::Result;
pub use compiler::Compiler;
use std::path::Path;

/// Checks the contract of a built kernel. `bless` accepts the messages of the compiler.
pub fn check(session: &Session, kernel: &Kernel, bless: bool) -> Result<Report> {
    let checkout = &session.workspace.checkout;
    let scratch = session.workspace.scratch("contract-")?;
    let compiler = Compiler::new(&kernel.build, scratch.path(), checkout)?;
    let name = "compiling the types of Linux 7.3";
    let upstream = session
        .progress
        .step(name, |_| compiler.against_upstream(&kernel.pristine))?;
    session.progress.step("checking the contract", |_| {
        let mut report = of_library(&compiler, checkout, bless)?;
        let kunit = checkout.join("kunit");
        let [api, panics] = ["api.rs", "panics.rs"].map(|file| kunit.join(file));
        report.note("contract: API of Linux 7.3", upstream.accepts(&api));
        let sizes = upstream.accepts(&kunit.join("sizes.rs"));
        report.note("contract: sizes of Linux 7.3", sizes);
        let dma = kernel.pristine.join("rust/kernel/dma.rs");
        let compared = public::all_named(&api, &dma, "Coherent");
        report.number("contract: every function of Linux 7.3", compared);
        let probed = public::all_named(&panics, &session.workspace.overlay(), "");
        report.number("contract: every function has a probe", probed);
        let doctests = doctests::check(&compiler, &kernel.tree);
        report.number("contract: the kernel's doc tests", doctests);
        Ok(report)
    })
}

/// Checks what the library decides that is in the kernel crate of `compiler`.
pub fn of_library(compiler: &Compiler, checkout: &Path, bless: bool) -> Result<Report> {
    let kunit = checkout.join("kunit");
    let mut report = compile_fail::check(compiler, &kunit.join("compile_fail"), bless)?;
    for (row, file) in [
        ("contract: types", "contracts.rs"),
        ("contract: inference", "inference.rs"),
        ("contract: API", "api.rs"),
        ("contract: sizes", "sizes.rs"),
    ] {
        report.note(row, compiler.accepts(&kunit.join(file)));
    }
    let folded = objects::folded(compiler, &kunit.join("folded.rs"));
    report.number("contract: constants fold", folded);
    let panics = objects::panics(compiler, &kunit.join("panics.rs"));
    report.results("contract: panics", panics.unwrap_or_else(|e| vec![Err(e)]));
    Ok(report)
}
