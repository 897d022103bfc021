// SPDX-License-Identifier: GPL-2.0

//! Every way in which the CPU reaches memory is named in some forbidden program.
//!
//! The names are read from the code: from the kernel's `Io` trait those methods that need an
//! operation of the backend, from the library the inherent methods that only one kind has. So a new
//! one, of the kernel or the library, is missed here until somebody has said that it is forbidden.

use crate::check::contract::cases::Case;
use crate::check::contract::pages;
use anyhow::{Context, Result, anyhow, ensure};
use quote::ToTokens;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use syn::{GenericParam, ImplItem, Item, ItemImpl, TraitItem, TraitItemFn, Visibility};

/// One result for each accessor.
pub fn check(tree: &Path, library: &Path, cases: &[&Case]) -> Result<Vec<Result<()>>> {
    let mut names: BTreeSet<String> = of_io(tree)?
        .iter()
        .map(|f| f.sig.ident.to_string())
        .collect();
    for path in pages::files(library, "rs")? {
        names.extend(of_library(&read(&path)?));
    }
    Ok(names
        .iter()
        .map(|name| {
            let calls = [format!(".{name}("), format!("::{name}(")];
            let named = |case: &&Case| calls.iter().any(|call| case.forbidden.contains(call));
            match cases.iter().any(named) {
                true => Ok(()),
                false => Err(anyhow!("no forbidden program calls `{name}`")),
            }
        })
        .collect())
}

/// The methods of the kernel's trait `Io` that need an operation of the backend.
pub fn of_io(tree: &Path) -> Result<Vec<TraitItemFn>> {
    let io = tree.join("rust/kernel/io.rs");
    let methods = of_trait(&read(&io)?);
    ensure!(
        !methods.is_empty(),
        "{} has no trait `Io` with accessors",
        io.display()
    );
    Ok(methods)
}

pub fn read(path: &Path) -> Result<Vec<Item>> {
    let text = fs::read_to_string(path).with_context(|| format!("no {}", path.display()))?;
    let file = syn::parse_file(&text).with_context(|| path.display().to_string())?;
    Ok(file.items)
}

fn of_trait(items: &[Item]) -> Vec<TraitItemFn> {
    let methods = items.iter().filter_map(|item| match item {
        Item::Trait(item) if item.ident == "Io" => Some(&item.items),
        _ => None,
    });
    methods
        .flatten()
        .filter_map(|item| match item {
            TraitItem::Fn(method) => Some(method),
            _ => None,
        })
        .filter(|method| {
            let bounds = method
                .sig
                .generics
                .where_clause
                .to_token_stream()
                .to_string();
            bounds.contains("IoCapable") || bounds.contains("IoCopyable")
        })
        .cloned()
        .collect()
}

/// The public methods of buffers and views that `NoMapping` does not have.
fn of_library(items: &[Item]) -> BTreeSet<String> {
    items
        .iter()
        .filter_map(|item| match item {
            Item::Impl(item) if item.trait_.is_none() && needs_mapping(item) => Some(&item.items),
            _ => None,
        })
        .flatten()
        .filter_map(|item| match item {
            ImplItem::Fn(method) if matches!(method.vis, Visibility::Public(_)) => {
                Some(method.sig.ident.to_string())
            }
            _ => None,
        })
        .collect()
}

fn needs_mapping(item: &ItemImpl) -> bool {
    let target = item.self_ty.to_token_stream().to_string();
    let is_buffer = target.starts_with("Coherent <") || target.starts_with("CoherentView <");
    let for_all = item.generics.params.iter().any(|param| match param {
        GenericParam::Type(param) => param
            .bounds
            .to_token_stream()
            .to_string()
            .contains("CoherentKind"),
        _ => false,
    });
    is_buffer && !for_all && !target.contains("NoMapping")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(text: &str) -> Vec<Item> {
        syn::parse_file(text).expect("Rust").items
    }

    #[test]
    fn what_needs_the_backend_is_found() {
        let text = "trait Io { fn size(self); fn get(self) where Self::B: IoCapable<u8>; }
                    trait Other { fn put(self) where Self::B: IoCopyable; }";
        let found = of_trait(&items(text));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].sig.ident, "get");
    }

    #[test]
    fn what_one_kind_has_is_found() {
        let text = "impl<T> Coherent<T> { pub fn a(&self) {} fn hidden(&self) {} }
                    impl<T, K: CpuMapping> CoherentView<'_, T, K> { pub fn b(self) {} }
                    impl<T, K: CoherentKind> Coherent<T, K> { pub fn c(&self) {} }
                    impl<T> Coherent<T, NoMapping> { pub fn d() {} }
                    impl<T> Drop for Coherent<T> { fn drop(&mut self) {} }
                    impl<T> CoherentBox<T> { pub fn e() {} }";
        let found: Vec<String> = of_library(&items(text)).into_iter().collect();
        assert_eq!(found, ["a", "b"]);
    }
}
