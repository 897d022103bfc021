// SPDX-License-Identifier: GPL-2.0

//! The library in this repository: its files, and how they were before a later feature.

use super::imports;
use super::line_edits::{LineEdits, lines_of};
use anyhow::{Context, Result, bail};
use proc_macro2::Ident;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use syn::{Item, UseTree, Visibility};
use walkdir::WalkDir;

pub const DMA_RS: &str = "rust/kernel/dma.rs";
pub const ROOT: &str = "rust/kernel/dma/coherent.rs";
const PARTS: &str = "rust/kernel/dma/coherent/";

/// The features that patches of their own add, in this order. Each is a module of `coherent.rs`:
/// its files, its `mod` item and what is re-exported from it.
pub const FEATURES: [&str; 5] = ["at", "cast", "range", "zeroed", "bound"];

/// What this repository adds to a kernel tree.
pub struct Library {
    checkout: PathBuf,
    /// The files for `rust/kernel/dma`, by their path in a kernel tree.
    pub files: BTreeMap<String, String>,
}

impl Library {
    /// The library of a checkout, with the files of `overlay` in the place of its `rust/kernel/dma`.
    pub fn read(checkout: &Path, overlay: &Path) -> Result<Self> {
        let mut files = BTreeMap::new();
        for entry in WalkDir::new(overlay) {
            let entry = entry.with_context(|| format!("cannot read {}", overlay.display()))?;
            let path = entry.path();
            if path.extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            let relative = path.strip_prefix(overlay)?.display();
            let in_tree = format!("rust/kernel/dma/{relative}");
            if in_tree != ROOT && !in_tree.starts_with(PARTS) {
                bail!("{} is not part of the module `coherent`", path.display());
            }
            let text = fs::read_to_string(path);
            let text = text.with_context(|| format!("cannot read {}", path.display()))?;
            files.insert(in_tree, text);
        }
        if !files.contains_key(ROOT) {
            bail!("{} has no coherent.rs", overlay.display());
        }
        let checkout = checkout.to_path_buf();
        Ok(Self { checkout, files })
    }

    /// A file of the repository.
    pub fn text(&self, path: impl AsRef<Path>) -> Result<String> {
        let path = self.checkout.join(path);
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    }

    pub fn has(&self, path: &str) -> bool {
        self.checkout.join(path).exists()
    }

    /// The names of the files in a directory of the repository; none if there is no such directory.
    pub fn list(&self, path: &str) -> Result<Vec<String>> {
        let mut names = Vec::new();
        if self.has(path) {
            for entry in fs::read_dir(self.checkout.join(path))? {
                names.push(entry?.file_name().to_string_lossy().into_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    /// The files of the library with the first `count` features.
    pub fn with_features(&self, count: usize) -> Result<BTreeMap<String, String>> {
        let mut files = self.files.clone();
        for name in &FEATURES[count..] {
            let (file, children) = (format!("{PARTS}{name}.rs"), format!("{PARTS}{name}/"));
            files.remove(&file).with_context(|| format!("no {file}"))?;
            files.retain(|path, _| !path.starts_with(&children));
            let root = files.get_mut(ROOT).context(ROOT)?;
            *root = without_module(root, name).context(ROOT)?;
        }
        Ok(files)
    }
}

/// A file without the declaration of a module, and without what is re-exported from it.
fn without_module(text: &str, name: &str) -> Result<String> {
    let mut edits = LineEdits::default();
    let mut declared = false;
    for item in syn::parse_file(text)?.items {
        let is_declaration = matches!(&item, Item::Mod(module) if module.ident == name);
        let is_export = matches!(&item, Item::Use(import) if is_from_child(&import.tree, name));
        if is_declaration || is_export {
            edits.remove(lines_of(&item, text)?);
        }
        declared |= is_declaration;
    }
    if !declared {
        bail!("no `mod {name};`");
    }
    Ok(edits.apply(text))
}

/// Whether an import starts with `self::name`.
fn is_from_child(tree: &UseTree, name: &str) -> bool {
    let UseTree::Path(first) = tree else {
        return false;
    };
    first.ident == "self"
        && match &*first.tree {
            UseTree::Path(second) => second.ident == name,
            UseTree::Name(second) => second.ident == name,
            _ => false,
        }
}

/// The public items and re-exports of a module.
pub fn public_names(text: &str) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for item in syn::parse_file(text)?.items {
        match &item {
            Item::Use(import) if is_public(&import.vis) => {
                names.extend(imports::leaves(&import.tree));
            }
            item => names.extend(
                defined(item)
                    .filter(|(vis, _)| is_public(vis))
                    .map(|(_, name)| name.to_string()),
            ),
        }
    }
    if names.is_empty() || names.iter().any(|name| name == "*") {
        bail!("the module has to list the names that it offers");
    }
    Ok(names)
}

fn is_public(vis: &Visibility) -> bool {
    matches!(vis, Visibility::Public(_))
}

/// The name that an item defines.
pub fn defined(item: &Item) -> Option<(&Visibility, &Ident)> {
    Some(match item {
        Item::Const(item) => (&item.vis, &item.ident),
        Item::Enum(item) => (&item.vis, &item.ident),
        Item::Fn(item) => (&item.vis, &item.sig.ident),
        Item::Mod(item) => (&item.vis, &item.ident),
        Item::Static(item) => (&item.vis, &item.ident),
        Item::Struct(item) => (&item.vis, &item.ident),
        Item::Trait(item) => (&item.vis, &item.ident),
        Item::Type(item) => (&item.vis, &item.ident),
        Item::Union(item) => (&item.vis, &item.ident),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_public_is_offered() {
        let names = public_names(
            "pub use self::a::{self, B, C as D};\nuse e::F;\npub(crate) struct G;\npub enum H {}\n\
             pub type J = u8;\npub mod l;\nfn m() {}\npub trait N {}\npub const O: u8 = 1;\n",
        );
        assert_eq!(
            names.expect("names"),
            ["a", "B", "D", "H", "J", "l", "N", "O"]
        );
        for text in ["struct Private;", "pub use self::kind::*;"] {
            let error = public_names(text).expect_err(text).to_string();
            assert!(error.contains("list the names"), "{error}");
        }
    }

    #[test]
    fn a_module_goes_with_its_declarations() {
        let rest = "mod a;\nmod c;\n\npub use self::a::A;\n\npub struct S;\n";
        for (b, export) in [
            ("mod b;\n", "pub use self::b::{\n    B,\n    C, //\n};\n"),
            ("pub mod b;\n", ""),
        ] {
            let text = rest.replace("mod c;", &format!("{b}mod c;"));
            let text = text.replace("\n\npub struct", &format!("\n{export}\npub struct"));
            assert_eq!(without_module(&text, "b").expect("an edit"), rest);
        }
        without_module(rest, "b").expect_err("no such module");
    }
}
