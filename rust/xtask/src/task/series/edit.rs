// SPDX-License-Identifier: GPL-2.0

//! Edits of files of the kernel: each asserts what it hangs on, and says so if that is not there.

use crate::tree::git::Files;
use anyhow::{Context, Result, bail};

/// The file at `path`.
pub fn file<'a>(files: &'a mut Files, path: &str) -> Result<&'a mut String> {
    files
        .get_mut(path)
        .with_context(|| format!("the tree has no {path}, which Linux 7.3 has"))
}

/// Adds a file that must not be there.
pub fn add(files: &mut Files, path: &str, text: &str) -> Result<()> {
    if files.insert(path.to_string(), text.to_string()).is_some() {
        bail!("the tree has a {path} already");
    }
    Ok(())
}

/// The number of the only line for which `is` holds.
fn only_line(text: &str, what: &str, is: impl Fn(&str) -> bool) -> Result<usize> {
    let mut found = text.lines().enumerate().filter(|(_, line)| is(line));
    match (found.next(), found.next()) {
        (Some((number, _)), None) => Ok(number),
        (None, _) => bail!("no line {what}"),
        (Some((first, _)), Some((second, _))) => {
            bail!("lines {} and {} both {what}", first + 1, second + 1)
        }
    }
}

fn insert(text: &mut String, line: usize, new: &[&str]) {
    let old = std::mem::take(text);
    let mut lines: Vec<&str> = old.lines().collect();
    lines.splice(line..line, new.iter().copied());
    *text = lines.join("\n") + "\n";
}

/// Adds lines after the only one that ends with `anchor`.
pub fn after_line_with_end(text: &mut String, anchor: &str, new: &str) -> Result<()> {
    let line = only_line(text, &format!("ends with `{anchor}`"), |line| {
        line.ends_with(anchor)
    })?;
    insert(text, line + 1, &new.lines().collect::<Vec<_>>());
    Ok(())
}

/// Adds a Kconfig entry after the one for `symbol`.
pub fn after_config(text: &mut String, symbol: &str, entry: &str) -> Result<()> {
    let head = format!("config {symbol}");
    let start = only_line(text, &format!("is `{head}`"), |line| line == head)?;
    let next = text
        .lines()
        .enumerate()
        .skip(start + 1)
        .find(|(_, line)| !line.is_empty() && !line.starts_with(['\t', ' ', '#']))
        .with_context(|| format!("nothing follows `{head}`"))?
        .0;
    let lines: Vec<_> = entry.trim_end().lines().chain([""]).collect();
    insert(text, next, &lines);
    Ok(())
}

/// Adds a pattern to the files of a section of `MAINTAINERS`, in the order of the alphabet.
pub fn maintained(files: &mut Files, section: &str, pattern: &str) -> Result<()> {
    let text = file(files, "MAINTAINERS")?;
    let start = only_line(text, &format!("is `{section}`"), |line| line == section)?;
    let entry = format!("F:\t{pattern}");
    let mut place = None;
    for (number, line) in text.lines().enumerate().skip(start + 1) {
        if line.is_empty() {
            break;
        }
        if line.starts_with("F:\t") && (place.is_none() || *line < *entry) {
            place = Some(if *line < *entry { number + 1 } else { number });
        }
    }
    let place = place.with_context(|| format!("`{section}` has no files in MAINTAINERS"))?;
    insert(text, place, &[&entry]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_goes_after_the_only_anchor() {
        let mut text = "a += one.o\nb += two.o\n".to_string();
        after_line_with_end(&mut text, " one.o", "new\n").expect("an edit");
        assert_eq!(text, "a += one.o\nnew\nb += two.o\n");
        let error = after_line_with_end(&mut text, ".o", "new").expect_err("two anchors");
        assert!(error.to_string().contains("lines 1 and 3"), "{error}");
        after_line_with_end(&mut text, "none", "new").expect_err("no anchor");
    }

    #[test]
    fn an_entry_goes_between_others() {
        let mut text = "config A\n\tbool\n\nconfig B\n\tbool\n\nendif\n".to_string();
        after_config(&mut text, "B", "config C\n\tbool\n").expect("an edit");
        after_config(&mut text, "A", "config D\n\tbool\n").expect("an edit");
        assert_eq!(
            text,
            "config A\n\tbool\n\nconfig D\n\tbool\n\nconfig B\n\tbool\n\nconfig C\n\tbool\n\nendif\n"
        );
        after_config(&mut text, "E", "config F").expect_err("no such symbol");
    }

    #[test]
    fn patterns_stay_sorted() {
        let mut files = Files::new();
        let text = "ONE\nF:\tb\nF:\tz\n\nTWO\nM:\tX\nF:\tb\nF:\td\nF:\te\n\nTHREE\n";
        files.insert("MAINTAINERS".into(), text.into());
        for pattern in ["c/", "a", "f"] {
            maintained(&mut files, "TWO", pattern).expect("an edit");
        }
        assert_eq!(
            files["MAINTAINERS"],
            "ONE\nF:\tb\nF:\tz\n\nTWO\nM:\tX\nF:\ta\nF:\tb\nF:\tc/\nF:\td\nF:\te\nF:\tf\n\nTHREE\n"
        );
        maintained(&mut files, "THREE", "a").expect_err("no files");
        maintained(&mut files, "FOUR", "a").expect_err("no section");
    }
}
