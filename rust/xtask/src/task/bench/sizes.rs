// SPDX-License-Identifier: GPL-2.0

//! How much code there is, and how many copies of what.

use super::object;
use super::side::Side;
use crate::build::external_module;
use anyhow::Result;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// By what is counted: bytes, functions or calls.
pub type Sizes = BTreeMap<String, u64>;

/// Users of coherent memory in the tree.
const USERS: [(&str, &str); 2] = [
    ("nova-core", "drivers/gpu/nova-core.ko"),
    ("rust_dma", "samples/rust/rust_dma.ko"),
];

/// And one outside the tree, of what both sides have.
const BENCH: &str = "coherent_bench";

/// What is counted without being a goal: code that was put into its callers is in their `.text`.
pub const CALLS: &str = "calls of";

/// The sizes of the code in a kernel, and of the benchmark's module that both sides have.
pub fn of(side: &Side) -> Result<Sizes> {
    let build = &side.kernel.build;
    let mut sizes = Sizes::new();
    let family = object::symbols(&build.join("rust/kernel.o"), "kernel::dma::")?;
    sizes.insert(
        "kernel crate: bytes of its dma functions".to_string(),
        family.iter().map(|symbol| symbol.size).sum(),
    );

    let mut users: Vec<(&str, PathBuf)> = USERS
        .iter()
        .map(|(name, path)| (*name, build.join(path)))
        .collect();
    users.push((
        BENCH,
        external_module::named(&side.modules, BENCH)?.to_path_buf(),
    ));
    for (name, path) in users {
        sizes.insert(format!("{name}: bytes of .text"), object::text_size(&path)?);
        let family = object::symbols(&path, "kernel::dma::")?;
        let copies =
            |is: fn(&str) -> bool| family.iter().filter(|symbol| is(&symbol.name)).count() as u64;
        sizes.insert(
            format!("{name}: copies of allocation"),
            copies(|symbol| symbol.contains("Coherent") && symbol.contains(">::alloc_")),
        );
        sizes.insert(
            format!("{name}: copies of drop"),
            copies(|symbol| symbol.contains("Coherent") && symbol.contains("drop")),
        );
        for function in ["dma_alloc_attrs", "dma_free_attrs"] {
            sizes.insert(
                format!("{name}: {CALLS} {function}"),
                object::calls(&path, function)?,
            );
        }
    }
    Ok(sizes)
}
