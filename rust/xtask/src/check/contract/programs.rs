// SPDX-License-Identifier: GPL-2.0

//! The forbidden programs and their twins, compiled.

use crate::check::contract::cases::{Case, Failure, LATE};
use crate::check::contract::compiler::{Compiler, Emit, Error, Outcome};
use anyhow::{Context, Result, bail, ensure};
use rayon::prelude::*;
use std::collections::BTreeSet;

/// What every program begins with. It is one line, and not shown in the documentation.
const PRELUDE: &str = "use kernel::{device::{self, Bound, Device}, dma::*, io::*, prelude::*};";

/// The line of a file that the first line of a program's body is in.
const FIRST_LINE: usize = 2;

/// Checks that a program fails, and for the reason that its page says.
pub fn forbidden(compiler: &Compiler, case: &Case) -> Result<Outcome> {
    let name = &case.name;
    let outcome = compiler
        .compile(name, &text(&case.forbidden), emit(&case.failure), &[])
        .with_context(|| name.clone())?;
    let wanted = match &case.failure {
        Failure::Type(codes) => codes.clone(),
        Failure::Late => [LATE.to_string()].into(),
        Failure::BuildError => {
            ensure!(
                outcome.errors.is_empty() && outcome.build_error,
                "{name}: the object does not need `rust_build_error`{}",
                texts(&outcome.errors)
            );
            return Ok(outcome);
        }
    };
    ensure!(!outcome.errors.is_empty(), "{name} compiles");
    let codes: BTreeSet<String> = outcome.errors.iter().map(|e| e.code.clone()).collect();
    ensure!(
        codes == wanted,
        "{name} fails with {codes:?} and not with {wanted:?}:{}",
        texts(&outcome.errors)
    );
    for at in &case.marked {
        let line = at + FIRST_LINE;
        let is_here = |error: &Error| error.place().is_some_and(|place| place.1 == line);
        if !outcome.errors.iter().any(is_here) {
            let text = case.forbidden.lines().nth(*at).unwrap_or_default();
            bail!("{name}: `{}` compiles", text.trim());
        }
    }
    Ok(outcome)
}

/// Checks that the twins compile, each as far as its sibling would have to.
pub fn twins(compiler: &Compiler, cases: &[&Case]) -> Vec<Result<()>> {
    let (shallow, deep): (Vec<&Case>, Vec<&Case>) = cases
        .iter()
        .partition(|case| emit(&case.failure) == Emit::Metadata);
    // As modules of one crate they take a fraction of the time. If something is wrong there, each
    // by itself says what.
    [(shallow, Emit::Metadata), (deep, Emit::Object)]
        .par_iter()
        .flat_map(|(cases, emit)| match together(compiler, cases, *emit) {
            Ok(true) => cases.iter().map(|_| Ok(())).collect(),
            Ok(false) => cases.par_iter().map(|case| twin(compiler, case)).collect(),
            Err(error) => vec![Err(error)],
        })
        .collect()
}

/// Whether all twins compile.
fn together(compiler: &Compiler, cases: &[&Case], emit: Emit) -> Result<bool> {
    let mut root = String::new();
    for (number, case) in cases.iter().enumerate() {
        compiler.write(&twin_name(case), &text(&case.twin))?;
        let file = format!("{}.rs", twin_name(case));
        root += &format!("#[path = \"{file}\"] pub mod twin_{number};\n");
    }
    let outcome = compiler.compile(&format!("twins-{emit:?}"), &root, emit, &[])?;
    Ok(outcome.errors.is_empty() && !outcome.build_error)
}

fn twin(compiler: &Compiler, case: &Case) -> Result<()> {
    let emit = emit(&case.failure);
    let outcome = compiler.compile(&twin_name(case), &text(&case.twin), emit, &[])?;
    refuse(case, &outcome.errors)?;
    ensure!(
        !outcome.build_error,
        "the object of the twin of {} needs `rust_build_error`",
        case.name
    );
    Ok(())
}

fn refuse(case: &Case, errors: &[Error]) -> Result<()> {
    ensure!(
        errors.is_empty(),
        "the twin of {} fails:{}",
        case.name,
        texts(errors)
    );
    Ok(())
}

fn emit(failure: &Failure) -> Emit {
    match failure {
        Failure::Type(_) => Emit::Metadata,
        Failure::Late | Failure::BuildError => Emit::Object,
    }
}

fn text(body: &str) -> String {
    format!("{PRELUDE}\n{body}\n")
}

fn texts(errors: &[Error]) -> String {
    errors
        .iter()
        .map(|error| format!("\n{}", error.rendered))
        .collect()
}

fn twin_name(case: &Case) -> String {
    format!("{}-twin", case.name)
}
