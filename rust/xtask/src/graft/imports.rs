// SPDX-License-Identifier: GPL-2.0

//! Imports: which of them what remains of a file still uses, in the kernel's way to write them.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use std::collections::HashSet;
use syn::{Item, ItemUse, UseTree, Visibility};

/// What is left of a `use` item.
#[derive(Debug, PartialEq)]
pub enum Kept {
    All,
    Some(String),
    None,
}

/// Every identifier in the items, those in macros included.
pub fn used<'a>(items: impl Iterator<Item = &'a Item>) -> HashSet<String> {
    let mut names = HashSet::new();
    for item in items.filter(|item| !matches!(item, Item::Use(_))) {
        collect(item.to_token_stream(), &mut names);
    }
    names
}

fn collect(tokens: TokenStream, names: &mut HashSet<String>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => collect(group.stream(), names),
            TokenTree::Ident(ident) => {
                names.insert(ident.to_string());
            }
            _ => {}
        }
    }
}

/// Takes out of an import what is not in `used`.
pub fn keep(import: &ItemUse, used: &HashSet<String>) -> Kept {
    // A re-export is used elsewhere, and an import with a `cfg` perhaps in another configuration.
    if !matches!(import.vis, Visibility::Inherited) || !import.attrs.is_empty() {
        return Kept::All;
    }
    match prune(&import.tree, None, used) {
        None => Kept::None,
        Some(tree) if tree == import.tree => Kept::All,
        Some(tree) => Kept::Some(format!("use {};", print(&tree, 0))),
    }
}

/// The names that an import brings into scope.
pub fn leaves(tree: &UseTree) -> Vec<String> {
    match tree {
        UseTree::Path(path) => leaves(&path.tree),
        UseTree::Name(name) => vec![name.ident.to_string()],
        UseTree::Rename(rename) => vec![rename.rename.to_string()],
        UseTree::Glob(_) => Vec::new(),
        UseTree::Group(group) => group.items.iter().flat_map(leaves).collect(),
    }
}

/// `parent` is what `self` stands for.
fn prune(tree: &UseTree, parent: Option<&str>, used: &HashSet<String>) -> Option<UseTree> {
    let is_used = |name: &str| match (name, parent) {
        ("self", Some(parent)) => used.contains(parent),
        _ => used.contains(name),
    };
    match tree {
        UseTree::Path(path) => {
            let rest = prune(&path.tree, Some(&path.ident.to_string()), used)?;
            // `device::{self}` is `device`.
            if matches!(&rest, UseTree::Name(name) if name.ident == "self") {
                return Some(UseTree::Name(syn::UseName {
                    ident: path.ident.clone(),
                }));
            }
            let mut path = path.clone();
            *path.tree = rest;
            Some(UseTree::Path(path))
        }
        UseTree::Name(name) => is_used(&name.ident.to_string()).then(|| tree.clone()),
        UseTree::Rename(rename) => is_used(&rename.rename.to_string()).then(|| tree.clone()),
        UseTree::Glob(_) => Some(tree.clone()),
        UseTree::Group(group) => {
            let mut kept: Vec<_> = group
                .items
                .iter()
                .filter_map(|item| prune(item, parent, used))
                .collect();
            match kept.len() {
                0 => None,
                1 => kept.pop(),
                _ => {
                    let mut group = group.clone();
                    // The separators are made anew when this is printed.
                    group.items = kept.into_iter().collect();
                    group.items.push_punct(Default::default());
                    Some(UseTree::Group(group))
                }
            }
        }
    }
}

/// One name to a line; the comment after the last one keeps rustfmt from joining the lines.
fn print(tree: &UseTree, depth: usize) -> String {
    match tree {
        UseTree::Path(path) => format!("{}::{}", path.ident, print(&path.tree, depth)),
        UseTree::Name(name) => name.ident.to_string(),
        UseTree::Rename(rename) => format!("{} as {}", rename.ident, rename.rename),
        UseTree::Glob(_) => "*".to_string(),
        UseTree::Group(group) => {
            let indent = "    ".repeat(depth + 1);
            let items: Vec<_> = group
                .items
                .iter()
                .map(|item| print(item, depth + 1))
                .collect();
            format!(
                "{{\n{indent}{}, //\n{}}}",
                items.join(&format!(",\n{indent}")),
                "    ".repeat(depth)
            )
        }
    }
}
