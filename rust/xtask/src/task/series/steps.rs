// SPDX-License-Identifier: GPL-2.0

//! The steps of the series, each with its message and what it does to the files of a tree.

use super::edit;
use super::fb;
use super::later;
use crate::tree::git::Files;
use crate::tree::graft::{self, Overlay};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};

/// The files of a tree that a step reads or writes.
pub const INPUTS: [&str; 9] = [
    DMA_RS,
    COHERENT_RS,
    FB_RS,
    MAINTAINERS,
    TEST_KCONFIG,
    TEST_MAKEFILE,
    SAMPLE_KCONFIG,
    SAMPLE_MAKEFILE,
    "Makefile",
];

pub const DMA_RS: &str = "rust/kernel/dma.rs";
const COHERENT_RS: &str = "rust/kernel/dma/coherent.rs";
const PARTS: &str = "rust/kernel/dma/coherent";
pub const FB_RS: &str = "drivers/gpu/nova-core/fb.rs";
const MAINTAINERS: &str = "MAINTAINERS";
const TEST_KCONFIG: &str = "rust/kernel/Kconfig.test";
const TEST_MAKEFILE: &str = "lib/tests/Makefile";
const SAMPLE_KCONFIG: &str = "samples/rust/Kconfig";
const SAMPLE_MAKEFILE: &str = "samples/rust/Makefile";

/// The section of `MAINTAINERS` that new files belong to.
pub const SECTION: &str = "DMA MAPPING & SCATTERLIST API [RUST]";
/// Where the suites go, and the symbol that builds them.
pub const TESTS: &str = "lib/tests/dma_coherent";
const TEST_SYMBOL: &str = "CONFIG_RUST_DMA_COHERENT_KUNIT_TEST";
/// The type of 7.3 that stays until a step of its own.
const HANDLE: &str = "CoherentHandle";

/// What this repository puts into a tree.
pub struct Library {
    checkout: PathBuf,
    overlay: Overlay,
}

impl Library {
    pub fn read(checkout: &Path) -> Result<Self> {
        Ok(Self {
            checkout: checkout.to_path_buf(),
            overlay: Overlay::read(&checkout.join("rust/kernel/dma"))?,
        })
    }

    /// What takes the place of the types that 7.3 has.
    fn generic(&self) -> Result<Overlay> {
        later::overlay(&self.overlay, 0)?
            .without_advice()
            .without_module("at")
    }

    pub fn text(&self, path: impl AsRef<Path>) -> Result<String> {
        let path = self.checkout.join(path);
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    }
}

pub struct Step {
    pub message: &'static str,
    /// The module that it adds, and before it the configuration that has it built.
    pub module: Option<(&'static str, &'static str)>,
    pub run: fn(&mut Files, &Files, &Library) -> Result<()>,
}

impl Step {
    pub fn subject(&self) -> &str {
        self.message.lines().next().unwrap_or_default()
    }
}

/// How many of the steps, from the first on, take the place of what 7.3 has.
pub const REPLACING: usize = 2;

pub const ALL: &[Step] = &[
    Step {
        message: include_str!("../../../series/generic.txt"),
        module: None,
        run: generic,
    },
    Step {
        message: include_str!("../../../series/alias.txt"),
        module: None,
        run: alias,
    },
    Step {
        message: include_str!("../../../series/constants.txt"),
        module: None,
        run: constants,
    },
    Step {
        message: include_str!("../../../series/nova.txt"),
        module: None,
        run: nova,
    },
    Step {
        message: include_str!("../../../series/kunit.txt"),
        module: Some(("series-kunit", "lib/tests/dma_coherent/coherent_kunit.ko")),
        run: kunit,
    },
    Step {
        message: include_str!("../../../series/edu.txt"),
        module: Some(("series-edu", "samples/rust/rust_dma_edu.ko")),
        run: |files, _, library| sample(files, library, "edu", "rust_dma.o"),
    },
    Step {
        message: include_str!("../../../series/flush_page.txt"),
        module: Some(("series-flush_page", "samples/rust/rust_dma_flush_page.ko")),
        run: |files, _, library| sample(files, library, "flush_page", "rust_dma_edu.o"),
    },
    Step {
        message: include_str!("../../../series/zeroed.txt"),
        module: None,
        run: |files, pristine, library| addition(files, pristine, library, 0),
    },
    Step {
        message: include_str!("../../../series/bound.txt"),
        module: None,
        run: |files, pristine, library| addition(files, pristine, library, 1),
    },
];

/// One type with kinds takes the place of all but the handle.
fn generic(files: &mut Files, pristine: &Files, library: &Library) -> Result<()> {
    let overlay = library.generic()?.without_alias(HANDLE)?;
    wire(files, pristine, &overlay, Some(HANDLE))?;
    edit::maintained(files, SECTION, "rust/kernel/dma/*")?;
    for file in ["boxed.rs", "view.rs"] {
        edit::maintained(files, SECTION, &format!("{PARTS}/{file}"))?;
    }
    Ok(())
}

/// The handle is one case of it.
fn alias(files: &mut Files, pristine: &Files, library: &Library) -> Result<()> {
    wire(files, pristine, &library.generic()?, None)
}

/// What 7.3 has nothing of: projection by constants, and advice about what does not compile.
fn constants(files: &mut Files, pristine: &Files, library: &Library) -> Result<()> {
    wire(files, pristine, &later::overlay(&library.overlay, 0)?, None)?;
    edit::maintained(files, SECTION, &format!("{PARTS}/at.rs"))
}

/// A module of the library with its suite.
fn addition(files: &mut Files, pristine: &Files, library: &Library, index: usize) -> Result<()> {
    wire(
        files,
        pristine,
        &later::overlay(&library.overlay, index + 1)?,
        None,
    )?;
    later::add_suite(files, library, index)?;
    let file = format!("{PARTS}/{}.rs", later::MODULES[index]);
    edit::maintained(files, SECTION, &file)
}

fn wire(files: &mut Files, pristine: &Files, overlay: &Overlay, kept: Option<&str>) -> Result<()> {
    let text = pristine
        .get(DMA_RS)
        .with_context(|| format!("the tree has no {DMA_RS}, that is, no Rust support for DMA"))?;
    if graft::is_grafted(text)? || pristine.contains_key(COHERENT_RS) {
        bail!("the tree has the library already");
    }
    let grafted = graft::graft_dma_rs_but(text, &overlay.names, kept).context(DMA_RS)?;
    files.insert(DMA_RS.into(), grafted.text);
    for (path, text) in &overlay.files {
        files.insert(format!("rust/kernel/dma/{}", path.display()), text.clone());
    }
    Ok(())
}

fn nova(files: &mut Files, _: &Files, _: &Library) -> Result<()> {
    let text = edit::file(files, FB_RS)?;
    *text = fb::convert(text).context(FB_RS)?;
    Ok(())
}

/// The suites, from the sources of the external module.
fn kunit(files: &mut Files, _: &Files, library: &Library) -> Result<()> {
    for name in suites(library)? {
        let mut text = library.text(format!("kunit/{name}"))?;
        if name == "suites.rs" {
            text = later::suites(&text, 0)?;
        }
        edit::add(files, &format!("{TESTS}/{name}"), &text)?;
    }
    let kbuild = library.text("kunit/Kbuild")?;
    if kbuild.matches("obj-m").count() != 1 {
        bail!("kunit/Kbuild has not one obj-m");
    }
    let makefile = kbuild.replace("obj-m", &format!("obj-$({TEST_SYMBOL})"));
    edit::add(files, &format!("{TESTS}/Makefile"), &makefile)?;
    let kunitconfig = include_str!("../../../series/kunitconfig");
    edit::add(files, &format!("{TESTS}/.kunitconfig"), kunitconfig)?;

    let line = format!("obj-$({TEST_SYMBOL}) += dma_coherent/");
    edit::after_line_with_end(edit::file(files, TEST_MAKEFILE)?, "cpumask_kunit.o", &line)?;
    let entry = include_str!("../../../series/kunit.kconfig");
    let kconfig = edit::file(files, TEST_KCONFIG)?;
    edit::after_config(kconfig, "RUST_BITFIELD_KUNIT_TEST", entry)?;
    edit::maintained(files, SECTION, &format!("{TESTS}/"))
}

/// The files of `kunit/` that its Kbuild makes the module of, and no others.
fn suites(library: &Library) -> Result<Vec<String>> {
    let exists = |name: &String| library.checkout.join("kunit").join(name).is_file();
    let kbuild = library.text("kunit/Kbuild")?;
    let (_, objects) = kbuild
        .split_once("-y := ")
        .context("kunit/Kbuild does not say what the module is made of")?;
    let mut names = Vec::new();
    for stem in objects
        .split_whitespace()
        .filter_map(|object| object.strip_suffix(".o"))
    {
        names.extend(["rs", "c", "h"].map(|end| format!("{stem}.{end}")));
        let root = format!("kunit/{stem}.rs");
        if exists(&format!("{stem}.rs")) {
            let items = syn::parse_file(&library.text(&root)?)
                .with_context(|| root.clone())?
                .items;
            names.extend(items.iter().filter_map(|item| match item {
                syn::Item::Mod(module) if module.content.is_none() => {
                    Some(format!("{}.rs", module.ident))
                }
                _ => None,
            }));
        }
    }
    names.retain(|name| {
        let later = later::MODULES.contains(&name.trim_end_matches(".rs"));
        exists(name) && !later
    });
    Ok(names)
}

/// A sample, under the name that samples in the tree have.
fn sample(files: &mut Files, library: &Library, name: &str, after: &str) -> Result<()> {
    let text = library.text(format!("samples/{name}.rs"))?;
    let module = format!("rust_dma_{name}");
    let old = format!("    name: \"{name}\",\n");
    if text.matches(&old).count() != 1 {
        bail!("samples/{name}.rs does not say its name once");
    }
    let text = text.replace(&old, &format!("    name: \"{module}\",\n"));
    let path = format!("samples/rust/{module}.rs");
    edit::add(files, &path, &text)?;

    let symbol = format!("SAMPLE_{}", module.to_uppercase());
    let start = format!("obj-$(CONFIG_{symbol})");
    // The tabs put the names of the objects below each other, at column 48.
    let tabs = "\t".repeat((55 - start.len()) / 8);
    let line = format!("{start}{tabs}+= {module}.o");
    edit::after_line_with_end(edit::file(files, SAMPLE_MAKEFILE)?, after, &line)?;
    let (entry, before) = match name {
        "edu" => (
            include_str!("../../../series/edu.kconfig"),
            "SAMPLE_RUST_DMA",
        ),
        _ => (
            include_str!("../../../series/flush_page.kconfig"),
            "SAMPLE_RUST_DMA_EDU",
        ),
    };
    edit::after_config(edit::file(files, SAMPLE_KCONFIG)?, before, entry)?;
    edit::maintained(files, SECTION, &path)
}
