// SPDX-License-Identifier: GPL-2.0

//! Text files of a kernel tree, by their path in it.

use anyhow::{Context, Result, bail};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

pub type Files = BTreeMap<String, String>;

/// Lists, in a tree, the files that [`write`] has ever put there.
const LIST: &str = ".coherent-files";

/// A tree that steps change, in memory only.
pub struct Tree<'a> {
    pristine: &'a Path,
    /// The files that differ from the pristine tree.
    pub changed: Files,
}

impl<'a> Tree<'a> {
    pub fn new(pristine: &'a Path) -> Self {
        let changed = Files::new();
        Self { pristine, changed }
    }

    fn get(&self, path: &str) -> Result<Option<String>> {
        match self.changed.get(path) {
            Some(text) => Ok(Some(text.clone())),
            None => read(self.pristine, path),
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
}

/// Reads a file, or nothing if there is none.
fn read(dir: &Path, path: &str) -> Result<Option<String>> {
    let file = dir.join(path);
    if !file.exists() {
        return Ok(None);
    }
    let text = fs::read_to_string(&file);
    let text = text.with_context(|| format!("cannot read {}", file.display()))?;
    Ok(Some(text))
}

/// Makes `tree`, a copy of `pristine`, differ from it in `files` only, and returns the paths that
/// changed. A file that is up to date keeps its time.
pub fn write(pristine: &Path, tree: &Path, files: &Files) -> Result<Vec<String>> {
    let list = tree.join(LIST);
    let before = fs::read_to_string(&list).unwrap_or_default();
    let mut paths: BTreeSet<&str> = before.lines().collect();
    paths.extend(files.keys().map(String::as_str));
    // The list comes first: a run that is cut off leaves nothing that the next one does not know.
    let listed: Vec<_> = paths.iter().copied().collect();
    fs::write(&list, listed.join("\n"))
        .with_context(|| format!("cannot write {}", list.display()))?;

    let mut changed = Vec::new();
    for path in paths {
        let wanted = match files.get(path) {
            Some(text) => Some(text.clone()),
            None => read(pristine, path)?,
        };
        let file = tree.join(path);
        if fs::read(&file).ok().as_deref() == wanted.as_deref().map(str::as_bytes) {
            continue;
        }
        replace(&file, wanted.as_deref())
            .with_context(|| format!("cannot write {}", file.display()))?;
        changed.push(path.to_string());
    }
    Ok(changed)
}

/// The file may be a link to that of the pristine tree, which stays as it is.
fn replace(file: &Path, text: Option<&str>) -> Result<()> {
    if file.exists() {
        fs::remove_file(file)?;
    }
    if let Some(text) = text {
        fs::create_dir_all(file.parent().context("a file is in a directory")?)?;
        fs::write(file, text)?;
    }
    Ok(())
}
