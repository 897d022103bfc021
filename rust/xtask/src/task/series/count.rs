// SPDX-License-Identifier: GPL-2.0

//! How much the series adds to `rust/kernel/dma*` and removes from there: code, and apart from it
//! comments, which documentation and its examples are.

use crate::host::process;
use crate::host::table;
use crate::tree::git::Git;
use crate::tree::graft;
use anyhow::{Context, Result, anyhow, bail};
use regex_lite::Regex;
use std::collections::BTreeSet;

/// Lines of each sort; blank ones are none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Lines {
    pub code: usize,
    pub comments: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Count {
    pub added: Lines,
    pub removed: Lines,
}

/// What changed between two commits. A page of documentation has no code in it.
fn between(git: &Git, base: &str, tip: &str) -> Result<Count> {
    let diff = |how: &str, paths: &[&str]| {
        let mut command = git.plain_command(["diff", "--no-renames"]);
        process::output(command.args([how, base, tip, "--"]).args(paths))
    };
    let mut count = Count::default();
    let changed = diff("--name-only", &["rust/kernel/dma.rs", "rust/kernel/dma/"])?;
    for path in changed.lines() {
        let hunks = diff("-U0", &[path])?;
        let old = git.file(base, path)?.unwrap_or_default();
        let new = git.file(tip, path)?.unwrap_or_default();
        count
            .add(path.ends_with(".md"), &hunks, &old, &new)
            .with_context(|| path.to_string())?;
    }
    Ok(count)
}

impl Count {
    fn add(&mut self, page: bool, diff: &str, old: &str, new: &str) -> Result<()> {
        let hunk = Regex::new(r"(?m)^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")?;
        let code = |text| match page {
            true => Ok(BTreeSet::new()),
            false => code(text),
        };
        let (old_code, new_code) = (code(old)?, code(new)?);
        for found in hunk.captures_iter(diff) {
            let number = |group: usize| match found.get(group) {
                Some(text) => text.as_str().parse::<usize>(),
                None => Ok(1),
            };
            self.removed.add(old, &old_code, number(1)?, number(2)?);
            self.added.add(new, &new_code, number(3)?, number(4)?);
        }
        Ok(())
    }
}

/// What the commits that take the place of something do, and what those do that only add.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Balance {
    pub replacing: Count,
    adding: Count,
}

/// Counts `commits` on `base`, of which the first `replacing` take the place of something.
pub fn balance(git: &Git, base: &str, commits: &[String], replacing: usize) -> Result<Balance> {
    let (Some(turn), Some(tip)) = (commits.get(replacing - 1), commits.last()) else {
        bail!("the series has no {replacing} commits");
    };
    Ok(Balance {
        replacing: between(git, base, turn)?,
        adding: between(git, turn, tip)?,
    })
}

impl Balance {
    /// Fails if there is more code than was replaced.
    pub fn check(&self) -> Result<()> {
        let (added, removed) = (self.replacing.added.code, self.replacing.removed.code);
        if added > removed {
            bail!(
                "in the place of {removed} lines of code in rust/kernel/dma* the series puts \
                 {added}; it has to come without more code than it replaces"
            );
        }
        Ok(())
    }

    pub fn table(&self) -> String {
        let mut table = table::new(["rust/kernel/dma*", "added", "removed", "difference"]);
        for (what, added, removed) in self.rows() {
            let difference = added as i64 - removed as i64;
            table.add_row([
                what.to_string(),
                added.to_string(),
                removed.to_string(),
                format!("{difference:+}"),
            ]);
        }
        table.to_string()
    }

    /// The same for a mail.
    pub fn text(&self) -> String {
        let rows = self.rows().map(|(what, added, removed)| {
            format!("  {what:<36} {added:>5} added  {removed:>5} removed")
        });
        rows.join("\n")
    }

    fn rows(&self) -> [(&str, usize, usize); 4] {
        let (replacing, adding) = (self.replacing, self.adding);
        [
            (
                "what replaces: lines of code",
                replacing.added.code,
                replacing.removed.code,
            ),
            (
                "               comments and docs",
                replacing.added.comments,
                replacing.removed.comments,
            ),
            (
                "what is new: lines of code",
                adding.added.code,
                adding.removed.code,
            ),
            (
                "             comments and docs",
                adding.added.comments,
                adding.removed.comments,
            ),
        ]
    }
}

/// The numbers, from 1, of lines with code.
fn code(text: &str) -> Result<BTreeSet<usize>> {
    let tokens = text.parse().map_err(|error| anyhow!("not Rust: {error}"))?;
    let mut lines = BTreeSet::new();
    graft::code_lines(tokens, &mut lines);
    Ok(lines)
}

impl Lines {
    /// Counts `length` lines of `text` from the number `start` on.
    fn add(&mut self, text: &str, code: &BTreeSet<usize>, start: usize, length: usize) {
        let lines = (1..).zip(text.lines()).skip(start.saturating_sub(1));
        for (number, line) in lines.take(length) {
            if code.contains(&number) {
                self.code += 1;
            } else if !line.trim().is_empty() {
                self.comments += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "//! Docs.\n\nuse a::{\n    B, //\n};\n\n/// Docs.\n/// ```\n/// let a = 1;\n\
                        /// ```\nfn f() {\n    // Why.\n    g(\"//\n    text\")\n}\n";

    #[test]
    fn lines_with_tokens_are_code() {
        let mut lines = Lines::default();
        lines.add(TEXT, &code(TEXT).expect("Rust"), 1, TEXT.lines().count());
        let (code, comments) = (7, 6);
        assert_eq!(lines, Lines { code, comments });
    }

    #[test]
    fn a_difference_is_counted_on_both_sides() {
        let new = "//! Docs.\n\nuse a::B;\n";
        // What `git diff -U0` says of the two.
        let diff = "--- a\n+++ b\n@@ -3,13 +3 @@\n";
        let mut count = Count::default();
        count.add(false, diff, TEXT, new).expect("a count");
        assert_eq!((count.added.code, count.added.comments), (1, 0));
        assert_eq!((count.removed.code, count.removed.comments), (7, 5));
        let adding = Count::default();
        let balance = |replacing| Balance { replacing, adding };
        balance(count).check().expect("less code");
        std::mem::swap(&mut count.added, &mut count.removed);
        let error = balance(count).check().expect_err("more code").to_string();
        assert!(
            error.contains("place of 1 ") && error.contains("puts 7;"),
            "{error}"
        );
    }

    #[test]
    fn a_page_has_no_code() {
        let mut count = Count::default();
        count
            .add(true, "@@ -0,0 +1,3 @@\n", "", "# It's a page\n\n```\n")
            .expect("a count");
        assert_eq!((count.added.code, count.added.comments), (0, 2));
    }
}
