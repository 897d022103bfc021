// SPDX-License-Identifier: GPL-2.0

//! The list of differences in `docs/`: a page for people, with one bullet for each item.

use super::Difference;
use anyhow::{Result, bail};
use std::collections::BTreeSet;
use std::fmt::Write;

const MISSING: &str = "## Not here";
const NEW: &str = "## New";

/// Reads the list: ``- `item`: reason`` below the first heading, ``- `item` `` below the second. The
/// reason may begin on the next line.
pub fn parse(text: &str) -> Result<List> {
    let mut list = List::default();
    let mut section = "";
    let mut lines = text.lines().enumerate().peekable();
    while let Some((number, line)) = lines.next() {
        if line.starts_with("## ") {
            section = line.trim_end();
        }
        let Some(bullet) = line.strip_prefix("- `") else {
            continue;
        };
        let Some((item, rest)) = bullet.split_once('`') else {
            bail!("line {}: the item has no second backtick", number + 1);
        };
        let (items, reasoned) = match section {
            MISSING => {
                let next = lines.peek().is_some_and(|(_, next)| next.starts_with("  "));
                let reasoned = rest.starts_with(':') && (rest.len() > ": ".len() || next);
                (&mut list.0.missing, reasoned)
            }
            NEW => (&mut list.0.new, true),
            _ => bail!(
                "line {}: an item below neither {MISSING} nor {NEW}",
                number + 1
            ),
        };
        if !reasoned {
            bail!("line {}: no reason is given", number + 1);
        }
        if !items.insert(item.to_string()) {
            bail!("line {}: listed twice", number + 1);
        }
    }
    Ok(list)
}

#[derive(Debug, Default)]
pub struct List(Difference);

impl List {
    /// Whether the list is what was found, no more and no less.
    pub fn judge(&self, found: &Difference) -> Result<()> {
        let mut text = String::new();
        let mut say = |what: &str, have: &BTreeSet<String>, known: &BTreeSet<String>| {
            let lines: Vec<_> = have.difference(known).collect();
            if !lines.is_empty() {
                _ = writeln!(text, "{what}:");
                for line in lines {
                    _ = writeln!(text, "- `{line}`");
                }
            }
        };
        say(
            "in Linux 7.3, not here, and not listed",
            &found.missing,
            &self.0.missing,
        );
        say("new, and not listed", &found.new, &self.0.new);
        say(
            "listed as not here, but it is",
            &self.0.missing,
            &found.missing,
        );
        say("listed as new, but it is not", &self.0.new, &found.new);
        if text.is_empty() {
            return Ok(());
        }
        bail!("the public API is not what is listed\n{}", text.trim_end())
    }
}
