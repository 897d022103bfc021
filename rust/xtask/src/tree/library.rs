// SPDX-License-Identifier: GPL-2.0

//! The library in this repository: its files, and how they were before a later feature.

use super::edits;
use super::files::Files;
use anyhow::{Context, Result, bail};
use regex_lite::Regex;
use std::fs;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

pub const DMA_RS: &str = "rust/kernel/dma.rs";
pub const ROOT: &str = "rust/kernel/dma/coherent.rs";
const MODULES: &str = "rust/kernel/dma/coherent/";

/// The features that patches of their own add, in this order. Each is a module of `coherent.rs`:
/// its files, its `mod` item and what is re-exported from it.
pub const FEATURES: [&str; 5] = ["at", "cast", "range", "zeroed", "bound"];

/// What this repository adds to a kernel tree.
pub struct Library {
    checkout: PathBuf,
    /// The files for `rust/kernel/dma`, by their path in a kernel tree.
    pub files: Files,
}

impl Library {
    /// The library of a checkout, with the files of `overlay` in the place of its `rust/kernel/dma`.
    pub fn read(checkout: &Path, overlay: &Path) -> Result<Self> {
        let checkout = checkout.to_path_buf();
        let mut files = Files::new();
        for entry in WalkDir::new(overlay) {
            let path = entry.context("cannot read the library")?.into_path();
            if path.extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            let relative = path.strip_prefix(overlay)?.display();
            let in_tree = format!("rust/kernel/dma/{relative}");
            if in_tree != ROOT && !in_tree.starts_with(MODULES) {
                bail!("{} is not part of the module `coherent`", path.display());
            }
            files.insert(in_tree, read(&path)?);
        }
        Ok(Self { checkout, files })
    }

    /// A file of the repository.
    pub fn text(&self, path: &str) -> Result<String> {
        read(&self.checkout.join(path))
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
    pub fn with_features(&self, count: usize) -> Result<Files> {
        let mut files = self.files.clone();
        for name in &FEATURES[count..] {
            let (file, children) = (format!("{MODULES}{name}.rs"), format!("{MODULES}{name}/"));
            files.retain(|path, _| *path != file && !path.starts_with(&children));
            let root = files.get_mut(ROOT).context("no coherent.rs")?;
            *root = without_module(root, name)
                .with_context(|| format!("the feature \"{name}\" of the library"))?;
        }
        Ok(files)
    }
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// A file without the declaration of a module, and without what is re-exported from it.
fn without_module(text: &str, name: &str) -> Result<String> {
    let text = edits::once(text, &format!(r"^(?:pub )?mod {name};\n"), "")?;
    let export = Regex::new(&format!(r"(?m)^pub use self::{name}::[^;]*;\n"))?;
    Ok(export.replace_all(&text, "").into_owned())
}

/// The item with which `dma.rs` re-exports what a module offers.
pub fn export(module: &str) -> Result<String> {
    let defined = Regex::new(
        r"(?m)^pub (?:unsafe |const )*(?:fn|struct|enum|trait|type|const|static|mod) (\w+)",
    )?;
    let exported = Regex::new(r"(?m)^pub use self::\w+::([^;]*);")?;
    let mut names: Vec<_> = defined
        .captures_iter(module)
        .chain(exported.captures_iter(module))
        .flat_map(|found| names_in(&found[1]))
        .collect();
    // In rustfmt's order: functions and modules, types, constants.
    names.sort_by_key(|name| {
        let is_type = !name.starts_with(char::is_lowercase);
        let is_constant = !name.contains(char::is_lowercase);
        (is_type, is_constant, name.clone())
    });
    Ok(format!(
        "pub use self::coherent::{{\n    {}, //\n}};",
        names.join(",\n    ")
    ))
}

fn names_in(list: &str) -> Vec<String> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let words = list.split(|c| !is_word(c)).filter(|word| !word.is_empty());
    words.map(str::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_public_is_offered() {
        let item = export(
            "pub use self::a::{\n    B,\n    C, //\n};\nuse e::F;\npub(crate) struct G;\n\
             pub enum H {}\npub type J = u8;\npub mod l;\nfn m() {}\npub trait N {}\n\
             pub const O: u8 = 1;\npub use self::p::P;\npub const unsafe fn q() {}\n",
        );
        let names = ["l", "q", "B", "C", "H", "J", "N", "O", "P"].join(",\n    ");
        assert_eq!(
            item.expect("an item"),
            format!("pub use self::coherent::{{\n    {names}, //\n}};")
        );
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
