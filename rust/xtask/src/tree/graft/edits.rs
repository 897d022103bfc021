// SPDX-License-Identifier: GPL-2.0

//! Changes to whole lines of a text. What is not changed stays byte for byte.

use super::WAY_OUT;
use anyhow::{Result, bail};
use std::collections::BTreeMap;
use syn::Item;
use syn::spanned::Spanned;

/// The first and last line (from 1) of an item that has its lines to itself.
pub fn lines_of(item: &Item, text: &str) -> Result<(usize, usize)> {
    let (start, end) = (item.span().start(), item.span().end());
    let last = text.lines().nth(end.line - 1).unwrap_or_default();
    if start.column != 0 || end.column != last.trim_end().chars().count() {
        bail!(
            "line {}: an item shares a line with something else; {WAY_OUT}",
            start.line
        );
    }
    Ok((start.line, end.line))
}

enum Edit {
    Remove,
    Replace(String),
    /// An import, if one is left, and the wiring as a paragraph of its own.
    Wire(Option<String>, String),
}

pub struct Edits<'a> {
    /// With their line ends.
    lines: Vec<&'a str>,
    /// By first line: the last line, and what happens to both and what is between.
    edits: BTreeMap<usize, (usize, Edit)>,
}

impl<'a> Edits<'a> {
    pub fn new(text: &'a str) -> Self {
        Self {
            lines: text.split_inclusive('\n').collect(),
            edits: BTreeMap::new(),
        }
    }

    fn line(&self, number: usize) -> &'a str {
        let line = number
            .checked_sub(1)
            .and_then(|index| self.lines.get(index));
        line.map_or("", |line| line.trim_end())
    }

    fn is_blank(&self, number: usize) -> bool {
        number <= self.lines.len() && self.line(number).is_empty()
    }

    /// Without the end of the last line.
    pub fn text(&self, start: usize, end: usize) -> String {
        let lines = self.lines.get(start - 1..end).unwrap_or_default();
        lines.concat().trim_end().to_string()
    }

    pub fn replace(&mut self, start: usize, end: usize, text: String) {
        self.edits.insert(start, (end, Edit::Replace(text)));
    }

    pub fn wire(&mut self, start: usize, end: usize, import: Option<String>, wiring: String) {
        self.edits.insert(start, (end, Edit::Wire(import, wiring)));
    }

    /// Removes an item with the plain comments right above it, which talk about it. Of the blank
    /// lines around it one remains.
    pub fn remove_item(&mut self, start: usize, end: usize) {
        let is_comment = |line: &str| line.starts_with("//") && !line.starts_with("//!");
        let mut start = start;
        while is_comment(self.line(start - 1)) {
            start -= 1;
        }
        self.edits.insert(start, (end, Edit::Remove));
    }

    pub fn apply(&self) -> String {
        let mut text = String::new();
        let mut number = 1;
        while number <= self.lines.len() {
            let Some((end, edit)) = self.edits.get(&number) else {
                text.push_str(self.lines[number - 1]);
                number += 1;
                continue;
            };
            number = end + 1;
            match edit {
                Edit::Remove => {
                    let after_blank = text.is_empty() || text.ends_with("\n\n");
                    if after_blank && self.is_blank(number) {
                        number += 1;
                    } else if text.ends_with("\n\n") && number > self.lines.len() {
                        text.pop();
                    }
                }
                Edit::Replace(new) => {
                    text.push_str(new);
                    text.push('\n');
                }
                Edit::Wire(import, wiring) => {
                    if let Some(import) = import {
                        text.push_str(import);
                        text.push('\n');
                    }
                    if !text.is_empty() && !text.ends_with("\n\n") {
                        text.push('\n');
                    }
                    text.push_str(wiring);
                    text.push('\n');
                    if number <= self.lines.len() && !self.is_blank(number) {
                        text.push('\n');
                    }
                }
            }
        }
        text
    }
}
