// SPDX-License-Identifier: GPL-2.0

//! Where the pages are, and how the library's documentation takes them in.

use crate::check::contract::cases::{self, Case};
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// How a page becomes part of an item's documentation: for who reads it, and not for the kernel's
/// own doc tests, whose builder cannot take a program that must fail.
const INCLUDE: &str = "#[cfg_attr(all(doc, not(doctest)), doc = include_str!(";

/// The cases of all pages in `dir`.
pub fn read(dir: &Path) -> Result<Vec<Case>> {
    let mut all = Vec::new();
    for path in files(dir, "md")? {
        all.extend(cases::read(&path)?);
    }
    ensure!(!all.is_empty(), "no cases in {}", dir.display());
    Ok(all)
}

/// Fails for a page in `pages` that no item of the library takes in, for one that the kernel's own
/// doc tests would see, and for a program that is in no page.
pub fn check_included(library: &Path, pages: &Path) -> Result<()> {
    let mut included = Vec::new();
    for path in files(library, "rs")? {
        let text = fs::read_to_string(&path)?;
        for line in text.lines().map(str::trim) {
            ensure!(
                !line.contains("```compile_fail"),
                "{}: a `compile_fail` in a comment breaks CONFIG_RUST_KERNEL_DOCTESTS; it belongs \
                 to a page in {}",
                path.display(),
                pages.display()
            );
            if !line.contains("forbidden/") {
                continue;
            }
            let page = line
                .strip_prefix(INCLUDE)
                .and_then(|rest| rest.split('"').nth(1))
                .with_context(|| format!("{}: not `{INCLUDE}..`: {line}", path.display()))?;
            included.extend(path.parent().map(|dir| dir.join(page)));
        }
    }
    for page in files(pages, "md")? {
        ensure!(
            included.contains(&page),
            "{} is in no item's documentation",
            page.display()
        );
    }
    Ok(())
}

/// The files below a directory whose name ends so.
pub fn files(dir: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in WalkDir::new(dir).sort_by_file_name() {
        let entry = entry.with_context(|| format!("cannot read {}", dir.display()))?;
        if entry
            .path()
            .extension()
            .is_some_and(|have| have == extension)
        {
            files.push(entry.into_path());
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said about a library whose one file has `line` and whose one page is `a.md`.
    fn check(line: &str) -> Result<()> {
        let dir = tempfile::tempdir()?;
        let pages = dir.path().join("coherent/forbidden");
        fs::create_dir_all(&pages)?;
        fs::write(pages.join("a.md"), "")?;
        fs::write(dir.path().join("coherent.rs"), line)?;
        check_included(dir.path(), &pages)
    }

    #[test]
    fn a_page_is_taken_in_for_readers_alone() {
        let line = format!("{INCLUDE}\"coherent/forbidden/a.md\"))]");
        check(&line).expect("taken in");
        let refused = |line: &str| check(line).expect_err("refused").to_string();
        assert!(refused("").contains("no item's"));
        assert!(refused(&line.replace("a.md", "b.md")).contains("no item's"));
        assert!(refused(&line.replace("not(doctest)", "test")).contains("not `#["));
        let program = format!("{line}\n/// ```compile_fail,E0277\n");
        assert!(refused(&program).contains("CONFIG_RUST_KERNEL_DOCTESTS"));
    }
}
