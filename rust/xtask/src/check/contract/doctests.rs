// SPDX-License-Identifier: GPL-2.0

//! The library's doc tests, as CONFIG_RUST_KERNEL_DOCTESTS builds them.
//!
//! rustdoc collects them from the grafted tree for the tree's own test builder, which cannot take a
//! `compile_fail` block.

use crate::check::contract::compiler::Compiler;
use crate::host::process;
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::path::Path;

/// Where the test builder puts what it makes, relative to the build directory.
const PRODUCTS: &str = "rust/test/doctests/kernel";

/// The number of doc tests of the library that the builder took.
pub fn check(compiler: &Compiler, tree: &Path) -> Result<usize> {
    let builder = compiler.scratch().join("rustdoc_test_builder");
    let mut rustc = process::command("rustc");
    rustc
        .args(["--edition=2021", "--cap-lints=allow", "-o"])
        .arg(&builder)
        .arg(tree.join("scripts/rustdoc_test_builder.rs"));
    process::output(&mut rustc).context("cannot compile the kernel's test builder")?;

    let products = compiler.build().join(PRODUCTS);
    fs::create_dir_all(&products)?;
    let mut rustdoc = compiler.rustdoc();
    rustdoc
        .args(["--test", "--no-run", "--crate-name", "kernel"])
        .args(["--extern", "kernel", "-Zunstable-options", "--test-builder"])
        .arg(&builder)
        .args(["--test-args", "dma::coherent"])
        .arg(tree.join("rust/kernel/lib.rs"));
    let output = rustdoc.output().context("cannot run rustdoc");
    fs::remove_dir_all(&products)?;
    let output = output?;
    count(&String::from_utf8_lossy(&output.stdout))
        .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())
}

/// How many passed, according to rustdoc.
fn count(said: &str) -> Result<usize> {
    let failed = said.lines().find(|line| line.ends_with("... FAILED"));
    if let Some(line) = failed {
        bail!("{line}: with the kernel's test builder; does it have to fail to compile?");
    }
    let verdict = said
        .lines()
        .find_map(|line| line.strip_prefix("test result: ok. "))
        .context("rustdoc gives no verdict")?;
    let passed = verdict.split_once(" passed").map(|(number, _)| number);
    let passed: usize = passed.context("an odd verdict")?.parse()?;
    ensure!(passed > 0, "rustdoc found no doc tests of the library");
    Ok(passed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_tests_are_no_success() {
        let said = "test a.rs - a (line 1) - compile ... ok\n\
                    test result: ok. 1 passed; 0 failed\n";
        assert_eq!(count(said).expect("one"), 1);
        count(&said.replace("1 passed", "0 passed")).expect_err("none");
        count(&said.replace("- compile ... ok", "- compile fail ... FAILED")).expect_err("failed");
        count("").expect_err("nothing");
    }
}
