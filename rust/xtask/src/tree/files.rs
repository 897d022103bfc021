// SPDX-License-Identifier: GPL-2.0

//! Text files of a kernel tree, by their path in it.

use anyhow::{Context, Result, bail};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

pub type Files = BTreeMap<String, String>;

/// Lists, in a tree, the files that [`write`] has ever put there.
pub const LIST: &str = ".coherent-files";

/// A tree that steps change. What they do not change is read from the base, a commit or directory.
pub struct Tree<'a> {
    base: &'a dyn Fn(&str) -> Result<Option<String>>,
    /// The files that differ from the base.
    pub changed: Files,
}

impl<'a> Tree<'a> {
    pub fn new(base: &'a dyn Fn(&str) -> Result<Option<String>>) -> Self {
        let changed = Files::new();
        Self { base, changed }
    }

    pub fn get(&self, path: &str) -> Result<Option<String>> {
        match self.changed.get(path) {
            Some(text) => Ok(Some(text.clone())),
            None => (self.base)(path),
        }
    }

    /// A file that Linux 7.3 has.
    pub fn text(&self, path: &str) -> Result<String> {
        self.get(path)?
            .with_context(|| format!("the tree has no {path}, unlike Linux 7.3"))
    }

    pub fn set(&mut self, path: &str, text: String) {
        self.changed.insert(path.to_string(), text);
    }

    /// Adds a file that must not exist yet.
    pub fn add(&mut self, path: &str, text: String) -> Result<()> {
        if self.get(path)?.is_some() {
            bail!("the tree has a {path} already, unlike Linux 7.3");
        }
        self.set(path, text);
        Ok(())
    }

    pub fn edit(&mut self, path: &str, edit: impl FnOnce(&str) -> Result<String>) -> Result<()> {
        let new = edit(&self.text(path)?).with_context(|| path.to_string())?;
        self.set(path, new);
        Ok(())
    }

    /// Whether the base has a file.
    pub fn is_in_base(&self, path: &str) -> Result<bool> {
        Ok((self.base)(path)?.is_some())
    }
}

/// Reads a file, or nothing if there is none.
pub fn read(dir: &Path, path: &str) -> Result<Option<String>> {
    let file = dir.join(path);
    if !file.exists() {
        return Ok(None);
    }
    let text = fs::read_to_string(&file);
    Ok(Some(text.with_context(|| {
        format!("cannot read {}", file.display())
    })?))
}

/// Makes `tree`, a copy of `pristine`, differ from it in `files` only, and returns the paths that
/// changed. A file that is up to date keeps its time.
pub fn write(pristine: &Path, tree: &Path, files: &Files) -> Result<Vec<String>> {
    let list = tree.join(LIST);
    let before = fs::read_to_string(&list).unwrap_or_default();
    let mut paths: BTreeSet<&str> = before.lines().collect();
    paths.extend(files.keys().map(String::as_str));
    let paths: Vec<_> = paths.into_iter().collect();
    // The list comes first: a run that is cut off leaves nothing that the next one does not know.
    if before != paths.join("\n") {
        fs::write(&list, paths.join("\n"))
            .with_context(|| format!("cannot write {}", list.display()))?;
    }
    let mut changed = Vec::new();
    for path in paths {
        let wanted = match files.get(path) {
            Some(text) => Some(text.clone()),
            None => read(pristine, path)?,
        };
        let file = tree.join(path);
        let cannot = || format!("cannot write {}", file.display());
        match wanted {
            // What cannot be read, such as a file that was cut off within a character, is written.
            Some(text) if fs::read(&file).is_ok_and(|old| old == text.as_bytes()) => continue,
            Some(text) => {
                fs::create_dir_all(file.parent().context("a file is in a directory")?)
                    .with_context(cannot)?;
                // The file may be a link to that of `pristine`, which stays as it is.
                if file.exists() {
                    fs::remove_file(&file).with_context(cannot)?;
                }
                fs::write(&file, text).with_context(cannot)?;
            }
            None if file.exists() => fs::remove_file(&file).with_context(cannot)?,
            None => continue,
        }
        changed.push(path.to_string());
    }
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pristine_file_behind_a_link_stays_as_it_is() {
        let dir = tempfile::tempdir().expect("a directory");
        let [pristine, tree] = ["pristine", "tree"].map(|name| dir.path().join(name));
        for dir in [&pristine, &tree] {
            fs::create_dir(dir).expect("a directory");
        }
        fs::write(pristine.join("a.rs"), "old").expect("a file");
        fs::hard_link(pristine.join("a.rs"), tree.join("a.rs")).expect("a link");
        let files = Files::from([("a.rs".to_string(), "new".to_string())]);
        assert_eq!(write(&pristine, &tree, &files).expect("written"), ["a.rs"]);
        assert_eq!(
            read(&pristine, "a.rs").expect("a file").as_deref(),
            Some("old")
        );
        assert_eq!(read(&tree, "a.rs").expect("a file").as_deref(), Some("new"));
    }
}
