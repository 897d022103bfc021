// SPDX-License-Identifier: GPL-2.0

//! The text of `dma.rs`: without the items that the library replaces, and with its names.

use super::WAY_OUT;
use super::edits::{Edits, lines_of};
use super::family;
use super::imports::{self, Kept};
use anyhow::{Context, Result, anyhow, bail};
use syn::spanned::Spanned;
use syn::{File, Item, UseTree, Visibility};

/// A `dma.rs` with the library in it.
#[derive(Debug)]
pub struct Grafted {
    pub text: String,
    /// How many lines of code were taken out, not counting comments and blank lines.
    pub removed: usize,
}

/// The text of `dma.rs`, with a library that offers `names`. A text that is grafted already gets the
/// names that the library has now.
pub fn graft_dma_rs(text: &str, names: &[String]) -> Result<Grafted> {
    graft_dma_rs_but(text, names, None)
}

/// The same, but the type `kept` of the family stays.
pub fn graft_dma_rs_but(text: &str, names: &[String], kept: Option<&str>) -> Result<Grafted> {
    let stays = |item: &Item| !family::is_family(item) || family::subject(item).as_deref() == kept;
    let file = parse(text)?;
    let wiring = wiring(names);
    let mut edits = Edits::new(text);

    if let Some((start, end)) = wired(&file, text)? {
        edits.replace(start, end, wiring);
        let text = edits.apply();
        return Ok(Grafted { text, removed: 0 });
    }

    let mut family = family::find(file.items.iter())?;
    family.check()?;
    family.items.retain(|item| !stays(item));
    for item in &family.items {
        let (start, end) = lines_of(item, text)?;
        edits.remove_item(start, end);
    }
    let last_use = file
        .items
        .iter()
        .rposition(|item| matches!(item, Item::Use(_)))
        .with_context(|| format!("no `use` item to put the module after; {WAY_OUT}"))?;
    let used = imports::used(file.items.iter().filter(|item| stays(item)));
    for (index, item) in file.items.iter().enumerate() {
        let Item::Use(import) = item else { continue };
        let (start, end) = lines_of(item, text)?;
        let kept = imports::keep(import, &edits.text(start, end), &used)?;
        if index == last_use {
            let import = match kept {
                Kept::All => Some(edits.text(start, end)),
                Kept::Some(text) => Some(text),
                Kept::None => None,
            };
            edits.wire(start, end, import, wiring.clone());
        } else {
            match kept {
                Kept::All => {}
                Kept::Some(text) => edits.replace(start, end, text),
                Kept::None => edits.remove_item(start, end),
            }
        }
    }
    let removed = family.code_lines();
    let text = edits.apply();
    Ok(Grafted { text, removed })
}

/// Whether the text of a `dma.rs` has the library in it. Half of a graft is an error.
pub fn is_grafted(text: &str) -> Result<bool> {
    Ok(wired(&parse(text)?, text)?.is_some())
}

/// What declares the library in `dma.rs`.
fn wiring(names: &[String]) -> String {
    let mut names = names.to_vec();
    names.sort_by_cached_key(|name| (class(name), name.clone()));
    names.dedup();
    format!(
        "mod coherent;\n\npub use self::coherent::{{\n    {}, //\n}};",
        names.join(",\n    ")
    )
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

/// The lines of the wiring, if there is one.
fn wired(file: &File, text: &str) -> Result<Option<(usize, usize)>> {
    let mut mods = file.items.iter().filter(|item| is_coherent_mod(item));
    let mut uses = file.items.iter().filter(|item| is_coherent_use(item));
    let half = |item: &Item, what: &str| -> Result<_> {
        let line = item.span().start().line;
        bail!("line {line}: half of a graft: {what}; {WAY_OUT}")
    };
    let (module, import) = match (mods.next(), uses.next()) {
        (None, None) => return Ok(None),
        (Some(module), Some(import)) => (module, import),
        (Some(module), None) => {
            return half(
                module,
                "the module `coherent`, and no `pub use` of its names",
            );
        }
        (None, Some(import)) => {
            return half(
                import,
                "names of the module `coherent`, which is not declared",
            );
        }
    };
    if let Some(second) = mods.next().or(uses.next()) {
        return half(second, "the module `coherent` or its names a second time");
    }
    let is_plain = match (module, import) {
        (Item::Mod(module), Item::Use(import)) => {
            module.content.is_none()
                && module.attrs.is_empty()
                && import.attrs.is_empty()
                && matches!(module.vis, Visibility::Inherited)
                && matches!(import.vis, Visibility::Public(_))
        }
        _ => false,
    };
    if !is_plain {
        return half(
            module,
            "the module `coherent` is not declared as a graft does it",
        );
    }
    let ((start, above), (below, end)) = (lines_of(module, text)?, lines_of(import, text)?);
    // What stands between them would be lost.
    if above >= below
        || !Edits::new(text)
            .text(above + 1, below - 1)
            .trim()
            .is_empty()
    {
        return half(import, "the names do not directly follow `mod coherent`");
    }
    let others = file.items.iter().filter(|item| !is_coherent_use(item));
    if let Some((name, line)) = family::find(others)?.first() {
        bail!("line {line}: half of a graft: the library's module, and `{name}`; {WAY_OUT}");
    }
    Ok(Some((start, end)))
}

fn is_coherent_mod(item: &Item) -> bool {
    matches!(item, Item::Mod(module) if module.ident == "coherent")
}

/// Whether this takes names from the module `coherent` that is a child of `dma`.
fn is_coherent_use(item: &Item) -> bool {
    let Item::Use(import) = item else {
        return false;
    };
    let UseTree::Path(first) = &import.tree else {
        return false;
    };
    if first.ident == "coherent" {
        return true;
    }
    matches!(&*first.tree, UseTree::Path(second)
        if first.ident == "self" && second.ident == "coherent")
}

pub fn parse(text: &str) -> Result<File> {
    syn::parse_file(text).map_err(|error| {
        let line = error.span().start().line;
        anyhow!("line {line}: not Rust: {error}; {WAY_OUT}")
    })
}
