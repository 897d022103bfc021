// SPDX-License-Identifier: GPL-2.0

//! Edits of whole lines of a Rust file. Everything else stays byte for byte.

use anyhow::{Result, bail};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use syn::Item;
use syn::spanned::Spanned;

/// The lines (from 1) of an item, with the plain comments directly above it. Fails if the item
/// shares a line with something else.
pub fn lines_of(item: &Item, text: &str) -> Result<RangeInclusive<usize>> {
    let (start, end) = (item.span().start(), item.span().end());
    let lines: Vec<_> = text.lines().collect();
    let last = lines.get(end.line - 1).copied().unwrap_or_default();
    if start.column != 0 || end.column != last.trim_end().chars().count() {
        bail!(
            "line {}: an item shares a line with something else",
            start.line
        );
    }
    let is_comment = |line: &&&str| line.starts_with("//") && !line.starts_with("//!");
    let above = lines[..start.line - 1].iter().rev();
    let comments = above.take_while(is_comment).count();
    Ok(start.line - comments..=end.line)
}

/// The text of some lines, without the end of the last one.
pub fn text_of(text: &str, lines: &RangeInclusive<usize>) -> String {
    let count = lines.end() - lines.start() + 1;
    let lines: Vec<_> = text.lines().skip(lines.start() - 1).take(count).collect();
    lines.join("\n")
}

/// Replacements and removals of lines, applied all at once.
#[derive(Default)]
pub struct LineEdits {
    /// By first line: the last line, and the new text, if any.
    edits: BTreeMap<usize, (usize, Option<String>)>,
}

impl LineEdits {
    pub fn replace(&mut self, lines: RangeInclusive<usize>, new: String) {
        self.edits.insert(*lines.start(), (*lines.end(), Some(new)));
    }

    /// Of the blank lines on both sides of removed lines, one remains.
    pub fn remove(&mut self, lines: RangeInclusive<usize>) {
        self.edits.insert(*lines.start(), (*lines.end(), None));
    }

    pub fn apply(&self, text: &str) -> String {
        let lines: Vec<_> = text.split_inclusive('\n').collect();
        let is_blank = |index: usize| lines.get(index).is_some_and(|line| line.trim().is_empty());
        let mut result = String::new();
        let mut index = 0;
        while index < lines.len() {
            let Some((end, new)) = self.edits.get(&(index + 1)) else {
                result.push_str(lines[index]);
                index += 1;
                continue;
            };
            index = *end;
            if let Some(new) = new {
                result.push_str(new);
                result.push('\n');
                continue;
            }
            let after_blank = result.is_empty() || result.ends_with("\n\n");
            if after_blank && is_blank(index) {
                index += 1;
            } else if after_blank && index >= lines.len() {
                result.pop();
            }
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Removes the lines that start with `x`.
    fn cut(text: &str) -> String {
        let mut edits = LineEdits::default();
        for (index, line) in text.lines().enumerate() {
            if line.starts_with('x') {
                edits.remove(index + 1..=index + 1);
            }
        }
        edits.apply(text)
    }

    #[test]
    fn one_blank_line_remains() {
        assert_eq!(cut("a\n\nx\n\nb\n"), "a\n\nb\n");
        assert_eq!(cut("a\n\nx\nx\n\nx\n\nb\n"), "a\n\nb\n");
        assert_eq!(cut("a\nx\n\nb\n"), "a\n\nb\n");
        assert_eq!(cut("a\n\nx\nb\n"), "a\n\nb\n");
        assert_eq!(cut("a\nx\nb\n"), "a\nb\n");
        assert_eq!(cut("a\n\nx\n\nx\n"), "a\n");
        assert_eq!(cut("x\n\na\n"), "a\n");
        assert_eq!(cut("a\n\n\nb\r\n  \n"), "a\n\n\nb\r\n  \n");
    }

    #[test]
    fn an_item_includes_the_comments_above_it() {
        let text = "//! Docs.\n// a\n/// b\nfn f() {}\n";
        let file = syn::parse_file(text).expect("Rust");
        let lines = lines_of(&file.items[0], text).expect("lines");
        assert_eq!(text_of(text, &lines), "// a\n/// b\nfn f() {}");
        let text = "fn f() {} fn g() {}\n";
        let file = syn::parse_file(text).expect("Rust");
        let error = lines_of(&file.items[0], text).expect_err("one line");
        assert!(error.to_string().contains("line 1"), "{error}");
    }
}
