// SPDX-License-Identifier: GPL-2.0

//! The compiler's messages, compared with `PROGRAM.VERSION.stderr` beside each program.
//!
//! The text depends on the version of rustc; versions without files are not compared.

use crate::check::files;
use crate::host::process;
use crate::setup::toolchain;
use crate::verdict::report::Report;
use anyhow::{Context, Result, bail};
use regex_lite::Regex;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Messages by the name of their program.
type Messages = BTreeMap<String, String>;

/// Compares what the compiler `said` with the files in `dir`, or has these replaced.
pub fn check(
    report: &mut Report,
    dir: &Path,
    scratch: &Path,
    mut said: Messages,
    bless: bool,
) -> Result<()> {
    let version = toolchain::rustc_version()?;
    let version = version
        .rsplit_once('.')
        .map_or(&*version, |(minor, _)| minor);
    let suffix = format!(".{version}.stderr");
    let place = format!("{}/", dir.display());
    for text in said.values_mut() {
        *text = stable(text, &place)?;
    }
    let mut expected = Messages::new();
    for file in files(dir, "stderr")? {
        let name = file.strip_prefix(dir)?.to_string_lossy().into_owned();
        if let Some(name) = name.strip_suffix(&suffix) {
            expected.insert(name.to_string(), fs::read_to_string(&file)?);
            if bless {
                fs::remove_file(&file)?;
            }
        }
    }
    if bless {
        write(dir, &suffix, &said)?;
        expected.clone_from(&said);
    } else if expected.is_empty() {
        let reason = format!("rustc {version} has no files; `make bless` writes them");
        report.skip("contract: messages", reason);
        return Ok(());
    }
    let compared = compare(scratch, &expected, &said);
    report.number("contract: messages", compared.map(|()| said.len()));
    Ok(())
}

fn write(dir: &Path, suffix: &str, messages: &Messages) -> Result<()> {
    for (name, text) in messages {
        let path = dir.join(format!("{name}{suffix}"));
        fs::create_dir_all(path.parent().context("a directory")?)?;
        fs::write(&path, text).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

fn compare(scratch: &Path, expected: &Messages, said: &Messages) -> Result<()> {
    if expected == said {
        return Ok(());
    }
    write(&scratch.join("expected"), "", expected)?;
    write(&scratch.join("said"), "", said)?;
    let mut diff = process::command("diff");
    diff.args(["-ruN", "expected", "said"]).current_dir(scratch);
    let output = diff.output().context("cannot run diff")?;
    let difference = String::from_utf8_lossy(&output.stdout);
    bail!("`make bless` accepts this:\n{difference}")
}

/// A message without what is not about the program: the directory of programs, source lines of other
/// files, line numbers in them, and lists of types. These change with every edit of the kernel or the
/// library. The standard library and the kernel's crates may be anywhere.
fn stable(rendered: &str, dir: &str) -> Result<String> {
    let mut text = rendered.replace(dir, "");
    for (pattern, stable) in [
        (
            r"(.*the following other types implement trait.*:)\n(?:      .*\n)+",
            "${1}\n",
        ),
        (
            r" *(-->|:::) \S*(?:/library/|(rust/))(\S+?):\S+$",
            " ${1} ${2}${3}",
        ),
        // The indentation depends on the number of the last line shown.
        (r" *(-->|:::) ", " ${1} "),
        (r" *(\d|\||\.\.\.|= )", "  ${1}"),
    ] {
        let pattern = Regex::new(&format!("(?m)^{pattern}"))?;
        text = pattern.replace_all(&text, stable).into_owned();
    }
    let source = Regex::new(r"^  (?:\d|\||\.\.\.)")?;
    let mut lines: Vec<&str> = text.lines().collect();
    let mut elsewhere = false;
    lines.retain(|line| {
        if line.starts_with(" -->") || line.starts_with(" :::") {
            elsewhere = !line.contains(".rs:");
        }
        !(elsewhere && source.is_match(line))
    });
    Ok(lines.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_about_the_program_is_left_out() {
        let rendered = "error[E0277]: no\n   --> /d/a/b.rs:4:5\n    |\n  4 |     bad();\n    |     ^^^\n\
                        note: required by a bound\n   --> ../rust/kernel/io.rs:501:24\n    |\n\
                        499 |     fn read_val(self)\n    | -- here\n    = note: more\n\
                        \x20   = help: the following other types implement trait `A`:\n\
                        \x20            ()\n           and 9 others\n";
        assert_eq!(
            stable(rendered, "/d/").expect("patterns"),
            "error[E0277]: no\n --> a/b.rs:4:5\n  |\n  4 |     bad();\n  |     ^^^\n\
             note: required by a bound\n --> rust/kernel/io.rs\n  = note: more\n\
             \x20 = help: the following other types implement trait `A`:\n"
        );
    }

    #[test]
    fn a_message_that_changed_came_or_went_is_found() {
        let of = |pairs: &[(&str, &str)]| -> Messages {
            let pairs = pairs.iter();
            pairs
                .map(|(name, text)| (name.to_string(), text.to_string()))
                .collect()
        };
        let expected = of(&[("a/b", "old\n"), ("c", "same\n")]);
        let difference = |said: &[(&str, &str)]| {
            let scratch = tempfile::tempdir().expect("a directory");
            compare(scratch.path(), &expected, &of(said)).map_err(|error| error.to_string())
        };
        difference(&[("a/b", "old\n"), ("c", "same\n")]).expect("the same");
        let changed = difference(&[("a/b", "new\n"), ("d", "came\n")]).expect_err("changed");
        for wanted in ["-old", "+new", "-same", "+came"] {
            assert!(changed.contains(wanted), "{changed}");
        }
    }
}
