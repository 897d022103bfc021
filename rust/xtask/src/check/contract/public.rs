// SPDX-License-Identifier: GPL-2.0

//! The functions that a file of Rust offers, and whether another file names each.

use anyhow::{Context, Result, ensure};
use quote::ToTokens;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use syn::{ImplItem, Item, Visibility};
use walkdir::WalkDir;

/// Fails if `file` does not name a public function of the library in the directory `library`.
pub fn all_probed(file: &Path, library: &Path) -> Result<usize> {
    let mut functions = BTreeSet::new();
    for entry in WalkDir::new(library) {
        let path = entry?.into_path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            functions.extend(offered(&path, "")?);
        }
    }
    named(file, &functions)
}

/// Fails if `file` does not name a public function of the coherent types in the file `dma`.
pub fn all_compared(file: &Path, dma: &Path) -> Result<usize> {
    named(file, &offered(dma, "Coherent")?)
}

/// The public functions, and those of traits, of types that have `of` in their names.
fn offered(path: &Path, of: &str) -> Result<BTreeSet<String>> {
    let text = fs::read_to_string(path).with_context(|| format!("no {}", path.display()))?;
    let file = syn::parse_file(&text).with_context(|| path.display().to_string())?;
    let mut functions = BTreeSet::new();
    for item in file.items {
        match item {
            Item::Fn(item) if of.is_empty() && matches!(item.vis, Visibility::Public(_)) => {
                functions.insert(item.sig.ident.to_string());
            }
            Item::Impl(item) if item.self_ty.to_token_stream().to_string().contains(of) => {
                for function in &item.items {
                    let ImplItem::Fn(function) = function else {
                        continue;
                    };
                    if item.trait_.is_some() || matches!(function.vis, Visibility::Public(_)) {
                        functions.insert(function.sig.ident.to_string());
                    }
                }
            }
            _ => {}
        }
    }
    Ok(functions)
}

fn named(file: &Path, functions: &BTreeSet<String>) -> Result<usize> {
    let text = fs::read_to_string(file).with_context(|| format!("no {}", file.display()))?;
    let ends_word = |c: char| !c.is_alphanumeric() && c != '_';
    let words: BTreeSet<&str> = text.split(ends_word).collect();
    let missing: Vec<&String> = functions
        .iter()
        .filter(|f| !words.contains(f.as_str()))
        .collect();
    ensure!(
        missing.is_empty(),
        "{} does not name {missing:?}",
        file.display()
    );
    ensure!(!functions.is_empty(), "no functions are found");
    Ok(functions.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIBRARY: &str = "
        impl<T> Coherent<T> { pub fn a(&self) {} fn hidden(&self) {} }
        impl<T> Drop for Coherent<T> { fn drop(&mut self) {} }
        impl Other { pub fn b() {} }
        pub fn c() {}
        fn d() {}";

    #[test]
    fn each_public_function_has_to_be_named() {
        let dir = tempfile::tempdir().expect("a directory");
        let [library, file] = ["library.rs", "probes.rs"].map(|name| dir.path().join(name));
        fs::write(&library, LIBRARY).expect("written");
        fs::write(&file, "c.a(); drop(c);").expect("written");
        assert_eq!(all_compared(&file, &library).expect("named"), 2);
        fs::write(&file, "c.a_with(); drop(c); ").expect("written");
        let error = all_compared(&file, &library).expect_err("not named");
        assert!(error.to_string().contains("[\"a\"]"), "{error}");
        let all = offered(&library, "").expect("functions");
        assert_eq!(all.into_iter().collect::<Vec<_>>(), ["a", "b", "c", "drop"]);
    }
}
