// SPDX-License-Identifier: GPL-2.0

//! Edits of the kernel's own files. Each names its anchor, which must occur exactly once.

use super::files::Tree;
use anyhow::{Context, Result, bail};
use regex_lite::{Captures, Regex, Replacer};
use serde::Deserialize;

/// A list of edits: a `.toml` file of `rust/xtask/series/`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    edit: Vec<Edit>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    file: String,
    /// A regular expression; `^` and `$` match at lines.
    find: String,
    /// With `${1}` or `${name}` for a group.
    replace: String,
}

/// Makes the edits of a list, in its order.
pub fn apply(tree: &mut Tree, list: &str) -> Result<()> {
    let list: List = toml::from_str(list).context("a list of edits")?;
    for edit in list.edit {
        tree.edit(&edit.file, |text| once(text, &edit.find, &*edit.replace))?;
    }
    Ok(())
}

/// Replaces the only match of a pattern.
pub fn once(text: &str, pattern: &str, new: impl Replacer) -> Result<String> {
    let regex = Regex::new(&format!("(?m){pattern}"))?;
    match regex.find_iter(text).count() {
        1 => Ok(regex.replace(text, new).into_owned()),
        count => bail!("`{pattern}` matches {count} times, but exactly once in Linux 7.3"),
    }
}

/// Adds lines after the only match of a pattern, which ends at the end of a line.
pub fn after(text: &str, pattern: &str, new: &str) -> Result<String> {
    once(text, pattern, |found: &Captures| {
        format!("{}{new}", &found[0])
    })
}

/// Adds a Kconfig entry after that of `symbol`.
pub fn after_config(text: &str, symbol: &str, entry: &str) -> Result<String> {
    let old = format!(r"^config {symbol}\n(?:(?:[\t #].*)?\n)*");
    after(text, &old, &format!("{}\n\n", entry.trim_end()))
}

/// The section of `MAINTAINERS` for new files.
pub const SECTION: &str = "DMA MAPPING & SCATTERLIST API [RUST]";

/// Adds a pattern to the files of [`SECTION`], in alphabetical order, unless one covers it already.
pub fn maintained(text: &str, pattern: &str) -> Result<String> {
    let section = format!(r"^{}\n(?:.+\n)+", regex_lite::escape(SECTION));
    once(text, &section, |found: &Captures| {
        let (files, mut lines): (Vec<_>, Vec<_>) = found[0]
            .lines()
            .map(str::to_string)
            .partition(|line| line.starts_with("F:\t"));
        let covers = |line: &String| {
            let known = &line["F:\t".len()..];
            pattern == known || known.ends_with('/') && pattern.starts_with(known)
        };
        let new = (!files.iter().any(covers)).then(|| format!("F:\t{pattern}"));
        let mut files: Vec<_> = files.into_iter().chain(new).collect();
        files.sort();
        lines.extend(files);
        lines.join("\n") + "\n"
    })
    .with_context(|| format!("the section \"{SECTION}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anchor_matches_once() {
        let text = "a += one.o\nb += two.o\n";
        let new = after(text, r"one\.o\n", "$new\n").expect("an edit");
        assert_eq!(new, "a += one.o\n$new\nb += two.o\n");
        for (pattern, count) in [(r"\.o$", "2 times"), ("none", "0 times")] {
            let error = once(text, pattern, "").expect_err(pattern).to_string();
            assert!(error.contains(count), "{error}");
        }
    }

    #[test]
    fn a_list_is_applied_in_order() {
        let base = |path: &str| Ok((path == "a").then(|| "one two\n".to_string()));
        let mut tree = Tree::new(&base);
        let edit = |file: &str, find: &str, replace: &str| {
            format!("[[edit]]\nfile = '{file}'\nfind = '{find}'\nreplace = '{replace}'\n")
        };
        let list = edit("a", "^(one)", "${1}s") + &edit("a", "ones", "three");
        apply(&mut tree, &list).expect("edits");
        assert_eq!(tree.changed["a"], "three two\n");
        let error = apply(&mut tree, &edit("b", "x", "y")).expect_err("no file");
        assert!(format!("{error:#}").contains("no b"), "{error:#}");
        let error = apply(&mut tree, &edit("a", "ones", "y")).expect_err("no anchor");
        assert!(
            format!("{error:#}").contains("a: `ones` matches 0"),
            "{error:#}"
        );
    }

    #[test]
    fn an_entry_goes_between_others() {
        let text = "config A\n\tbool\n\nconfig B\n\tbool\n\nendif\n";
        let text = after_config(text, "B", "config C\n\tbool\n").expect("an edit");
        let text = after_config(&text, "A", "config D\n\tbool\n").expect("an edit");
        assert_eq!(
            text,
            "config A\n\tbool\n\nconfig D\n\tbool\n\nconfig B\n\tbool\n\nconfig C\n\tbool\n\nendif\n"
        );
        after_config(&text, "E", "config F").expect_err("no such symbol");
    }

    #[test]
    fn patterns_stay_sorted() {
        let mut text = format!("ONE\nF:\tb\n\n{SECTION}\nM:\tX\nF:\tb\nF:\td/\n\nTHREE\n");
        for pattern in ["c/", "a", "d/e", "f", "c/d"] {
            text = maintained(&text, pattern).expect("an edit");
        }
        let files = "F:\ta\nF:\tb\nF:\tc/\nF:\td/\nF:\tf\n";
        assert_eq!(
            text,
            format!("ONE\nF:\tb\n\n{SECTION}\nM:\tX\n{files}\nTHREE\n")
        );
        maintained("ONE\nF:\tb\n", "a").expect_err("no section");
    }
}
