// SPDX-License-Identifier: GPL-2.0

//! The programs of `kunit/compile_fail`: each fails as it says, and its control compiles.
//!
//! A line that ends in `//~ E0277` has to be an error with that code, and no other line may be one;
//! `//~^ E0277` is about the line above, as rustfmt moves a comment after a `{`.
//! The line after `// control: TEXT` is replaced with `TEXT` in the control.

use super::compiler::{Compiler, Error, METADATA, OBJECT, refuse};
use super::messages;
use crate::build::kbuild;
use crate::check::files;
use crate::host::lanes;
use crate::verdict::report::Report;
use anyhow::{Context, Result, bail, ensure};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The file that all programs include, in the directory of programs.
const PRELUDE: &str = "prelude.rs";

/// The code of an error in a constant.
const CONSTANT: &str = "E0080";
/// An object that needs a symbol that nothing defines.
const BUILD_ERROR: &str = "build_error";

/// A line, from 1, and the code of an error in it.
type Place = (usize, String);

#[derive(Debug)]
struct Program {
    /// The path in the directory of programs, without `.rs`.
    name: String,
    source: PathBuf,
    errors: BTreeSet<Place>,
    control: String,
}

/// Compiles the programs in `dir` and their controls.
pub fn check(compiler: &Compiler, dir: &Path, bless: bool) -> Result<Report> {
    let mut programs = Vec::new();
    for source in files(dir, "rs")? {
        if !source.ends_with(PRELUDE) {
            programs.push(Program::read(dir, source)?);
        }
    }
    ensure!(!programs.is_empty(), "no programs in {}", dir.display());
    let compiled = lanes::run(kbuild::jobs(), &programs, |program| {
        compiler.compile(&program.name, &program.source, program.emit(), &[])
    });

    let mut rows: BTreeMap<&str, Vec<Result<()>>> = BTreeMap::new();
    let mut said = BTreeMap::new();
    for (program, errors) in programs.iter().zip(compiled) {
        let result = errors.and_then(|errors| {
            if !program.has(BUILD_ERROR) {
                let text = errors.iter().map(|error| error.rendered.as_str()).collect();
                said.insert(program.name.clone(), text);
            }
            program.judge(&errors)
        });
        let row = rows.entry(program.row()).or_default();
        row.push(result.with_context(|| program.name.clone()));
    }
    let mut report = Report::default();
    for (row, results) in rows {
        report.results(row, results);
    }
    report.number("contract: controls", controls(compiler, dir, &programs));
    messages::check(&mut report, dir, &compiler.scratch, said, bless)?;
    Ok(report)
}

impl Program {
    fn read(dir: &Path, source: PathBuf) -> Result<Self> {
        let name = source.strip_prefix(dir)?.with_extension("");
        let text = fs::read_to_string(&source)?;
        let (errors, control) = parse(&text).with_context(|| source.display().to_string())?;
        Ok(Self {
            name: name.to_string_lossy().into_owned(),
            source,
            errors,
            control,
        })
    }

    fn has(&self, code: &str) -> bool {
        self.errors.iter().any(|(_, have)| have == code)
    }

    fn row(&self) -> &'static str {
        match (self.has(BUILD_ERROR), self.has(CONSTANT)) {
            (true, _) => "contract: link errors",
            (_, true) => "contract: constant errors",
            _ => "contract: type errors",
        }
    }

    /// How far the compiler has to get. A constant that depends on type parameters is evaluated when
    /// code is generated.
    fn emit(&self) -> &'static str {
        match self.has(BUILD_ERROR) || self.has(CONSTANT) {
            true => OBJECT,
            false => METADATA,
        }
    }

    /// Fails unless the errors are those that are marked.
    fn judge(&self, errors: &[Error]) -> Result<()> {
        let found: BTreeSet<Place> = errors
            .iter()
            .map(|error| {
                let line = error.line_in(&self.source).unwrap_or(0);
                (line, error.code.clone())
            })
            .collect();
        // An error after type checks may not name the program, if functions lie between them.
        let is_marked = |(line, code): &Place| match line {
            0 if self.emit() == OBJECT => self.has(code),
            _ => self.errors.contains(&(*line, code.clone())),
        };
        let all_marked = !found.is_empty() && found.iter().all(is_marked);
        let all_found = self.emit() == OBJECT || self.errors.is_subset(&found);
        if all_marked && all_found {
            return Ok(());
        }
        refuse(errors).with_context(|| {
            format!("marked are {:?}, and the errors are {found:?}", self.errors)
        })?;
        bail!("it compiles")
    }
}

/// The errors that are marked, and the text of the control.
fn parse(text: &str) -> Result<(BTreeSet<Place>, String)> {
    let mut errors = BTreeSet::new();
    let mut control: Vec<&str> = text.lines().collect();
    let mut replaced = 0;
    for (at, line) in text.lines().enumerate() {
        if let Some((_, codes)) = line.split_once("//~") {
            let above = codes.strip_prefix('^');
            let number = if above.is_some() { at } else { at + 1 };
            let codes = above.unwrap_or(codes).split_whitespace();
            errors.extend(codes.map(|code| (number, code.to_string())));
        }
        if let Some((_, text)) = line.split_once("// control: ") {
            let next = control.get_mut(at + 1).context("nothing to replace")?;
            ensure!(next.trim() != text, "the control is the line itself");
            *next = text;
            replaced += 1;
        }
    }
    ensure!(!errors.is_empty(), "no line ends in `//~ CODE`");
    ensure!(replaced == 1, "the control differs in {replaced} lines");
    Ok((errors, control.join("\n") + "\n"))
}

/// Compiles the controls; their number. As modules of one crate they take a fraction of the time.
fn controls(compiler: &Compiler, dir: &Path, programs: &[Program]) -> Result<usize> {
    let root = compiler.scratch.join("control");
    fs::create_dir(&root)?;
    fs::copy(dir.join(PRELUDE), root.join(PRELUDE))?;
    let mut modules = String::new();
    for (number, program) in programs.iter().enumerate() {
        let path = root.join(format!("{}.rs", program.name));
        fs::create_dir_all(path.parent().context("a directory")?)?;
        fs::write(&path, &program.control)?;
        modules += &format!("#[path = {path:?}]\npub mod m{number};\n");
    }
    let all = root.join("all.rs");
    fs::write(&all, modules)?;
    refuse(&compiler.compile("controls", &all, OBJECT, &[])?)?;
    Ok(programs.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "use a;\n// control: good();\nbad(); //~ E0277 E0308\nalso {\n//~^ E0277\n";

    fn program(text: &str) -> Program {
        let (errors, control) = parse(text).expect("a program");
        Program {
            name: "a/b".to_string(),
            source: "/d/a/b.rs".into(),
            errors,
            control,
        }
    }

    fn error(line: usize, code: &str) -> Error {
        Error {
            code: code.to_string(),
            rendered: format!("error[{code}]: no\n  --> /d/a/b.rs:{line}:5\n"),
        }
    }

    #[test]
    fn errors_and_the_control_are_read() {
        let read = program(TEXT);
        let places = [(3, "E0277"), (3, "E0308"), (4, "E0277")];
        let places = places.map(|(line, code)| (line, code.to_string()));
        assert_eq!(read.errors, places.into());
        let control = "use a;\n// control: good();\ngood();\nalso {\n//~^ E0277\n";
        assert_eq!(read.control, control);
    }

    #[test]
    fn what_cannot_fail_is_refused() {
        for text in [
            TEXT.replace("// control: ", "// "),
            TEXT.replace("good();", "bad(); //~ E0277 E0308"),
            format!("{TEXT}// control: more();\n"),
            format!("{TEXT}// control: more();\nless();\n"),
            TEXT.replace("//~", "//"),
        ] {
            parse(&text).expect_err(&text);
        }
    }

    #[test]
    fn errors_have_to_be_those_that_are_marked() {
        let types = program(TEXT);
        let all = || vec![error(3, "E0277"), error(3, "E0308"), error(4, "E0277")];
        types.judge(&all()).expect("as marked");
        types.judge(&all()[1..]).expect_err("one less");
        types.judge(&[]).expect_err("none");
        let mut more = all();
        more.push(error(1, "E0277"));
        types.judge(&more).expect_err("one more");

        let constants = program("// control: a();\nb(); //~ E0080\n");
        constants.judge(&[error(2, "E0080")]).expect("as marked");
        let elsewhere = || Error {
            rendered: "error".to_string(),
            ..error(0, "E0080")
        };
        constants.judge(&[elsewhere()]).expect("without a place");
        constants.judge(&[error(1, "E0080")]).expect_err("a line");
        constants.judge(&[error(2, "E0277")]).expect_err("a code");
        types.judge(&[elsewhere()]).expect_err("without a place");

        let link = program("// control: a();\nb(); //~ build_error\n");
        link.judge(&[]).expect_err("it links");
        link.judge(&[error(2, "E0277")]).expect_err("a code");
    }
}
