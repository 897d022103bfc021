// SPDX-License-Identifier: GPL-2.0

//! `make bench`: instructions of the library, beside those of C and of Linux 7.3's types.
//!
//! Two kernels of one configuration are built, with the library and without. In both, the modules of
//! `bench/` do the same work in C and in Rust while QEMU counts instructions.

mod build;
mod chart;
mod code;
mod copies;
mod document;
mod figures;

use self::build::BenchKernel;
use self::figures::Results;
use crate::build::session::Session;
use crate::host::process;
use crate::verdict::instructions::Counts;
use anyhow::{Result, bail, ensure};
use std::collections::BTreeMap;
use std::process::{Command, ExitCode};

/// What is committed, from the checkout.
const RESULTS: &str = "bench/results.json";
const ASSEMBLY: &str = "bench/asm";

/// `make bench`
pub fn run(session: &Session) -> Result<ExitCode> {
    let library = BenchKernel::build(session, Session::grafted)?;
    let upstream = BenchKernel::build(session, Session::pristine)?;
    let counts = library.measure(session, "bench-library")?;
    let again = library.measure(session, "bench-library-again")?;
    let mut differ = counts.iter().chain(&again).collect::<Vec<_>>();
    differ.retain(|(case, _)| counts.get(*case) != again.get(*case));
    ensure!(
        differ.is_empty(),
        "two boots gave different counts: {differ:?}"
    );
    let results = Results {
        environment: environment(session, &library)?,
        figures: figures::compare(&counts, &upstream.measure(session, "bench-upstream")?),
        nvme: copies::measure(session, &library)?,
    };
    let checkout = &session.workspace.checkout;
    results.save(&checkout.join(RESULTS))?;
    document::write(checkout, &results)?;

    println!("{}", session.progress.times());
    println!("two boots gave the same {} figures", results.figures.len());
    println!("written: {RESULTS}, docs/benchmarks.md, docs/benchmarks/");
    let missed = results.missed();
    ensure!(missed.is_empty(), "goals missed: {}", missed.join(", "));
    Ok(ExitCode::SUCCESS)
}

/// `make bench-check`: fails if a case takes more instructions than in [`RESULTS`], or if its code
/// is not the one in [`ASSEMBLY`].
pub fn check(session: &Session) -> Result<ExitCode> {
    let workspace = &session.workspace;
    let committed = Results::load(&workspace.checkout.join(RESULTS))?;
    let library = BenchKernel::build(session, Session::grafted)?;
    let counts = library.measure(session, "bench-library")?;
    let now = figures::compare(&counts, &Counts::new());
    let mut risen = figures::risen(&committed.figures, &now);
    risen.extend(copies::missed(&copies::measure(session, &library)?));
    let scratch = workspace.scratch("asm-")?;
    library.write_assembly(session, scratch.path())?;
    let same_code = code::agree(&workspace.checkout.join(ASSEMBLY), scratch.path())?;
    if risen.is_empty() && same_code {
        println!(
            "{} cases take no more than committed and have the same code; copies meet their goals",
            now.len()
        );
        return Ok(ExitCode::SUCCESS);
    }
    for line in &risen {
        eprintln!("FAILED: {line}");
    }
    let here = environment(session, &library)?;
    eprintln!("committed: {:#?}\nhere: {here:#?}", committed.environment);
    bail!("not as {RESULTS} and {ASSEMBLY} say; `make bench` and `make bench-bless` rewrite them")
}

/// `make bench-bless`: writes the code of the cases to [`ASSEMBLY`].
pub fn bless(session: &Session) -> Result<ExitCode> {
    let directory = session.workspace.checkout.join(ASSEMBLY);
    BenchKernel::build(session, Session::grafted)?.write_assembly(session, &directory)?;
    println!("written: {ASSEMBLY}");
    Ok(ExitCode::SUCCESS)
}

/// The first lines of what these programs say.
fn environment(session: &Session, library: &BenchKernel) -> Result<BTreeMap<String, String>> {
    let release = library.kernel.build.join("include/config/kernel.release");
    let commands = [
        ("commit", "git describe --always --dirty --abbrev=12"),
        ("gcc", "gcc --version"),
        ("kernel", &format!("cat {}", release.display())),
        ("qemu-system-x86_64", "qemu-system-x86_64 --version"),
        ("rustc", "rustc --version"),
    ];
    let run = |(what, command): (&str, &str)| {
        let mut shell = Command::new("sh");
        shell.args(["-c", command]);
        let said = process::output(shell.current_dir(&session.workspace.checkout))?;
        let line = said.lines().next().unwrap_or_default();
        Ok((what.to_string(), line.to_string()))
    };
    commands.into_iter().map(run).collect()
}
