// SPDX-License-Identifier: GPL-2.0

//! `use` items: which names a set of items needs from them, written in the kernel's style.

use super::tokens::path_heads;
use anyhow::{Result, bail};
use quote::ToTokens;
use std::collections::HashSet;
use syn::spanned::Spanned;
use syn::{Item, ItemUse, UseName, UseTree, Visibility};

/// The names that the items may take from an import. Of a `use` item, that is the start of its path.
pub fn used<'a>(items: impl IntoIterator<Item = &'a Item>) -> HashSet<String> {
    let mut names = HashSet::new();
    for item in items {
        match item {
            Item::Use(import) => names.extend(heads(&import.tree)),
            item => {
                let heads = path_heads(item.to_token_stream());
                names.extend(heads.iter().map(ToString::to_string));
            }
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

/// Whether an import is used only in this file: no re-export, and in every configuration.
pub fn is_plain(import: &ItemUse) -> bool {
    matches!(import.vis, Visibility::Inherited) && import.attrs.is_empty()
}

/// Reduces a plain import, whose source is `text`, to the names in `used`; `None` if there are none.
pub fn keep(import: &ItemUse, text: &str, used: &HashSet<String>) -> Result<Option<String>> {
    let Some(tree) = prune(&import.tree, None, used) else {
        return Ok(None);
    };
    if leaves(&tree).len() == leaves(&import.tree).len() {
        return Ok(Some(text.to_string()));
    }
    let is_remark = |line: &str| match line.split_once("//") {
        Some((_, comment)) => !comment.trim().is_empty(),
        None => line.contains("/*"),
    };
    if text.lines().any(is_remark) {
        bail!(
            "line {}: an import that has to change has a comment in it",
            import.span().start().line
        );
    }
    let colons = import.leading_colon.map_or("", |_| "::");
    Ok(Some(format!("use {colons}{};", print(&tree, 0))))
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
        // What `*` offers is not known here. Code that needs the prelude has functions that fail.
        UseTree::Glob(_) => {
            (parent != Some("prelude") || used.contains("Result")).then(|| tree.clone())
        }
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

/// The braces of a list of names that are imported from one module or re-exported.
pub fn list(mut names: Vec<String>) -> String {
    names.sort_by_cached_key(|name| (class(name), name.clone()));
    names.dedup();
    match names.as_slice() {
        [name] => name.clone(),
        names => format!("{{\n    {}, //\n}}", names.join(",\n    ")),
    }
}

/// The place of a name in rustfmt's order: functions and modules, types, constants.
fn class(name: &str) -> usize {
    if name.starts_with(char::is_lowercase) {
        0
    } else if name.contains(char::is_lowercase) {
        1
    } else {
        2
    }
}

/// One name a line; the comment after the last one keeps rustfmt from joining the lines.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(import: &str, used: &[&str]) -> Option<String> {
        let used = used.iter().map(ToString::to_string).collect();
        let item = syn::parse_str(import).expect("an import");
        keep(&item, import, &used).expect("an answer")
    }

    #[test]
    fn an_import_keeps_what_is_used() {
        for (import, used, expected) in [
            ("use a::b;", &["b"][..], Some("use a::b;")),
            ("use a::b;", &["a"], None),
            ("use a::{b, c};", &["c", "b"], Some("use a::{b, c};")),
            ("use a::{b, c};", &["c"], Some("use a::c;")),
            ("use a::{self, b};", &["a"], Some("use a;")),
            ("use a::{self, b};", &["b", "self"], Some("use a::b;")),
            ("use a::{b, *};", &[], Some("use a::*;")),
            (
                "use a::prelude::*;",
                &["Result"],
                Some("use a::prelude::*;"),
            ),
            ("use a::prelude::*;", &["b"], None),
            ("use a::b as c;", &["b"], None),
            ("use a::{b as c, d};", &["c"], Some("use a::b as c;")),
            ("use a::Trait as _;", &[], Some("use a::Trait as _;")),
            ("use ::a::{b, c};", &["c"], Some("use ::a::c;")),
            (
                "use a::{b::{c, d, e}, f::{g, h}, i::{j}};",
                &["c", "e", "h"],
                Some("use a::{\n    b::{\n        c,\n        e, //\n    },\n    f::h, //\n};"),
            ),
        ] {
            assert_eq!(kept(import, used).as_deref(), expected, "{import} {used:?}");
        }
        let remark = syn::parse_str("use a::{b, c};").expect("an import");
        let used = HashSet::from(["b".to_string()]);
        keep(&remark, "use a::{b, c /* why */};", &used).expect_err("the remark would be lost");
    }

    #[test]
    fn used_is_what_the_code_names() {
        let file: syn::File = syn::parse_str(
            "use a::B; pub use c::{d::E, F}; /// [`G`]\nfn h(_: I) { j!(K { l }); }",
        )
        .expect("Rust");
        let used = used(&file.items);
        let has = |name: &&str| used.contains(*name);
        assert!(["a", "c", "I", "j", "K", "l"].iter().all(|name| has(&name)));
        assert!(!["B", "E", "F", "G"].iter().any(|name| has(&name)));
    }

    #[test]
    fn a_list_is_in_the_order_of_rustfmt() {
        let names = ["MAX", "Kind", "all", "Kind"].map(str::to_string);
        assert_eq!(
            list(names.to_vec()),
            "{\n    all,\n    Kind,\n    MAX, //\n}"
        );
        assert_eq!(list(vec!["Kind".into()]), "Kind");
    }
}
