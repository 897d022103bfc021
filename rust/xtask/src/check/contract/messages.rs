// SPDX-License-Identifier: GPL-2.0

//! The text of the errors, compared with a file for each.
//!
//! The text depends on the compiler, so there is a directory for each version of it.

use crate::check::contract::cases::Case;
use crate::check::contract::compiler::Outcome;
use anyhow::{Result, anyhow, ensure};
use snapbox::assert::Action;
use snapbox::{Assert, Data};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The files for one version of the compiler.
pub struct Messages {
    dir: PathBuf,
    assert: Assert,
    bless: bool,
}

impl Messages {
    /// `None` if nobody has looked at the texts of this `version` yet.
    pub fn open(root: &Path, version: &str, bless: bool) -> Result<Option<Self>> {
        let dir = root.join(version);
        if bless {
            fs::create_dir_all(&dir)?;
        }
        let action = match bless {
            true => Action::Overwrite,
            false => Action::Verify,
        };
        Ok(dir.is_dir().then(|| Self {
            dir,
            assert: Assert::new().action(action),
            bless,
        }))
    }

    /// Compares the errors of a case with its file, or writes that.
    pub fn check(&self, case: &Case, outcome: &Outcome) -> Result<()> {
        let path = self.path(case);
        let text: String = outcome
            .errors
            .iter()
            .map(|error| stable(&error.rendered))
            .collect();
        ensure!(
            self.bless || path.is_file(),
            "{} is missing; `make bless` writes it",
            path.display()
        );
        let expected = Data::read_from(&path, None);
        self.assert
            .try_eq(Some(&case.name), text.into(), expected.raw())
            .map_err(|error| anyhow!("{error}\n(`make bless` accepts the new text)"))
    }

    fn path(&self, case: &Case) -> PathBuf {
        self.dir.join(format!("{}.stderr", case.name))
    }

    /// Fails for a file without a case.
    pub fn refuse_orphans<'a>(&self, cases: impl Iterator<Item = &'a Case>) -> Result<()> {
        let wanted: BTreeSet<PathBuf> = cases.map(|case| self.path(case)).collect();
        let mut orphans = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            let path = entry?.path();
            if wanted.contains(&path) {
                continue;
            }
            match self.bless {
                true => fs::remove_file(&path)?,
                false => orphans.push(path.display().to_string()),
            }
        }
        ensure!(
            orphans.is_empty(),
            "no program makes these messages: {}; `make bless` removes them",
            orphans.join(", ")
        );
        Ok(())
    }
}

/// What begins a list of types, of which any version of the kernel may have others.
const LIST: &str = "the following other types implement trait";

/// An error without what is not about the program: lines of other files, their numbers, and lists of
/// types, which change with every version of the kernel and every edit of the library.
pub fn stable(rendered: &str) -> String {
    let mut text = String::new();
    let mut foreign = false;
    let mut list = false;
    for line in rendered.lines() {
        let trimmed = line.trim_start();
        list = line.contains(LIST) && line.ends_with(':') || list && line.starts_with("      ");
        if list && !line.contains(LIST) {
            continue;
        }
        if let Some((arrow, place)) = trimmed
            .split_once(' ')
            .filter(|(arrow, _)| matches!(*arrow, "-->" | ":::"))
        {
            let file = place.split(':').next().unwrap_or(place);
            foreign = file.contains('/');
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
        // How far this is indented depends on the number of the last line shown.
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
    fn lines_of_other_files_are_left_out() {
        let rendered = "error[E0277]: no\n   --> case.rs:4:5\n    |\n  4 |     bad();\n    |     ^^^\n\
                        note: required by a bound\n   --> ../rust/kernel/io.rs:501:24\n    |\n\
                        499 |     fn read_val(self)\n    | -- here\n    = note: more\n";
        assert_eq!(
            stable(rendered),
            "error[E0277]: no\n --> case.rs:4:5\n  |\n  4 |     bad();\n  |     ^^^\n\
             note: required by a bound\n --> rust/kernel/io.rs\n  = note: more\n"
        );
    }

    #[test]
    fn lists_of_other_types_are_left_out() {
        let rendered = "   = help: the following other types implement trait `A`:\n             ()\n\
                        \x20          and 9 others\n   = note: more\n";
        assert_eq!(
            stable(rendered),
            "  = help: the following other types implement trait `A`:\n  = note: more\n"
        );
    }

    #[test]
    fn a_changed_message_is_found_and_blessed() {
        let root = tempfile::tempdir().expect("a directory");
        let case = Case {
            name: "page-mistake".into(),
            failure: crate::check::contract::cases::Failure::BuildError,
            forbidden: String::new(),
            twin: String::new(),
            marked: Vec::new(),
        };
        let outcome = |text: &str| Outcome {
            errors: vec![crate::check::contract::compiler::Error {
                code: "E0277".into(),
                rendered: text.into(),
            }],
            build_error: false,
        };
        let open = |bless| Messages::open(root.path(), "1.95", bless).expect("opened");
        assert!(open(false).is_none());
        let bless = open(true).expect("messages");
        bless.check(&case, &outcome("error: old")).expect("written");
        let verify = open(false).expect("messages");
        verify.check(&case, &outcome("error: old")).expect("same");
        assert!(verify.check(&case, &outcome("error: new")).is_err());
        verify.refuse_orphans([&case].into_iter()).expect("none");
        assert!(verify.refuse_orphans([].into_iter()).is_err());
    }
}
