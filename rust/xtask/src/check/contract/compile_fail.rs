// SPDX-License-Identifier: GPL-2.0

//! The programs of `kunit/compile_fail`: each fails as it says, and its control compiles.

mod golden;
mod program;

use super::compiler::{Compiler, Emit, Outcome, texts};
use super::parallel;
use crate::verdict::report::Report;
use anyhow::{Context, Result, ensure};
use golden::Goldens;
use program::{CONSTANT, Place, Program, Tier};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use walkdir::WalkDir;

/// The file that all programs include, in the directory of programs.
const PRELUDE: &str = "prelude.rs";

/// What to do with the messages of the compiler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Messages {
    Compare,
    Accept,
    Ignore,
}

impl Tier {
    fn row(self) -> &'static str {
        match self {
            Self::Types => "contract: type errors",
            Self::Constants => "contract: constant errors",
            Self::Link => "contract: link errors",
        }
    }

    fn emit(self) -> Emit {
        match self {
            Self::Types => Emit::Metadata,
            Self::Constants | Self::Link => Emit::Object,
        }
    }
}

/// Compiles the programs in `dir` and their controls.
pub fn check(compiler: &Compiler, dir: &Path, messages: Messages) -> Result<Report> {
    let files = files(dir)?;
    let mut programs = Vec::new();
    for file in files.iter().filter(|file| *file != PRELUDE) {
        if let Some(name) = file.strip_suffix(".rs") {
            let text = fs::read_to_string(dir.join(file))?;
            programs.push(Program::parse(name, &text).with_context(|| file.clone())?);
        }
    }
    ensure!(!programs.is_empty(), "no programs in {}", dir.display());
    let outcomes = parallel(&programs, |program| {
        let emit = program.tier.emit();
        let source = dir.join(format!("{}.rs", program.name));
        compiler.compile(&program.name, &source, emit, &[])
    });

    let mut report = Report::default();
    let mut rows = [Tier::Types, Tier::Constants, Tier::Link].map(|tier| (tier, Vec::new()));
    let mut texts = Vec::new();
    let version = compiler.version()?;
    let goldens = Goldens::new(dir, &version, messages == Messages::Accept);
    for (program, outcome) in programs.iter().zip(outcomes) {
        if let (Ok(outcome), false) = (&outcome, program.tier == Tier::Link) {
            texts.push(goldens.check(&program.name, &outcome.rendered()));
        }
        let row = rows.iter_mut().find(|(tier, _)| *tier == program.tier);
        let result = outcome.and_then(|outcome| fails_as_marked(program, &outcome));
        row.context("a tier")?
            .1
            .push(result.with_context(|| program.name.clone()));
    }
    for (tier, results) in rows {
        report.results(tier.row(), results);
    }
    report.results("contract: controls", controls(compiler, dir, &programs)?);
    let row = "contract: messages";
    match messages {
        Messages::Ignore => {}
        _ if !goldens.known(&files) => {
            report.skip(
                row,
                format!("rustc {version} has no files; `make bless` writes them"),
            );
        }
        _ => {
            texts.push(goldens.refuse_orphans(&files));
            report.results(row, texts);
        }
    }
    Ok(report)
}

/// The files below a directory, by their path in it.
fn files(dir: &Path) -> Result<BTreeSet<String>> {
    let mut files = BTreeSet::new();
    for entry in WalkDir::new(dir) {
        let entry = entry.with_context(|| format!("cannot read {}", dir.display()))?;
        if entry.file_type().is_file() {
            let name = entry
                .path()
                .strip_prefix(dir)?
                .to_string_lossy()
                .into_owned();
            ensure!(
                name.ends_with(".rs") || name.ends_with(".stderr"),
                "{name} is neither a program nor its message"
            );
            files.insert(name);
        }
    }
    Ok(files)
}

fn fails_as_marked(program: &Program, outcome: &Outcome) -> Result<()> {
    if program.tier == Tier::Link {
        ensure!(
            outcome.errors.is_empty() && outcome.build_error,
            "the object does not need `rust_build_error`{}",
            texts(&outcome.errors)
        );
        return Ok(());
    }
    let file = format!("{}.rs", program.name);
    let places: BTreeSet<Place> = outcome
        .errors
        .iter()
        .map(|error| (error.line_in(&file).unwrap_or(0), error.code.clone()))
        .collect();
    let as_marked = match program.tier {
        // An error in a constant may not name the program, if functions lie between them.
        Tier::Constants => places
            .iter()
            .all(|(line, code)| code == CONSTANT && (*line == 0 || program.marks(*line))),
        _ => places == program.errors,
    };
    ensure!(
        as_marked && !places.is_empty(),
        "marked are {:?}, and the errors are {places:?}{}",
        program.errors,
        texts(&outcome.errors)
    );
    Ok(())
}

/// Compiles the controls, each as far as its program.
fn controls(compiler: &Compiler, dir: &Path, programs: &[Program]) -> Result<Vec<Result<()>>> {
    let root = compiler.scratch().join("control");
    for program in programs {
        let path = root.join(format!("{}.rs", program.name));
        fs::create_dir_all(path.parent().context("a directory")?)?;
        fs::write(path, &program.control)?;
    }
    fs::copy(dir.join(PRELUDE), root.join(PRELUDE))?;
    let mut results = Vec::new();
    for emit in [Emit::Metadata, Emit::Object] {
        let of: Vec<&Program> = programs.iter().filter(|p| p.tier.emit() == emit).collect();
        // As modules of one crate they take a fraction of the time. If something is wrong there,
        // each by itself says what.
        let modules: String = of
            .iter()
            .enumerate()
            .map(|(at, program)| format!("#[path = \"{}.rs\"]\npub mod m{at};\n", program.name))
            .collect();
        let all = root.join(format!("{emit:?}.rs"));
        fs::write(&all, modules)?;
        if compiles(compiler, "controls", &all, emit).is_ok() {
            results.extend(of.iter().map(|_| Ok(())));
            continue;
        }
        results.extend(parallel(&of, |program| {
            let source = root.join(format!("{}.rs", program.name));
            compiles(compiler, &program.name, &source, emit)
                .with_context(|| format!("the control of {}", program.name))
        }));
    }
    Ok(results)
}

fn compiles(compiler: &Compiler, name: &str, source: &Path, emit: Emit) -> Result<()> {
    let outcome = compiler.compile(name, source, emit, &[])?;
    ensure!(outcome.errors.is_empty(), "fails{}", texts(&outcome.errors));
    ensure!(!outcome.build_error, "its object needs `rust_build_error`");
    Ok(())
}
