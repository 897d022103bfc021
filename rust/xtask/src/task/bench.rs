// SPDX-License-Identifier: GPL-2.0

//! `make bench`: the library measured against C and against upstream's types.
//!
//! Two kernels of one configuration are built, with the library and without. In both, the modules of
//! `bench/` do the same work in C and in Rust while QEMU counts instructions.

mod document;
mod object;
mod plot;
mod report;
mod results;
mod samples;
mod side;
mod sizes;
mod snapshot;

use self::results::{Made, Pair, Results};
use self::side::{COUNTING, Side, TIMING};
use crate::build::session::Session;
use crate::host::process;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// How many boots the ratios of time are the medians of.
const TIMED_BOOTS: usize = 5;

/// `make bench`
pub fn run(session: &Session) -> Result<ExitCode> {
    let ours = Side::ours(session)?;
    let upstream = Side::upstream(session)?;

    let counted = count(session, &ours, "bench-ours")?;
    let again = count(session, &ours, "bench-ours-again")?;
    samples::require_same(&counted, &again)?;
    let theirs = count(session, &upstream, "bench-upstream")?;
    let ratios = Pair {
        ours: time(session, &ours, "bench-ours-timed")?,
        upstream: time(session, &upstream, "bench-upstream-timed")?,
    };

    let results = Results {
        made: made(session, &ours)?,
        checked: Pair {
            ours: object::shapes(ours.functions()?),
            upstream: object::shapes(upstream.functions()?),
        },
        unchecked: Pair {
            ours: object::shapes(ours.functions_unchecked(session)?),
            upstream: object::shapes(upstream.functions_unchecked(session)?),
        },
        sizes: Pair {
            ours: sizes::of(&ours)?,
            upstream: sizes::of(&upstream)?,
        },
        ratios,
        c: Pair {
            ours: counted.c,
            upstream: theirs.c,
        },
        costs: Pair {
            ours: counted.rust,
            upstream: theirs.rust,
        },
    };
    let rows = report::rows(&results);
    println!("{}", report::table(&rows));
    println!("{}", report::ratios(&results));

    let checkout = &session.workspace.checkout;
    results.save(&results_file(checkout))?;
    let docs = checkout.join("docs");
    plot::draw(&docs.join("benchmarks"), &results)?;
    fs::write(docs.join("benchmarks.md"), document::write(&results, &rows))
        .context("cannot write docs/benchmarks.md")?;

    let missed = rows.iter().filter(|row| row.met == Some(false)).count();
    println!("{}", session.progress.times());
    println!(
        "{} figures, {missed} goals missed; two boots gave the same figures",
        rows.len()
    );
    println!("written: bench/results.json, docs/benchmarks.md, docs/benchmarks/");
    Ok(ExitCode::SUCCESS)
}

/// `make bench-check`: fails if something takes more instructions than the committed figures say, or
/// if the code of a case is not the one in `bench/asm`.
pub fn check(session: &Session) -> Result<ExitCode> {
    let file = results_file(&session.workspace.checkout);
    let committed = Results::load(&file)?;
    let ours = Side::ours(session)?;
    let made = made(session, &ours)?;
    let counted = count(session, &ours, "bench-ours")?;

    let mut failures = results::risen(&committed.costs.ours, &counted.rust);
    failures.extend(snapshot::differences(session, &ours)?);
    if !failures.is_empty() {
        for line in &failures {
            eprintln!("FAILED: {line}");
        }
        for line in committed.made.differences(&made) {
            eprintln!("note: {line}");
        }
        bail!(
            "{} cases are not as {} and bench/asm say; if they should be, run `make bench` and \
             `make bench-bless` and look at what git says of it",
            failures.len(),
            file.display()
        );
    }
    println!(
        "{} cases take no more instructions than committed",
        counted.rust.len()
    );
    Ok(ExitCode::SUCCESS)
}

/// `make bench-bless`: takes the present code of the cases for the right one.
pub fn bless(session: &Session) -> Result<ExitCode> {
    let ours = Side::ours(session)?;
    println!("{}", snapshot::bless(session, &ours)?.display());
    Ok(ExitCode::SUCCESS)
}

/// Boots with a clock that counts instructions.
fn count(session: &Session, side: &Side, name: &str) -> Result<samples::Costed> {
    let counted = side.boot(session, name, &COUNTING)?;
    samples::require_instructions(&counted)?;
    Ok(counted)
}

/// Boots with a clock that counts time. What else the host does is in it, so it is done several
/// times.
fn time(session: &Session, side: &Side, name: &str) -> Result<samples::Costs> {
    let mut ratios = Vec::new();
    for _ in 0..TIMED_BOOTS {
        ratios.push(side.boot(session, name, &TIMING)?.ratios());
    }
    Ok(samples::medians(&ratios))
}

fn results_file(checkout: &Path) -> PathBuf {
    checkout.join("bench/results.json")
}

/// What the figures are of.
fn made(session: &Session, ours: &Side) -> Result<Made> {
    let release = ours.kernel.build.join("include/config/kernel.release");
    let kernel =
        fs::read_to_string(&release).with_context(|| format!("no {}", release.display()))?;
    let first_line = |program: &str| -> Result<String> {
        let text = process::output(Command::new(program).arg("--version"))?;
        Ok(text.lines().next().unwrap_or_default().to_string())
    };
    let commit = process::output(
        Command::new("git")
            .args(["describe", "--always", "--dirty", "--abbrev=12"])
            .current_dir(&session.workspace.checkout),
    )?;
    Ok(Made {
        kernel: kernel.trim().to_string(),
        rustc: first_line("rustc")?,
        compiler: first_line("gcc")?,
        qemu: first_line("qemu-system-x86_64")?,
        commit: commit.trim().to_string(),
    })
}
