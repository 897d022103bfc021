// SPDX-License-Identifier: GPL-2.0

//! What the steps of the series add from this repository.

use super::edits;
use super::files::{Files, Tree};
use super::library::{DMA_RS, Library, ROOT, export};
use anyhow::{Context, Result};
use regex_lite::NoExpand;

/// The file of the alias, which replaces the struct of 7.3 in a step of its own.
const HANDLE: &str = "rust/kernel/dma/coherent/handle.rs";
const TESTS: &str = "lib/tests/dma_coherent/";

/// What a step adds from this repository.
pub enum Adds {
    Nothing,
    /// The library without features, in the place of 7.3's types but for the handle.
    AllButHandle,
    /// The library with this many features.
    Features(usize),
    /// The suites of `kunit/`.
    Suites,
    /// The sample of the step's name.
    Sample,
}

pub fn add(tree: &mut Tree, library: &Library, what: &Adds, name: &str) -> Result<()> {
    match what {
        Adds::Nothing => Ok(()),
        Adds::AllButHandle => {
            let mut files = library.with_features(0)?;
            files.remove(HANDLE);
            put(tree, files)
        }
        Adds::Features(count) => put(tree, library.with_features(*count)?),
        Adds::Suites => suites(tree, library),
        Adds::Sample => sample(tree, library, name),
    }
}

/// Writes files of the library, and has `dma.rs` re-export what they offer.
fn put(tree: &mut Tree, files: Files) -> Result<()> {
    let export = export(files.get(ROOT).context("the library has no coherent.rs")?)?;
    for (path, text) in files {
        tree.set(&path, text);
    }
    tree.edit(DMA_RS, |text| {
        edits::once(text, r"^pub use self::coherent::[^;]*;", NoExpand(&export))
    })
}

/// The files of the module in `kunit/`, which has other programs as well.
fn suites(tree: &mut Tree, library: &Library) -> Result<()> {
    let kbuild = library.text("kunit/Kbuild")?;
    let root = library.text("kunit/suites.rs")?;
    for name in library.list("kunit")? {
        let stem = name.split('.').next().unwrap_or_default();
        let is_object = kbuild.contains(&format!(" {stem}.o"));
        if is_object || root.contains(&format!("\nmod {stem};\n")) {
            tree.add(
                &format!("{TESTS}{name}"),
                library.text(&format!("kunit/{name}"))?,
            )?;
        }
    }
    let symbol = NoExpand("obj-$(CONFIG_RUST_DMA_COHERENT_KUNIT_TEST)");
    let makefile = edits::once(&kbuild, "^obj-m", symbol)?;
    tree.add(&format!("{TESTS}Makefile"), makefile)?;
    let kunitconfig = library.text("rust/xtask/series/kunitconfig")?;
    tree.add(&format!("{TESTS}.kunitconfig"), kunitconfig)
}

/// A sample, with the prefix that Rust samples have in the tree. Its child modules are in a directory
/// of its name.
fn sample(tree: &mut Tree, library: &Library, name: &str) -> Result<()> {
    let module = format!("rust_dma_{name}");
    let text = library.text(&format!("samples/{name}.rs"))?;
    let renamed = format!("    name: \"{module}\",");
    let text = edits::once(&text, &format!("^    name: \"{name}\",$"), &*renamed)?;
    let child = |directory: &str| format!("#[path = \"{directory}/");
    let text = text.replace(&child(name), &child(&module));
    tree.add(&format!("samples/rust/{module}.rs"), text)?;
    for file in library.list(&format!("samples/{name}"))? {
        let text = library.text(&format!("samples/{name}/{file}"))?;
        tree.add(&format!("samples/rust/{module}/{file}"), text)?;
    }
    Ok(())
}
