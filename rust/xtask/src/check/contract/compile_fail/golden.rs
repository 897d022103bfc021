// SPDX-License-Identifier: GPL-2.0

//! The compiler's messages, compared with `PROGRAM.VERSION.stderr` beside each program.
//!
//! The text depends on the version of rustc; versions without files are not compared.

use crate::host::process;
use anyhow::{Context, Result, ensure};
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// The files of one version of rustc, in the directory of programs.
pub struct Goldens {
    dir: PathBuf,
    suffix: String,
    bless: bool,
}

impl Goldens {
    pub fn new(dir: &Path, version: &str, bless: bool) -> Self {
        Self {
            dir: dir.to_path_buf(),
            suffix: format!(".{version}.stderr"),
            bless,
        }
    }

    /// Whether `files` has messages of this version, or is to have them.
    pub fn known(&self, files: &BTreeSet<String>) -> bool {
        self.bless || files.iter().any(|file| file.ends_with(&self.suffix))
    }

    /// Compares the messages of a program with its file, or writes that.
    pub fn check(&self, program: &str, rendered: &str) -> Result<()> {
        let path = self.dir.join(format!("{program}{}", self.suffix));
        let text = stable(rendered);
        if self.bless {
            return fs::write(&path, text).with_context(|| path.display().to_string());
        }
        let expected = fs::read_to_string(&path)
            .with_context(|| format!("no {}; `make bless` writes it", path.display()))?;
        ensure!(
            expected == text,
            "the message changed; `make bless` accepts it\n{}",
            difference(&path, &text)?
        );
        Ok(())
    }

    /// Fails for files of any version without a program; blessing removes those of this version.
    pub fn refuse_orphans(&self, files: &BTreeSet<String>) -> Result<()> {
        let mut orphans = Vec::new();
        for file in files {
            let Some(stem) = file.strip_suffix(".stderr") else {
                continue;
            };
            // The version has a dot of its own.
            let program = stem.rsplitn(3, '.').last().unwrap_or_default();
            if files.contains(&format!("{program}.rs")) {
                continue;
            }
            match self.bless && file.ends_with(&self.suffix) {
                true => fs::remove_file(self.dir.join(file))?,
                false => orphans.push(file.as_str()),
            }
        }
        ensure!(orphans.is_empty(), "no program for {}", orphans.join(", "));
        Ok(())
    }
}

fn difference(golden: &Path, text: &str) -> Result<String> {
    let mut diff = process::command("diff")
        .arg("-u")
        .arg(golden)
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run diff")?;
    if let Some(mut stdin) = diff.stdin.take() {
        stdin.write_all(text.as_bytes())?;
    }
    Ok(String::from_utf8_lossy(&diff.wait_with_output()?.stdout).into_owned())
}

/// What begins a list of types, of which any version of the kernel may have others.
const LIST: &str = "the following other types implement trait";

/// The messages without what is not about the program: source lines of other files, line numbers
/// in them, and lists of types. These change with every edit of the kernel or the library.
fn stable(rendered: &str) -> String {
    let mut text = String::new();
    let mut foreign = false;
    let mut list = false;
    for line in rendered.lines() {
        let trimmed = line.trim_start();
        list = line.contains(LIST) && line.ends_with(':') || list && line.starts_with("      ");
        if list && !line.contains(LIST) {
            continue;
        }
        let arrow = trimmed
            .split_once(' ')
            .filter(|(arrow, _)| matches!(*arrow, "-->" | ":::"));
        if let Some((arrow, place)) = arrow {
            let file = place.split(':').next().unwrap_or(place);
            foreign = file.contains("/library/") || file.contains("rust/");
            let place = match file.split_once("/library/") {
                // The standard library, wherever that is.
                Some((_, file)) => file,
                None if foreign => file.trim_start_matches("../"),
                None => place,
            };
            text += &format!(" {arrow} {place}\n");
            continue;
        }
        let is_source = trimmed.starts_with(|c: char| c.is_ascii_digit() || c == '|')
            || trimmed.starts_with("...");
        if foreign && is_source {
            continue;
        }
        // The indentation depends on the number of the last line shown.
        match is_source || trimmed.starts_with("= ") {
            true => text += &format!("  {trimmed}\n"),
            false => text += &format!("{line}\n"),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_about_the_program_is_left_out() {
        let rendered = "error[E0277]: no\n   --> a/b.rs:4:5\n    |\n  4 |     bad();\n    |     ^^^\n\
                        note: required by a bound\n   --> ../rust/kernel/io.rs:501:24\n    |\n\
                        499 |     fn read_val(self)\n    | -- here\n    = note: more\n\
                        \x20   = help: the following other types implement trait `A`:\n\
                        \x20            ()\n           and 9 others\n";
        assert_eq!(
            stable(rendered),
            "error[E0277]: no\n --> a/b.rs:4:5\n  |\n  4 |     bad();\n  |     ^^^\n\
             note: required by a bound\n --> rust/kernel/io.rs\n  = note: more\n\
             \x20 = help: the following other types implement trait `A`:\n"
        );
    }

    #[test]
    fn a_changed_message_and_an_orphan_are_found() {
        let dir = tempfile::tempdir().expect("a directory");
        let none = BTreeSet::new();
        let compare = Goldens::new(dir.path(), "1.95", false);
        assert!(!compare.known(&none));
        let bless = Goldens::new(dir.path(), "1.95", true);
        assert!(bless.known(&none));
        bless.check("a", "error: old\n").expect("written");
        compare.check("a", "error: old\n").expect("the same");
        let error = compare.check("a", "error: new\n").expect_err("changed");
        assert!(error.to_string().contains("+error: new"), "{error}");
        compare.check("b", "error: old\n").expect_err("no file");

        let mut files = BTreeSet::from(["a.1.95.stderr".to_string(), "a.rs".to_string()]);
        assert!(compare.known(&files));
        compare.refuse_orphans(&files).expect("no orphan");
        files.remove("a.rs");
        compare.refuse_orphans(&files).expect_err("an orphan");
        bless.refuse_orphans(&files).expect("removed");
        assert!(!dir.path().join("a.1.95.stderr").exists());
    }
}
