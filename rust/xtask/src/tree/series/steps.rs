// SPDX-License-Identifier: GPL-2.0

//! The programs of the steps.

use super::Step;
use crate::tree::edits;
use crate::tree::files::{Files, Tree};
use crate::tree::library::{DMA_RS, FEATURES, Library, ROOT, public_names};
use crate::tree::{imports, pure_move};
use anyhow::{Context, Result, bail};

/// The file of the alias, which replaces the struct of 7.3 in a step of its own.
const HANDLE: &str = "rust/kernel/dma/coherent/handle.rs";
const TESTS: &str = "lib/tests/dma_coherent/";
const TEST_SYMBOL: &str = "RUST_DMA_COHERENT_KUNIT_TEST";
const SAMPLE_KCONFIG: &str = "samples/rust/Kconfig";
const SAMPLE_MAKEFILE: &str = "samples/rust/Makefile";

/// What most steps are.
pub const PLAIN: Step = Step {
    message: "",
    rfc: false,
    module: None,
    run: |_, _| Ok(()),
};

/// Linux 7.3's types in files of their own.
pub fn pure_move(tree: &mut Tree, _: &Library) -> Result<()> {
    let files = pure_move::split(&tree.text(DMA_RS)?).context(DMA_RS)?;
    for (path, text) in files {
        match &*path {
            DMA_RS => tree.set(&path, text),
            _ => tree.add(&path, text)?,
        }
    }
    Ok(())
}

/// The library in the place of these files, but for the handle.
pub fn kind(tree: &mut Tree, library: &Library) -> Result<()> {
    let mut files = library.with_features(0)?;
    files
        .remove(HANDLE)
        .with_context(|| format!("the library has no {HANDLE}"))?;
    put(tree, files)
}

pub fn alias(tree: &mut Tree, library: &Library) -> Result<()> {
    put(tree, library.with_features(0)?)
}

/// A module of the library that nothing before it needs.
pub fn feature(tree: &mut Tree, library: &Library, name: &str) -> Result<()> {
    let index = FEATURES.iter().position(|feature| *feature == name);
    put(
        tree,
        library.with_features(index.context("a feature")? + 1)?,
    )
}

/// Writes files of the library, and has `dma.rs` re-export what they offer.
fn put(tree: &mut Tree, files: Files) -> Result<()> {
    let names = public_names(files.get(ROOT).context(ROOT)?).context(ROOT)?;
    for (path, text) in files {
        tree.set(&path, text);
    }
    let export = format!("pub use self::coherent::{};", imports::list(names));
    tree.edit(DMA_RS, |text| {
        edits::once(
            text,
            r"^pub use self::coherent::(?:\w+|\{[^}]*\});",
            &*export,
        )
    })
}

/// The suites, from the sources of the external module.
pub fn kunit(tree: &mut Tree, library: &Library) -> Result<()> {
    let kbuild = library.text("kunit/Kbuild")?;
    for name in sources(library, &kbuild)? {
        let text = library.text(format!("kunit/{name}"))?;
        tree.add(&format!("{TESTS}{name}"), text)?;
    }
    let config = format!("obj-$(CONFIG_{TEST_SYMBOL})");
    let makefile = edits::once(&kbuild, "^obj-m", regex_lite::NoExpand(&config))?;
    tree.add(&format!("{TESTS}Makefile"), makefile)?;
    let kunitconfig = include_str!("../../../series/kunitconfig");
    tree.add(&format!("{TESTS}.kunitconfig"), kunitconfig.to_string())?;
    tree.edit("lib/tests/Makefile", |text| {
        edits::after(
            text,
            r"cpumask_kunit\.o\n",
            &format!("{config} += dma_coherent/\n"),
        )
    })?;
    let entry = include_str!("../../../series/kunit.kconfig");
    tree.edit("rust/kernel/Kconfig.test", |text| {
        edits::after_config(text, "RUST_BITFIELD_KUNIT_TEST", entry)
    })
}

/// The files of the module that `kunit/Kbuild` builds.
fn sources(library: &Library, kbuild: &str) -> Result<Vec<String>> {
    let (_, objects) = kbuild
        .split_once("-y := ")
        .context("kunit/Kbuild does not say what the module is made of")?;
    let mut names = Vec::new();
    for object in objects.split_whitespace() {
        let stem = object.strip_suffix(".o").context("an object")?;
        let exists = |name: &String| library.has(&format!("kunit/{name}"));
        names.extend(
            ["rs", "c", "h"]
                .map(|end| format!("{stem}.{end}"))
                .into_iter()
                .filter(exists),
        );
        if exists(&format!("{stem}.rs")) {
            let root = library.text(format!("kunit/{stem}.rs"))?;
            for item in syn::parse_file(&root)?.items {
                if let syn::Item::Mod(module) = item {
                    names.push(format!("{}.rs", module.ident));
                }
            }
        }
    }
    Ok(names)
}

/// A sample, with the prefix that Rust samples have in the tree. Its child modules are in a directory
/// of its name.
pub fn sample(tree: &mut Tree, library: &Library, name: &str) -> Result<()> {
    let module = format!("rust_dma_{name}");
    let text = library.text(format!("samples/{name}.rs"))?;
    let renamed = format!("    name: \"{module}\",");
    let text = edits::once(&text, &format!("^    name: \"{name}\",$"), &*renamed)?;
    let child = |directory: &str| format!("#[path = \"{directory}/");
    let text = text.replace(&child(name), &child(&module));
    tree.add(&format!("samples/rust/{module}.rs"), text)?;
    for file in library.list(&format!("samples/{name}"))? {
        let text = library.text(format!("samples/{name}/{file}"))?;
        tree.add(&format!("samples/rust/{module}/{file}"), text)?;
    }

    let symbol = format!("SAMPLE_{}", module.to_uppercase());
    let start = format!("obj-$(CONFIG_{symbol})");
    // Tabs align the names of the objects at column 48.
    let tabs = "\t".repeat(55usize.saturating_sub(start.len()) / 8);
    // After the samples for DMA that are there.
    tree.edit(SAMPLE_MAKEFILE, |text| {
        let line = format!("{start}{tabs}+= {module}.o\n");
        edits::after(text, r"(?:^obj-.*= rust_dma\w*\.o\n)+", &line)
    })?;
    let last = last_symbol(&tree.text(SAMPLE_KCONFIG)?)?;
    let entry = library.text(format!("rust/xtask/series/{name}.kconfig"))?;
    if !entry.starts_with(&format!("config {symbol}\n")) {
        bail!("{name}.kconfig does not define {symbol}");
    }
    tree.edit(SAMPLE_KCONFIG, |text| {
        edits::after_config(text, &last, &entry)
    })
}

/// The last symbol of a sample for DMA.
fn last_symbol(kconfig: &str) -> Result<String> {
    let symbols = kconfig
        .lines()
        .filter_map(|line| line.strip_prefix("config "));
    let mut dma = symbols.filter(|symbol| symbol.starts_with("SAMPLE_RUST_DMA"));
    Ok(dma.next_back().context("no sample for DMA")?.to_string())
}

/// Enters new files into `MAINTAINERS`.
pub fn maintain(tree: &mut Tree, before: &Files) -> Result<()> {
    let paths: Vec<_> = tree.changed.keys().cloned().collect();
    for path in paths {
        if !before.contains_key(&path) && !tree.is_in_base(&path)? {
            let directory = match path
                .strip_prefix("samples/rust/")
                .and_then(|p| p.split_once('/'))
            {
                Some((directory, _)) => format!("samples/rust/{directory}/"),
                None => TESTS.to_string(),
            };
            let pattern = if path.starts_with(&directory) {
                directory
            } else {
                path
            };
            tree.edit("MAINTAINERS", |text| edits::maintained(text, &pattern))?;
        }
    }
    Ok(())
}
