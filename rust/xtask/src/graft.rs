// SPDX-License-Identifier: GPL-2.0

//! The graft: the library takes the place of the coherent types in a kernel tree.
//!
//! The files of the library go to `rust/kernel/dma/`. From the tree's `rust/kernel/dma.rs` the items
//! that they replace are taken out, wherever they stand, and what remains is kept byte for byte but
//! for the imports. A tree that has something else than Linux 7.3 has is refused: an item that this
//! tool does not know might be one that would be lost.

mod family;
mod imports;
#[cfg(test)]
mod tests;

use crate::source;
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use syn::spanned::Spanned;
use syn::{Item, UseTree, Visibility};
use walkdir::WalkDir;

/// What to do about a tree that is refused.
const WAY_OUT: &str = "use an unmodified Linux 7.3 tree (KERNEL_SRC=, or none for Debian's)";

const DMA_RS: &str = "rust/kernel/dma.rs";
const DMA_DIR: &str = "rust/kernel/dma";

/// What a graft did.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The files that were written or removed, relative to the tree; none if all was up to date.
    pub changed: Vec<PathBuf>,
}

/// Grafts the files of `overlay` onto `tree`. Changes nothing unless all of it can be done, and no
/// file that is up to date.
pub fn graft_tree(tree: &Path, overlay: &Path) -> Result<Outcome> {
    let version = source::version(tree)?;
    if version != (7, 3) {
        bail!(
            "{} is Linux {}.{}, and the library is for 7.3; {WAY_OUT}",
            tree.display(),
            version.0,
            version.1
        );
    }
    let dma_rs = tree.join(DMA_RS);
    if !dma_rs.is_file() {
        bail!(
            "{} has no {DMA_RS}, that is, no Rust support for DMA; {WAY_OUT}",
            tree.display()
        );
    }
    let text = read(&dma_rs)?;
    let files = rust_files(overlay)?;
    let root = files
        .get(Path::new("coherent.rs"))
        .with_context(|| format!("{} has no coherent.rs", overlay.display()))?;
    let names = public_names(root).context("the library's coherent.rs")?;
    let grafted = graft_text(&text, &names).with_context(|| dma_rs.display().to_string())?;

    let dir = tree.join(DMA_DIR);
    let present = if dir.is_dir() {
        rust_files(&dir)?
    } else {
        BTreeMap::new()
    };
    if !is_grafted(&text)? && !present.is_empty() {
        bail!(
            "{} is there, and no graft put it there; {WAY_OUT}",
            dir.display()
        );
    }

    // Everything is known to work; `dma.rs` comes last, so that a graft that is cut off is one that
    // can be repeated.
    let mut outcome = Outcome::default();
    for (name, content) in &files {
        if present.get(name) != Some(content) {
            replace(&dir.join(name), content)?;
            outcome.changed.push(Path::new(DMA_DIR).join(name));
        }
    }
    if grafted != text {
        replace(&dma_rs, &grafted)?;
        outcome.changed.push(DMA_RS.into());
    }
    for name in present.keys().filter(|name| !files.contains_key(*name)) {
        fs::remove_file(dir.join(name))?;
        outcome.changed.push(Path::new(DMA_DIR).join(name));
    }
    Ok(outcome)
}

/// Whether the text of a `dma.rs` has the library wired in.
pub fn is_grafted(text: &str) -> Result<bool> {
    Ok(parse(text)?.items.iter().any(is_our_mod))
}

/// The text of `dma.rs` with the library in it.
pub fn graft_text(text: &str, names: &[String]) -> Result<String> {
    let file = parse(text)?;
    let found = family::find(&file)?;
    let wiring = wiring(names);
    let mut edits = Edits::new(text);

    if file.items.iter().any(is_our_mod) {
        if let Some(item) = found.first() {
            bail!(
                "half of a graft: line {} has both the library's module and {}; {WAY_OUT}",
                item.line,
                item.key
            );
        }
        let start = lines_of(file.items.iter().find(|item| is_our_mod(item)), text)?;
        let end = lines_of(file.items.iter().find(|item| is_our_use(item)), text)
            .context("the library's module is there, but its names are not re-exported")?;
        edits.replace(start.0, end.1, &wiring);
        return Ok(edits.apply());
    }

    family::check(&found)?;
    for item in &found {
        if let Some(item) = item.whole {
            let (start, end) = lines_of(Some(item), text)?;
            edits.remove_item(start, end);
        }
    }
    let last_use = file
        .items
        .iter()
        .rev()
        .find(|item| matches!(item, Item::Use(_)))
        .with_context(|| format!("no `use` item to put the module after; {WAY_OUT}"))?;
    let used = imports::used(file.items.iter().filter(|item| !family::is_family(item)));
    for item in &file.items {
        let Item::Use(import) = item else { continue };
        let (start, end) = lines_of(Some(item), text)?;
        let kept = imports::keep(import, &used);
        if std::ptr::eq(item, last_use) {
            let old = || edits.text(start, end);
            let mut new = match &kept {
                imports::Kept::All => old() + "\n",
                imports::Kept::Some(text) => format!("{text}\n"),
                imports::Kept::None => String::new(),
            };
            new.push_str(&wiring);
            edits.replace(start, end, &new);
        } else {
            match kept {
                imports::Kept::All => {}
                imports::Kept::Some(text) => edits.replace(start, end, &text),
                imports::Kept::None => edits.remove_item(start, end),
            }
        }
    }
    let text = edits.apply();
    // An import list ahead of the wiring needs a blank line between; a removed one has left its own.
    Ok(text
        .replacen("}\nmod coherent;", "}\n\nmod coherent;", 1)
        .replacen(";\nmod coherent;", ";\n\nmod coherent;", 1))
}

/// What declares the library in `dma.rs`.
fn wiring(names: &[String]) -> String {
    let mut names = names.to_vec();
    names.sort();
    format!(
        "mod coherent;\n\npub use self::coherent::{{\n    {}, //\n}};",
        names.join(",\n    ")
    )
}

fn is_our_mod(item: &Item) -> bool {
    matches!(item, Item::Mod(module) if module.ident == "coherent")
}

fn is_our_use(item: &Item) -> bool {
    let Item::Use(import) = item else {
        return false;
    };
    let UseTree::Path(first) = &import.tree else {
        return false;
    };
    let UseTree::Path(second) = &*first.tree else {
        return false;
    };
    first.ident == "self" && second.ident == "coherent"
}

/// What a module offers: its public items and re-exports.
fn public_names(text: &str) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for item in parse(text)?.items {
        let (vis, ident) = match &item {
            Item::Struct(item) => (&item.vis, &item.ident),
            Item::Enum(item) => (&item.vis, &item.ident),
            Item::Trait(item) => (&item.vis, &item.ident),
            Item::Type(item) => (&item.vis, &item.ident),
            Item::Fn(item) => (&item.vis, &item.sig.ident),
            Item::Const(item) => (&item.vis, &item.ident),
            Item::Use(item) => {
                if matches!(item.vis, Visibility::Public(_)) {
                    names.extend(imports::leaves(&item.tree));
                }
                continue;
            }
            _ => continue,
        };
        if matches!(vis, Visibility::Public(_)) {
            names.push(ident.to_string());
        }
    }
    Ok(names)
}

fn parse(text: &str) -> Result<syn::File> {
    syn::parse_file(text).map_err(|error| {
        anyhow::anyhow!(
            "line {}: not Rust: {error}; {WAY_OUT}",
            error.span().start().line
        )
    })
}

/// The first and last line (from 1) of an item that has its lines to itself.
fn lines_of(item: Option<&Item>, text: &str) -> Result<(usize, usize)> {
    let span = item.context("an item is missing")?.span();
    let (start, end) = (span.start(), span.end());
    let last = text.lines().nth(end.line - 1).unwrap_or_default();
    if start.column != 0 || end.column != last.trim_end().chars().count() {
        bail!(
            "line {}: an item shares a line with something else; {WAY_OUT}",
            start.line
        );
    }
    Ok((start.line, end.line))
}

/// Changes to whole lines of a text.
struct Edits<'a> {
    lines: Vec<&'a str>,
    /// What takes the place of a line: nothing, or text.
    new: BTreeMap<usize, Option<String>>,
}

impl<'a> Edits<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            lines: text.lines().collect(),
            new: BTreeMap::new(),
        }
    }

    fn line(&self, number: usize) -> &str {
        self.lines.get(number - 1).copied().unwrap_or_default()
    }

    fn text(&self, start: usize, end: usize) -> String {
        self.lines[start - 1..end].join("\n")
    }

    fn replace(&mut self, start: usize, end: usize, text: &str) {
        for line in start..=end {
            self.new.insert(line, None);
        }
        self.new.insert(start, Some(text.to_string()));
    }

    /// Removes an item with the plain comments right above it, which talk about it, and the blank
    /// line after it.
    fn remove_item(&mut self, start: usize, end: usize) {
        let mut start = start;
        while start > 1 && self.line(start - 1).starts_with("//") {
            start -= 1;
        }
        let end = if self.line(end + 1).is_empty() {
            end + 1
        } else {
            end
        };
        for line in start..=end {
            self.new.insert(line, None);
        }
    }

    fn apply(&self) -> String {
        let mut text = String::new();
        for (index, line) in self.lines.iter().enumerate() {
            match self.new.get(&(index + 1)) {
                Some(None) => continue,
                Some(Some(new)) => text.push_str(new),
                None => text.push_str(line),
            }
            text.push('\n');
        }
        // The last item may be gone, and the blank line before it is one too many.
        text.truncate(text.trim_end().len());
        text.push('\n');
        text
    }
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// The Rust files below a directory, by their path in it.
fn rust_files(dir: &Path) -> Result<BTreeMap<PathBuf, String>> {
    let mut files = BTreeMap::new();
    for entry in WalkDir::new(dir) {
        let entry = entry.with_context(|| format!("cannot read {}", dir.display()))?;
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            files.insert(path.strip_prefix(dir)?.to_path_buf(), read(path)?);
        }
    }
    Ok(files)
}

/// Writes a file such that it is never seen half-written.
fn replace(path: &Path, content: &str) -> Result<()> {
    let dir = path.parent().context("a file is in a directory")?;
    fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
    let mut file = tempfile::Builder::new()
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
        .tempfile_in(dir)
        .with_context(|| format!("cannot write to {}", dir.display()))?;
    file.write_all(content.as_bytes())
        .with_context(|| format!("cannot write {}", path.display()))?;
    file.persist(path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(())
}
