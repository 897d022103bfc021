// SPDX-License-Identifier: GPL-2.0

//! The pure move: Linux 7.3's coherent types go from `dma.rs` to files of their own, each item byte
//! for byte. The files are those that the library replaces afterwards.

use super::imports;
use super::library::{DMA_RS, ROOT, defined, public_names};
use super::line_edits::{LineEdits, lines_of, text_of};
use super::upstream_items;
use anyhow::{Context, Result, anyhow, bail};
use quote::ToTokens;
use std::collections::BTreeMap;
use syn::{File, Item};

#[cfg(test)]
mod tests;

/// A child module of `dma::coherent`, and the types that it gets.
struct Part {
    name: &'static str,
    about: &'static str,
    types: &'static [&'static str],
}

const PARTS: [Part; 3] = [
    Part {
        name: "boxed",
        about: "Coherent memory that only the CPU accesses yet.",
        types: &["CoherentBox"],
    },
    Part {
        name: "handle",
        about: "Coherent memory without a kernel mapping.",
        types: &["CoherentHandle"],
    },
    Part {
        name: "view",
        about: "Views of coherent memory, for I/O projections.",
        types: &["CoherentIoBackend", "CoherentView"],
    },
];

const ROOT_HEAD: &str = "DMA-coherent memory.\n//!\n\
    //! C header: [`include/linux/dma-mapping.h`](srctree/include/linux/dma-mapping.h)";

/// Splits the text of `dma.rs`. Returns every file that is written, by its path in the tree.
pub fn split(text: &str) -> Result<BTreeMap<String, String>> {
    let file = parse(text)?;
    if let Some(item) = file.items.iter().find(|item| is_library(item)) {
        let line = lines_of(item, text)?.start().to_string();
        bail!("line {line}: the tree has the library already");
    }
    upstream_items::check(&file.items)?;

    let root = moved(&file, text, None)?;
    let names = public_names(&root)?;
    let mut files = BTreeMap::from([
        (DMA_RS.to_string(), remaining(&file, text, names)?),
        (ROOT.to_string(), root),
    ]);
    for part in &PARTS {
        let path = format!("rust/kernel/dma/coherent/{}.rs", part.name);
        files.insert(path, moved(&file, text, Some(part))?);
    }
    Ok(files)
}

/// The part that an item belongs to, or `None` for `coherent.rs`.
fn part_of(item: &Item) -> Option<&'static Part> {
    let with_type = |name: &str| PARTS.iter().find(|part| part.types.contains(&name));
    let Item::Impl(block) = item else {
        return with_type(&upstream_items::subject(item)?);
    };
    // The trait decides first: a conversion from a type belongs to that type, a view to views.
    let mut named = block.trait_.iter().flat_map(|(path, _)| {
        let tokens = super::tokens::idents(path.to_token_stream());
        tokens.into_iter().map(|ident| ident.to_string())
    });
    named
        .find_map(|name| match &*name {
            "IoBase" => with_type("CoherentView"),
            name => with_type(name),
        })
        .or_else(|| with_type(&upstream_items::subject(item)?))
}

fn is_same(one: Option<&Part>, other: Option<&Part>) -> bool {
    one.map(|part| part.name) == other.map(|part| part.name)
}

/// `dma.rs` without the types, and with their module.
fn remaining(file: &File, text: &str, names: Vec<String>) -> Result<String> {
    let stays = |item: &&Item| !upstream_items::is_upstream_item(item);
    let used = imports::used(file.items.iter().filter(stays));
    let mut edits = LineEdits::default();
    let mut last_import = None;
    for item in &file.items {
        let lines = lines_of(item, text)?;
        let Item::Use(import) = item else {
            if !stays(&item) {
                edits.remove(lines);
            }
            continue;
        };
        let old = text_of(text, &lines);
        let kept = match imports::is_plain(import) {
            true => imports::keep(import, &old, &used)?,
            false => Some(old),
        };
        match kept {
            Some(new) => {
                edits.replace(lines.clone(), new.clone());
                last_import = Some((lines, new));
            }
            None => edits.remove(lines),
        }
    }
    let (lines, import) = last_import.context("no `use` item to put the module after")?;
    let names = imports::list(names);
    let wiring = format!("{import}\n\nmod coherent;\n\npub use self::coherent::{names};");
    edits.replace(lines, wiring);
    Ok(edits.apply(text))
}

/// The file of a part, or `coherent.rs` for `None`.
fn moved(file: &File, text: &str, part: Option<&Part>) -> Result<String> {
    let is_mine =
        |item: &&Item| upstream_items::is_upstream_item(item) && is_same(part_of(item), part);
    let used = imports::used(file.items.iter().filter(is_mine));
    let about = part.map_or(ROOT_HEAD, |part| part.about);
    let mut new = format!("// SPDX-License-Identifier: GPL-2.0\n\n//! {about}\n\n");
    if part.is_none() {
        let mods = PARTS.iter().map(|part| format!("mod {};\n", part.name));
        let exports = PARTS.iter().map(|part| {
            let names = part.types.iter().map(ToString::to_string).collect();
            format!("pub use self::{}::{};\n", part.name, imports::list(names))
        });
        let (mods, exports): (String, String) = (mods.collect(), exports.collect());
        new.push_str(&format!("{mods}\n{exports}\n"));
    }
    // What `dma.rs` and `coherent.rs` define is in scope of their children.
    let elsewhere = file.items.iter().filter(|item| !is_mine(item));
    let from_super: Vec<_> = elsewhere
        .filter(|item| match upstream_items::subject(item) {
            Some(_) => part.is_some() && part_of(item).is_none(),
            None => true,
        })
        .filter_map(|item| Some(defined(item)?.1.to_string()))
        .filter(|name| used.contains(name))
        .collect();
    if !from_super.is_empty() {
        new.push_str(&format!("use super::{};\n", imports::list(from_super)));
    }
    for item in &file.items {
        if let Item::Use(import) = item {
            let old = text_of(text, &lines_of(item, text)?);
            let kept = imports::is_plain(import)
                .then(|| imports::keep(import, &old, &used))
                .transpose()?;
            if let Some(import) = kept.flatten() {
                new.push_str(&format!("{import}\n"));
            }
        }
    }
    let mut end = None;
    for item in file.items.iter().filter(is_mine) {
        let lines = lines_of(item, text)?;
        if end != Some(lines.start() - 1) {
            new.push('\n');
        }
        new.push_str(&format!("{}\n", text_of(text, &lines)));
        end = Some(*lines.end());
    }
    Ok(new)
}

fn is_library(item: &Item) -> bool {
    matches!(item, Item::Mod(module) if module.ident == "coherent")
}

fn parse(text: &str) -> Result<File> {
    syn::parse_file(text).map_err(|error| {
        let line = error.span().start().line;
        anyhow!("line {line}: not Rust: {error}")
    })
}
