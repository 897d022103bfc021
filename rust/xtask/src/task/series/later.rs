// SPDX-License-Identifier: GPL-2.0

//! What the series adds at its end: each time a module of the library and its suite.

use super::edit;
use super::steps::{Library, TESTS};
use crate::tree::git::Files;
use crate::tree::graft::Overlay;
use anyhow::{Result, bail};

/// The modules, in the order of their patches. A suite has the name of its module.
pub const MODULES: [&str; 2] = ["zeroed", "bound"];

/// The library with the first `count` of them.
pub fn overlay(overlay: &Overlay, count: usize) -> Result<Overlay> {
    let mut without = overlay.clone();
    for name in MODULES.iter().skip(count) {
        without = without.without_module(name)?;
    }
    Ok(without)
}

/// The root of the suites with the first `count` of them.
pub fn suites(root: &str, count: usize) -> Result<String> {
    let mut text = root.to_string();
    for name in MODULES.iter().skip(count) {
        let declared = format!("mod {name};\n");
        if text.matches(&declared).count() != 1 {
            bail!("kunit/suites.rs does not have `{}` once", declared.trim());
        }
        text = text.replace(&declared, "");
    }
    Ok(text)
}

/// Adds the suite of the module with the number `index`, counted from zero.
pub fn add_suite(files: &mut Files, library: &Library, index: usize) -> Result<()> {
    let name = MODULES[index];
    let text = library.text(format!("kunit/{name}.rs"))?;
    edit::add(files, &format!("{TESTS}/{name}.rs"), &text)?;
    let root = suites(&library.text("kunit/suites.rs")?, index + 1)?;
    *edit::file(files, &format!("{TESTS}/suites.rs"))? = root;
    Ok(())
}
