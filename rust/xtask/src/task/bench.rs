// SPDX-License-Identifier: GPL-2.0

//! `make bench`: instructions of the library, beside those of C and of Linux 7.3's types.
//!
//! Two kernels of one configuration are built, with the library and without. In both, the modules of
//! `bench/` do the same work in C and in Rust while QEMU counts instructions.

mod build;
mod chart;
mod code;
mod document;
mod figures;

use self::build::BenchKernel;
use self::figures::{Environment, Results};
use crate::build::session::Session;
use crate::host::{process, table};
use anyhow::{Context, Result, bail};
use std::fs;
use std::process::{Command, ExitCode};

/// `make bench`
pub fn run(session: &Session) -> Result<ExitCode> {
    let library = BenchKernel::with_library(session)?;
    let upstream = BenchKernel::without_library(session)?;
    let counted = library.measure(session, "bench-library")?;
    counted.require_same(&library.measure(session, "bench-library-again")?)?;
    let theirs = upstream.measure(session, "bench-upstream")?;

    let results = Results {
        environment: environment(session, &library)?,
        figures: figures::compare(&counted, Some(&theirs)),
    };
    let mut printed = table::new(figures::HEADER);
    for figure in &results.figures {
        printed.add_row(figure.cells());
    }
    println!("{printed}");
    let checkout = &session.workspace.checkout;
    results.save(&checkout.join(RESULTS))?;
    document::write(checkout, &results)?;

    println!("{}", session.progress.times());
    println!("two boots gave the same {} figures", results.figures.len());
    println!("written: {RESULTS}, docs/benchmarks.md, docs/benchmarks/");
    let missed = results.missed();
    if missed.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("FAILED: goals missed: {}", missed.join(", "));
    Ok(ExitCode::FAILURE)
}

/// `make bench-check`: fails if a case takes more instructions than in [`RESULTS`], or if its code
/// is not the one in [`ASSEMBLY`].
pub fn check(session: &Session) -> Result<ExitCode> {
    let workspace = &session.workspace;
    let committed = Results::load(&workspace.checkout.join(RESULTS))?;
    let library = BenchKernel::with_library(session)?;
    let now = figures::compare(&library.measure(session, "bench-library")?, None);
    let risen = figures::risen(&committed.figures, &now);
    let scratch = workspace.scratch("asm-")?;
    let assembly = library.assembly(session)?;
    let diff = code::diff(
        &workspace.checkout.join(ASSEMBLY),
        &assembly,
        scratch.path(),
    )?;

    if risen.is_empty() && diff.is_empty() {
        println!(
            "{} cases take no more than committed, and have the same code",
            now.len()
        );
        return Ok(ExitCode::SUCCESS);
    }
    eprint!("{diff}");
    for line in &risen {
        eprintln!("FAILED: {line}");
    }
    for line in figures::changed(&committed.environment, &environment(session, &library)?) {
        eprintln!("note: {line}");
    }
    bail!("not as {RESULTS} and {ASSEMBLY} say; `make bench` and `make bench-bless` rewrite them")
}

/// `make bench-bless`: writes the code of the cases to [`ASSEMBLY`].
pub fn bless(session: &Session) -> Result<ExitCode> {
    let assembly = BenchKernel::with_library(session)?.assembly(session)?;
    code::write(&session.workspace.checkout.join(ASSEMBLY), &assembly)?;
    println!("written: {ASSEMBLY}");
    Ok(ExitCode::SUCCESS)
}

/// What is committed, from the checkout.
const RESULTS: &str = "bench/results.json";
const ASSEMBLY: &str = "bench/asm";

fn environment(session: &Session, library: &BenchKernel) -> Result<Environment> {
    let release = library.kernel.build.join("include/config/kernel.release");
    let kernel =
        fs::read_to_string(&release).with_context(|| format!("no {}", release.display()))?;
    let mut describe = Command::new("git");
    describe
        .args(["describe", "--always", "--dirty", "--abbrev=12"])
        .current_dir(&session.workspace.checkout);
    let mut environment = Environment::from([
        ("kernel".to_string(), kernel.trim().to_string()),
        (
            "commit".to_string(),
            process::output(&mut describe)?.trim().to_string(),
        ),
    ]);
    for program in ["rustc", "gcc", "qemu-system-x86_64"] {
        let version = process::output(Command::new(program).arg("--version"))?;
        let version = version.lines().next().unwrap_or_default();
        environment.insert(program.to_string(), version.to_string());
    }
    Ok(environment)
}
