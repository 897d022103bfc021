// SPDX-License-Identifier: GPL-2.0

//! The methods of the kernel's `Io` trait that need an operation of the backend.

use anyhow::{Context, Result, ensure};
use quote::ToTokens;
use std::fs;
use std::path::Path;
use syn::{Item, TraitItem, TraitItemFn};

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
}
