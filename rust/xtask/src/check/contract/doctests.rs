// SPDX-License-Identifier: GPL-2.0

//! The library's doc tests, as CONFIG_RUST_KERNEL_DOCTESTS builds them.
//!
//! rustdoc collects them from the grafted tree for the tree's own test builder, which cannot take a
//! `compile_fail` block.

use super::compiler::Compiler;
use crate::host::process;
use anyhow::{Context, Result, ensure};
use regex_lite::Regex;
use std::fs;
use std::path::Path;

/// Where the test builder puts what it makes, relative to the build directory.
const PRODUCTS: &str = "rust/test/doctests/kernel";

/// The number of doc tests of the library that the builder took.
pub fn check(compiler: &Compiler, tree: &Path) -> Result<usize> {
    let builder = compiler.scratch.join("rustdoc_test_builder");
    let mut rustc = process::command("rustc");
    rustc
        .args(["--edition=2021", "--cap-lints=allow", "-o"])
        .arg(&builder)
        .arg(tree.join("scripts/rustdoc_test_builder.rs"));
    process::output(&mut rustc).context("cannot compile the kernel's test builder")?;

    let products = compiler.build.join(PRODUCTS);
    fs::create_dir_all(&products)?;
    let output = compiler
        .rustc("rustdoc")
        .args(["--test", "--no-run", "--crate-name", "kernel"])
        .args(["--extern", "kernel", "-Zunstable-options", "--test-builder"])
        .arg(&builder)
        .args(["--test-args", "dma::coherent"])
        .arg(tree.join("rust/kernel/lib.rs"))
        .output();
    fs::remove_dir_all(&products)?;
    let output = output.context("cannot run rustdoc")?;
    let said = [output.stdout, output.stderr].concat();
    passed(&String::from_utf8_lossy(&said))
}

/// How many passed, according to rustdoc.
fn passed(said: &str) -> Result<usize> {
    let good = Regex::new(r"(?m)^test result: ok\. (\d+) passed; 0 failed")?;
    let found = good.captures(said);
    let found = found.with_context(|| {
        format!("with the kernel's test builder (does one have to fail to compile?):\n{said}")
    })?;
    let passed = found[1].parse()?;
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
        assert_eq!(passed(said).expect("one"), 1);
        passed(&said.replace("1 passed", "0 passed")).expect_err("none");
        passed(&said.replace("ok. 1", "FAILED. 1")).expect_err("failed");
        passed("").expect_err("nothing");
    }
}
