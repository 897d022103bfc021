// SPDX-License-Identifier: GPL-2.0

//! `make contract`: what must not compile, what must, and what the object code must not do.
//!
//! All of it is compiled with kbuild's saved flags against the built kernel crate, and never run.

mod assertions;
mod compile_fail;
pub mod compiler;
mod doctests;
mod objects;
mod public;

use crate::build::kbuild::Kernel;
use crate::build::session::Session;
use crate::verdict::report::Report;
use anyhow::Result;
use assertions::Assertions;
pub use compile_fail::Messages;
use compiler::Compiler;
use std::iter;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Checks the contract of a built kernel.
pub fn check(session: &Session, kernel: &Kernel, messages: Messages) -> Result<Report> {
    let workspace = &session.workspace;
    let scratch = workspace.scratch("contract-")?;
    let compiler = Compiler::new(&kernel.build, scratch.path())?;
    let name = "compiling the types of Linux 7.3";
    let upstream = session
        .progress
        .step(name, |_| assertions::upstream(&compiler, &kernel.pristine))?;
    session.progress.step("checking the contract", |_| {
        let mut report = of_library(&compiler, &workspace.checkout, messages)?;
        of_trees(
            &mut report,
            &compiler,
            &compiler.against(&upstream),
            kernel,
            &workspace.checkout,
        )?;
        Ok(report)
    })
}

/// Checks what the library decides that is in the kernel crate of `compiler`.
pub fn of_library(compiler: &Compiler, checkout: &Path, messages: Messages) -> Result<Report> {
    let kunit = checkout.join("kunit");
    let mut report = compile_fail::check(compiler, &kunit.join("compile_fail"), messages)?;
    let assertions = Assertions::compile(compiler, checkout)?;
    for (row, file) in [
        ("contract: types", "contracts.rs"),
        ("contract: inference", "inference.rs"),
        ("contract: API", "api.rs"),
        ("contract: sizes", "sizes.rs"),
    ] {
        report.note(row, assertions.check(compiler, &kunit.join(file)));
    }
    let folded = objects::folded(compiler, &kunit.join("folded.rs"));
    report.number("contract: constants fold", folded);
    let panics = objects::panics(compiler, &kunit.join("panics.rs"));
    report.results("contract: panics", panics.unwrap_or_else(|e| vec![Err(e)]));
    Ok(report)
}

/// Checks the files in `kunit/` against Linux 7.3 and the library's text.
fn of_trees(
    report: &mut Report,
    compiler: &Compiler,
    upstream: &Compiler,
    kernel: &Kernel,
    checkout: &Path,
) -> Result<()> {
    let kunit = checkout.join("kunit");
    let assertions = Assertions::compile(compiler, checkout)?;
    for (row, file) in [
        ("contract: API of Linux 7.3", "api.rs"),
        ("contract: sizes of Linux 7.3", "sizes.rs"),
    ] {
        report.note(row, assertions.check(upstream, &kunit.join(file)));
    }
    let compared = public::all_compared(
        &kunit.join("api.rs"),
        &kernel.pristine.join("rust/kernel/dma.rs"),
    );
    report.number("contract: every function of Linux 7.3", compared);
    let probed = public::all_probed(&kunit.join("panics.rs"), &checkout.join("rust/kernel/dma"));
    report.number("contract: every function has a probe", probed);
    let row = "contract: the kernel's doc tests";
    report.number(row, doctests::check(compiler, &kernel.tree));
    Ok(())
}

/// Applies `work` to each item, in as many threads as there are processors.
fn parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let take = || {
            let at = next.fetch_add(1, Ordering::Relaxed);
            items.get(at).map(|item| (at, work(item)))
        };
        iter::from_fn(take).collect::<Vec<_>>()
    };
    let mut results = thread::scope(|scope| {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        let results = threads.into_iter().map(|thread| thread.join());
        results
            .flat_map(|result| result.expect("no thread panics"))
            .collect::<Vec<_>>()
    });
    results.sort_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}
