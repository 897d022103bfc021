// SPDX-License-Identifier: GPL-2.0

//! Which functions of the library can panic: those that say so, and no others.
//!
//! `kunit/panics.rs` has a probe for each of them. From the relocations of its object one can see
//! what a probe leads to, through the kernel's own objects as well.

use super::compiler::{Compiler, Emit};
use super::probes::{self, Probe};
use super::reach::{self, Graph};
use anyhow::{Context, Result, anyhow, bail, ensure};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Where all panics end.
const HANDLER: &str = "rust_begin_unwind";
/// What is in the object of the `kernel` crate.
const LIBRARY: &str = "kernel::dma::coherent::";
const CRATE: &str = "panics";

/// Compiles `file` and compares what each probe leads to with what is documented.
pub fn check(compiler: &Compiler, file: &Path) -> Result<Vec<Result<()>>> {
    let text = fs::read_to_string(file).with_context(|| format!("no {}", file.display()))?;
    let probes = probes::read(&text).with_context(|| file.display().to_string())?;
    // So that each function has a section of its own, and each call of one a relocation.
    let apart = ["-Zfunction-sections=yes", "-Zmerge-functions=disabled"].map(str::to_string);
    let outcome = compiler.compile(CRATE, &text, Emit::Object, &apart)?;
    if let Some(error) = outcome.errors.first() {
        bail!("{}\n{}", file.display(), error.rendered);
    }
    ensure!(
        !outcome.build_error,
        "{}: a `build_assert!` fails",
        file.display()
    );

    let mut objects = vec![compiler.product(CRATE, Emit::Object)];
    objects.extend(reach::kernel_objects(compiler.build()));
    let graph = Graph::read(&objects)?;
    let ends = graph.leading_to(HANDLER);
    ensure!(!ends.is_empty(), "the kernel has no `{HANDLER}`");

    let mut results: Vec<Result<()>> = Vec::new();
    for probe in &probes {
        let name = format!("{CRATE}::{}", probe.name);
        let (_, node) = graph
            .of(0)
            .find(|(found, _)| *found == name)
            .with_context(|| format!("the object has no `{name}`"))?;
        results.push(compare(probe, &graph.exits(node, &ends)));
    }
    // What is not generic.
    for (name, node) in graph.of(1).filter(|(name, _)| name.contains(LIBRARY)) {
        results.push(match ends.contains(&node) {
            true => Err(anyhow!("`{name}` in kernel.o can panic")),
            false => Ok(()),
        });
    }
    Ok(results)
}

fn compare(probe: &Probe, exits: &BTreeMap<String, String>) -> Result<()> {
    let entries: BTreeSet<String> = exits.keys().map(|name| last(name)).collect();
    if entries == probe.panics {
        return Ok(());
    }
    let ways: Vec<&str> = exits.values().map(String::as_str).collect();
    bail!(
        "`{}` says that it panics in {:?}, and leads to {:?}:\n{}",
        probe.name,
        probe.panics,
        entries,
        ways.join("\n")
    )
}

/// The last part of a path, without what a function is instantiated with.
fn last(name: &str) -> String {
    let path = match name.rfind("::<") {
        Some(end) if name.ends_with('>') => &name[..end],
        _ => name,
    };
    path.rsplit("::").next().unwrap_or(path).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(documented: &[&str], found: &[&str]) -> Result<()> {
        let probe = Probe {
            name: "a::b".to_string(),
            panics: documented.iter().map(ToString::to_string).collect(),
        };
        let exits = found
            .iter()
            .map(|name| (name.to_string(), format!("a::b -> {name}")));
        compare(&probe, &exits.collect())
    }

    #[test]
    fn what_is_documented_has_to_be_what_there_is() {
        let bounds = "core::panicking::panic_bounds_check";
        let unequal = "core::panicking::assert_failed::<usize, usize>";
        compared(&[], &[]).expect("none");
        let both = ["panic_bounds_check", "assert_failed"];
        compared(&both, &[bounds, unequal]).expect("both");
        let error = compared(&[], &[bounds])
            .expect_err("not documented")
            .to_string();
        assert!(error.contains("a::b -> core::panicking"), "{error}");
        compared(&both, &[bounds]).expect_err("one is not there");
    }
}
