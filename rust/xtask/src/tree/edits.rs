// SPDX-License-Identifier: GPL-2.0

//! Edits of the kernel's own files. Each names its anchor, which must occur exactly once.

use super::files::Tree;
use super::library::DMA_RS;
use anyhow::{Context, Result, bail, ensure};
use regex_lite::{Regex, Replacer};
use serde::Deserialize;

/// The edits of a step: a `.toml` file of `rust/xtask/series/`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edits {
    #[serde(default)]
    part: Vec<Part>,
    edit: Vec<Edit>,
}

/// A part of `dma.rs` that moves to a file of its own, up to the next part or the end.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    file: String,
    /// A regular expression for its first line.
    from: String,
    /// What the part defines and implements in Linux 7.3.
    items: Vec<String>,
    /// What precedes it in the new file.
    head: String,
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

/// Moves the parts and then makes the edits, in their order.
pub fn apply(tree: &mut Tree, edits: &str) -> Result<()> {
    let Edits { part, edit } = toml::from_str(edits)?;
    // From the end, so that a part ends where the rest does.
    for part in part.iter().rev() {
        let text = tree.text(DMA_RS)?;
        let start = only_match(&text, &part.from).context(DMA_RS)?;
        let (rest, moved) = text.split_at(start);
        part.require_7_3(moved).context(DMA_RS)?;
        tree.add(&part.file, format!("{}\n{}\n", part.head, moved.trim_end()))?;
        tree.set(DMA_RS, format!("{}\n", rest.trim_end()));
    }
    for edit in edit {
        tree.edit(&edit.file, |text| once(text, &edit.find, &*edit.replace))?;
    }
    Ok(())
}

impl Part {
    /// Fails for an item that 7.3 does not have or has elsewhere: the library would not replace it.
    fn require_7_3(&self, text: &str) -> Result<()> {
        let item = Regex::new(
            r"(?mx)
            ^\ *(?:pub\ |unsafe\ |const\ )*(?:fn|struct|enum|trait|type|const|mod|macro_rules!)\ (\w+)
            | ^(?:unsafe\ )?impl(?:<.*?>)?\ (.+?)(?:\ \{\}?)?$",
        )?;
        let names = item.captures_iter(text);
        let names = names.filter_map(|found| Some(found.iter().flatten().last()?.as_str()));
        let found: Vec<&str> = names.collect();
        let missing = self.items.iter().filter(|item| !found.contains(&&***item));
        let more = found
            .iter()
            .filter(|item| !self.items.contains(&item.to_string()));
        ensure!(
            self.items == found,
            "Linux 7.3 has {:?} where this tree has {:?}",
            missing.collect::<Vec<_>>(),
            more.collect::<Vec<_>>()
        );
        Ok(())
    }
}

/// Replaces the only match of a pattern.
pub fn once(text: &str, pattern: &str, new: impl Replacer) -> Result<String> {
    only_match(text, pattern)?;
    Ok(regex(pattern)?.replace(text, new).into_owned())
}

/// Where the only match of a pattern starts.
fn only_match(text: &str, pattern: &str) -> Result<usize> {
    let regex = regex(pattern)?;
    let starts: Vec<_> = regex.find_iter(text).map(|found| found.start()).collect();
    match starts[..] {
        [start] => Ok(start),
        _ => bail!(
            "`{pattern}` matches {} times and has to match once",
            starts.len()
        ),
    }
}

fn regex(pattern: &str) -> Result<Regex> {
    Ok(Regex::new(&format!("(?m){pattern}"))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn edit(file: &str, find: &str, replace: &str) -> String {
        format!("[[edit]]\nfile = '{file}'\nfind = '{find}'\nreplace = '{replace}'\n")
    }

    #[test]
    fn edits_are_made_in_order_and_an_anchor_matches_once() {
        let dir = tempfile::tempdir().expect("a directory");
        fs::write(dir.path().join("a"), "one two\n").expect("a file");
        let mut tree = Tree::new(dir.path());
        let edits = edit("a", "^(one)", "${1}s") + &edit("a", "ones", "three");
        apply(&mut tree, &edits).expect("edits");
        assert_eq!(tree.changed["a"], "three two\n");
        for (edits, expected) in [
            (edit("b", "x", "y"), "no b"),
            (edit("a", "ones", "y"), "a: `ones` matches 0 times"),
            (edit("a", "t", "y"), "a: `t` matches 2 times"),
        ] {
            let error = format!("{:#}", apply(&mut tree, &edits).expect_err(expected));
            assert!(error.contains(expected), "{error}");
        }
    }
}
