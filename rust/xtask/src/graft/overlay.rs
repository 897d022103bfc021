// SPDX-License-Identifier: GPL-2.0

//! The files of the library, and the names that it offers.

use super::edits::{Edits, lines_of};
use super::imports;
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use syn::{Item, Visibility};
use walkdir::WalkDir;

const ROOT: &str = "coherent.rs";

pub struct Overlay {
    /// By their path below `dma/`.
    pub files: BTreeMap<PathBuf, String>,
    pub names: Vec<String>,
}

impl Overlay {
    pub fn read(dir: &Path) -> Result<Self> {
        let files = rust_files(dir)?;
        if let Some(name) = files.keys().find(|name| !is_ours(name)) {
            bail!(
                "{} is not part of the module `coherent`, and no other is declared",
                dir.join(name).display()
            );
        }
        let root = files
            .get(Path::new(ROOT))
            .with_context(|| format!("{} has no {ROOT}", dir.display()))?;
        let names = public_names(root).with_context(|| dir.join(ROOT).display().to_string())?;
        Ok(Self { files, names })
    }

    /// The library before it has the type alias `name`.
    pub fn without_alias(&self, name: &str) -> Result<Self> {
        let mut files = self.files.clone();
        let root = files.get_mut(Path::new(ROOT)).context(ROOT)?;
        let items = syn::parse_file(root)?.items;
        let is_alias = |item: &&Item| matches!(item, Item::Type(alias) if alias.ident == name);
        let alias = items.iter().find(is_alias);
        let alias = alias.with_context(|| format!("{ROOT} has no type alias {name}"))?;
        let (start, end) = lines_of(alias, root)?;
        let mut edits = Edits::new(root);
        edits.remove_item(start, end);
        // The documentation has nothing to link to.
        let text = edits
            .apply()
            .replace(&format!("[`{name}`]"), &format!("`{name}`"));
        *root = text;
        let names = self.names.iter().filter(|known| *known != name);
        let names = names.cloned().collect();
        Ok(Self { files, names })
    }
}

/// Whether a file below `dma/` is one of the module `coherent`.
pub fn is_ours(name: &Path) -> bool {
    name == Path::new(ROOT) || name.starts_with("coherent")
}

/// The Rust files below a directory, and the pages that `#[doc = include_str!(..)]` takes in, by
/// their path in it; none if there is no directory.
pub fn rust_files(dir: &Path) -> Result<BTreeMap<PathBuf, String>> {
    let mut files = BTreeMap::new();
    if !dir.try_exists()? {
        return Ok(files);
    }
    for entry in WalkDir::new(dir) {
        let entry = entry.with_context(|| format!("cannot read {}", dir.display()))?;
        let path = entry.path();
        let ours = path
            .extension()
            .is_some_and(|ext| ext == "rs" || ext == "md");
        if ours && !entry.file_type().is_dir() {
            let text = fs::read_to_string(path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            files.insert(path.strip_prefix(dir)?.to_path_buf(), text);
        }
    }
    Ok(files)
}

/// What a module offers: its public items and re-exports.
pub fn public_names(text: &str) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for item in syn::parse_file(text)?.items {
        let (vis, ident) = match &item {
            Item::Const(item) => (&item.vis, &item.ident),
            Item::Enum(item) => (&item.vis, &item.ident),
            Item::Fn(item) => (&item.vis, &item.sig.ident),
            Item::Mod(item) => (&item.vis, &item.ident),
            Item::Static(item) => (&item.vis, &item.ident),
            Item::Struct(item) => (&item.vis, &item.ident),
            Item::Trait(item) => (&item.vis, &item.ident),
            Item::Type(item) => (&item.vis, &item.ident),
            Item::Union(item) => (&item.vis, &item.ident),
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
    if names.is_empty() {
        bail!("no public item that `dma` could offer");
    }
    if names.iter().any(|name| name == "*") {
        bail!("a `pub use` with `*` does not say what it offers; list the names");
    }
    Ok(names)
}
