// SPDX-License-Identifier: GPL-2.0

//! Imports: which of them what remains of a file still uses, in the kernel's way to write them.

use super::WAY_OUT;
use super::tokens::idents;
use anyhow::{Result, bail};
use quote::ToTokens;
use std::collections::HashSet;
use syn::spanned::Spanned;
use syn::{Item, ItemUse, UseName, UseTree, Visibility};

/// What is left of a `use` item.
#[derive(Debug, PartialEq)]
pub enum Kept {
    All,
    Some(String),
    None,
}

/// Every identifier in the items. Of imports it is the one that a path starts with: that may be a
/// name which another one imports.
pub fn used<'a>(items: impl Iterator<Item = &'a Item>) -> HashSet<String> {
    let mut names = HashSet::new();
    for item in items {
        match item {
            Item::Use(import) => names.extend(heads(&import.tree)),
            item => names.extend(idents(item.to_token_stream()).iter().map(|i| i.to_string())),
        }
    }
    names
}

fn heads(tree: &UseTree) -> Vec<String> {
    match tree {
        UseTree::Path(path) => vec![path.ident.to_string()],
        UseTree::Group(group) => group.items.iter().flat_map(heads).collect(),
        _ => Vec::new(),
    }
}

/// Takes out of an import, which is written as `text`, what is not in `used`.
pub fn keep(import: &ItemUse, text: &str, used: &HashSet<String>) -> Result<Kept> {
    // A re-export is used elsewhere, and an import with a `cfg` perhaps in another configuration.
    if !matches!(import.vis, Visibility::Inherited) || !import.attrs.is_empty() {
        return Ok(Kept::All);
    }
    let Some(tree) = prune(&import.tree, None, used) else {
        return Ok(Kept::None);
    };
    if leaves(&tree).len() == leaves(&import.tree).len() {
        return Ok(Kept::All);
    }
    let is_remark = |line: &str| match line.split_once("//") {
        Some((_, comment)) => !comment.trim().is_empty(),
        None => line.contains("/*"),
    };
    if text.lines().any(is_remark) {
        bail!(
            "line {}: an import that has to change has a comment in it; {WAY_OUT}",
            import.span().start().line
        );
    }
    let colons = import.leading_colon.map_or("", |_| "::");
    Ok(Kept::Some(format!("use {colons}{};", print(&tree, 0))))
}

/// The names that an import brings into scope, and `*` for all.
pub fn leaves(tree: &UseTree) -> Vec<String> {
    match tree {
        UseTree::Path(path) => {
            let mut names = leaves(&path.tree);
            for name in names.iter_mut().filter(|name| *name == "self") {
                *name = path.ident.to_string();
            }
            names
        }
        UseTree::Name(name) => vec![name.ident.to_string()],
        UseTree::Rename(rename) => vec![rename.rename.to_string()],
        UseTree::Glob(_) => vec!["*".to_string()],
        UseTree::Group(group) => group.items.iter().flat_map(leaves).collect(),
    }
}

/// `parent` is what `self` stands for.
fn prune(tree: &UseTree, parent: Option<&str>, used: &HashSet<String>) -> Option<UseTree> {
    match tree {
        UseTree::Path(path) => {
            let rest = prune(&path.tree, Some(&path.ident.to_string()), used)?;
            // `device::{self}` is `device`.
            if matches!(&rest, UseTree::Name(name) if name.ident == "self") {
                let ident = path.ident.clone();
                return Some(UseTree::Name(UseName { ident }));
            }
            let mut path = path.clone();
            *path.tree = rest;
            Some(UseTree::Path(path))
        }
        UseTree::Name(name) => {
            let name = name.ident.to_string();
            let name = parent.filter(|_| name == "self").unwrap_or(&name);
            used.contains(name).then(|| tree.clone())
        }
        // A trait can be used without its name, and is when it is imported as `_`.
        UseTree::Rename(rename) => {
            let name = rename.rename.to_string();
            (name == "_" || used.contains(&name)).then(|| tree.clone())
        }
        UseTree::Glob(_) => Some(tree.clone()),
        UseTree::Group(group) => {
            let prune = |item| prune(item, parent, used);
            let mut kept: Vec<_> = group.items.iter().filter_map(prune).collect();
            if kept.len() < 2 {
                return kept.pop();
            }
            let mut group = group.clone();
            group.items = kept.into_iter().collect();
            Some(UseTree::Group(group))
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
            let print = |item| print(item, depth + 1);
            let items: Vec<_> = group.items.iter().map(print).collect();
            let indent = "    ".repeat(depth);
            let items = items.join(&format!(",\n{indent}    "));
            format!("{{\n{indent}    {items}, //\n{indent}}}")
        }
    }
}
