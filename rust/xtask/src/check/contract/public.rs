// SPDX-License-Identifier: GPL-2.0

//! The functions that a file of Rust offers, and whether another file names each.

use crate::check::files;
use anyhow::{Context, Result, ensure};
use quote::ToTokens;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use syn::{ImplItem, Item, Visibility};

/// Fails if `file` does not name a public function, or one of a trait, of types with `of` in their
/// names in the Rust files at `source`; their number.
pub fn all_named(file: &Path, source: &Path, of: &str) -> Result<usize> {
    let mut functions = BTreeSet::new();
    for path in files(source, "rs")? {
        let text = fs::read_to_string(&path)?;
        let parsed = syn::parse_file(&text).with_context(|| path.display().to_string())?;
        functions.extend(parsed.items.iter().flat_map(|item| offered(item, of)));
    }
    let text = fs::read_to_string(file).with_context(|| format!("no {}", file.display()))?;
    let ends_word = |c: char| !c.is_alphanumeric() && c != '_';
    let words: BTreeSet<&str> = text.split(ends_word).collect();
    let missing: Vec<&String> = functions
        .iter()
        .filter(|name| !words.contains(name.as_str()))
        .collect();
    let shown = file.display();
    ensure!(missing.is_empty(), "{shown} does not name {missing:?}");
    ensure!(!functions.is_empty(), "no functions are found");
    Ok(functions.len())
}

fn offered(item: &Item, of: &str) -> Vec<String> {
    let is_public = |vis: &Visibility| matches!(vis, Visibility::Public(_));
    match item {
        Item::Fn(item) if of.is_empty() && is_public(&item.vis) => {
            vec![item.sig.ident.to_string()]
        }
        Item::Impl(item) if item.self_ty.to_token_stream().to_string().contains(of) => {
            let functions = item.items.iter().filter_map(|function| match function {
                ImplItem::Fn(function) if item.trait_.is_some() || is_public(&function.vis) => {
                    Some(function.sig.ident.to_string())
                }
                _ => None,
            });
            functions.collect()
        }
        _ => Vec::new(),
    }
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
        let named = |of| all_named(&file, &library, of);
        assert_eq!(named("Coherent").expect("named"), 2);
        let error = named("").expect_err("not named").to_string();
        assert!(error.contains("[\"b\"]"), "{error}");
        fs::write(&file, "c.a_with(); drop(c); ").expect("written");
        let error = named("Coherent").expect_err("not named").to_string();
        assert!(error.contains("[\"a\"]"), "{error}");
    }
}
