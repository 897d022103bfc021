// SPDX-License-Identifier: GPL-2.0

//! `kunit/contracts.rs`: what `static_assertions` says about the library's types.
//!
//! The crate is the real one: Cargo fetches it, with the version that the lock file has, and it is
//! compiled here as kbuild would, against the kernel's `core`. It is a compile of its own and not a
//! part of the suites' module, so that `make -C $KDIR M=$PWD/kunit` needs nothing besides a kernel.

use crate::contract::compiler::{Compiler, Emit};
use crate::process;
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::fs;
use std::path::{Path, PathBuf};

const CRATE: &str = "static_assertions";

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    src_path: PathBuf,
}

/// Where Cargo has the source of the crate.
pub fn source(workspace: &Workspace) -> Result<PathBuf> {
    let mut cargo = process::command("cargo");
    cargo
        .args([
            "metadata",
            "--format-version=1",
            "--locked",
            "--manifest-path",
        ])
        .arg(workspace.checkout.join("rust/xtask/Cargo.toml"));
    let metadata: Metadata =
        serde_json::from_str(&process::output(&mut cargo)?).context("odd output of cargo")?;
    metadata
        .packages
        .into_iter()
        .filter(|package| package.name == CRATE)
        .flat_map(|package| package.targets)
        .find(|target| target.name == CRATE)
        .map(|target| target.src_path)
        .with_context(|| format!("rust/xtask/Cargo.toml does not name {CRATE}"))
}

/// Compiles the assertions in `file`; their number.
pub fn check(compiler: &Compiler, source: &Path, file: &Path, scratch: &Path) -> Result<usize> {
    let library = scratch.join(format!("lib{CRATE}.rmeta"));
    let mut rustc = compiler.rustc();
    rustc
        .args(["--crate-type", "rlib", "--crate-name", CRATE])
        .args(["--cap-lints", "allow"])
        .arg(format!("--emit=metadata={}", library.display()))
        .arg(source);
    process::output(&mut rustc).with_context(|| format!("cannot compile {CRATE}"))?;

    let text = fs::read_to_string(file).with_context(|| format!("no {}", file.display()))?;
    let extern_crate = format!("{CRATE}={}", library.display());
    let outcome = compiler.compile(
        "contracts",
        &text,
        Emit::Metadata,
        &["--extern".to_string(), extern_crate],
    )?;
    if let Some(error) = outcome.errors.first() {
        bail!("{}\n{}", file.display(), error.rendered);
    }
    let count = text
        .lines()
        .filter(|line| line.starts_with("assert_"))
        .count();
    if count == 0 {
        bail!("{} asserts nothing", file.display());
    }
    Ok(count)
}
