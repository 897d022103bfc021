// SPDX-License-Identifier: GPL-2.0

//! The files of the library, and the names that it offers.

use super::edits::{Edits, lines_of};
use super::imports;
use super::promises;
use anyhow::{Context, Result, bail};
use quote::ToTokens;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use syn::{Item, Visibility};
use walkdir::WalkDir;

const ROOT: &str = "coherent.rs";

#[derive(Clone)]
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

    /// The library before it has the module `name`: what is re-exported from it, the page that goes
    /// with it, and what the documentation says of it.
    pub fn without_module(&self, name: &str) -> Result<Self> {
        let mut files = self.files.clone();
        let file = Path::new("coherent").join(name).with_extension("rs");
        let removed = files
            .remove(&file)
            .with_context(|| format!("the library has no {}", file.display()))?;
        let page = Path::new("coherent/forbidden").join(name);
        files.remove(&page.with_extension("md"));
        let root = files.get_mut(Path::new(ROOT)).context(ROOT)?;
        let path = format!("self :: {name} ::");
        let mut gone = Vec::new();
        let mut edits = Edits::new(root);
        for item in syn::parse_file(root)?.items {
            match &item {
                Item::Mod(module) if module.ident == name => {}
                Item::Use(import)
                    if import.tree.to_token_stream().to_string().starts_with(&path) =>
                {
                    gone.extend(imports::leaves(&import.tree));
                }
                _ => continue,
            }
            let (start, end) = lines_of(&item, root)?;
            edits.remove_item(start, end);
        }
        *root = edits.apply();
        let promised = promises::names(&removed)?;
        let modules = files.iter_mut().filter(|(path, _)| is_rust(path));
        for (_, text) in modules {
            *text = promises::without(text, &promised);
        }
        let names = self.names.iter().filter(|known| !gone.contains(known));
        let names = names.cloned().collect();
        Ok(Self { files, names })
    }

    /// The library before it tells people what does not compile: by pages that its items take in, and
    /// by messages of the compiler.
    pub fn without_advice(&self) -> Self {
        let is_page = |path: &Path| path.extension().is_some_and(|extension| extension == "md");
        let files = self.files.iter().filter(|(path, _)| !is_page(path));
        Self {
            files: files
                .map(|(path, text)| (path.clone(), without_advice(text)))
                .collect(),
            names: self.names.clone(),
        }
    }
}

fn is_rust(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "rs")
}

fn without_advice(text: &str) -> String {
    let mut lines = text.split_inclusive('\n');
    let mut kept = String::new();
    while let Some(line) = lines.next() {
        let start = line.trim_start();
        if start.starts_with("#[diagnostic::") {
            // The attribute ends where its indentation does.
            let indent = &line[..line.len() - start.len()];
            let end = format!("{indent})]");
            lines.by_ref().find(|line| line.trim_end() == end);
        } else if !(start.starts_with("#[cfg_attr(") && start.contains("include_str!(")) {
            kept.push_str(line);
        }
    }
    kept
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
