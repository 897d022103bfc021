// SPDX-License-Identifier: GPL-2.0

//! What `static_assertions` says about the library's types: `kunit/contracts.rs`, and
//! `kunit/sizes.rs`, which holds for the types of Linux 7.3 as well.
//!
//! The crate is the real one: Cargo fetches it, with the version that the lock file has, and it is
//! compiled here as kbuild would, against the kernel's `core`. It is a compile of its own and not a
//! part of the suites' module, so that `make -C $KDIR M=$PWD/kunit` needs nothing besides a kernel.

use crate::check::contract::compiler::{Compiler, Emit};
use crate::host::process;
use crate::host::workspace::Workspace;
use anyhow::{Context, Result, bail, ensure};
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

/// Compiles the crate whose source is `source`; what to pass on to the compiler to use it.
pub fn compile(compiler: &Compiler, source: &Path, scratch: &Path) -> Result<Vec<String>> {
    let library = scratch.join(format!("lib{CRATE}.rmeta"));
    let mut rustc = compiler.rustc();
    rustc
        .args(["--crate-type", "rlib", "--crate-name", CRATE])
        .args(["--cap-lints", "allow"])
        .arg(format!("--emit=metadata={}", library.display()))
        .arg(source);
    process::output(&mut rustc).with_context(|| format!("cannot compile {CRATE}"))?;
    Ok(vec![
        "--extern".to_string(),
        format!("{CRATE}={}", library.display()),
    ])
}

/// Compiles the assertions in `file`; their number.
pub fn check(compiler: &Compiler, crates: &[String], file: &Path) -> Result<usize> {
    let text = fs::read_to_string(file).with_context(|| format!("no {}", file.display()))?;
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    let outcome = compiler.compile(&name, &text, Emit::Metadata, crates)?;
    if let Some(error) = outcome.errors.first() {
        bail!("{}\n{}", file.display(), error.rendered);
    }
    let count = text
        .lines()
        .filter(|line| line.starts_with("assert_"))
        .count();
    ensure!(count > 0, "{} asserts nothing", file.display());
    Ok(count)
}

/// Linux 7.3's own kernel crate, compiled from the tree at `pristine` as far as types go.
///
/// This takes longer than all else here, so it is kept until what it is made of changes.
pub fn upstream(compiler: &Compiler, pristine: &Path) -> Result<PathBuf> {
    let dir = compiler.build().join("contract");
    fs::create_dir_all(&dir)?;
    let (stamp, library) = (dir.join("upstream.stamp"), dir.join("libkernel.rmeta"));
    let mut made_of = format!("{}\n{:?}\n", pristine.display(), compiler.rustc());
    for dependency in ["core", "bindings"] {
        let path = compiler.build().join(format!("rust/lib{dependency}.rmeta"));
        let time = fs::metadata(&path).and_then(|data| data.modified());
        made_of += &format!(
            "{:?}\n",
            time.with_context(|| format!("no {}", path.display()))?
        );
    }
    if library.is_file() && fs::read_to_string(&stamp).is_ok_and(|made| made == made_of) {
        return Ok(library);
    }
    let outcome = compiler.kernel_metadata(&pristine.join("rust/kernel/lib.rs"), &library)?;
    if let Some(error) = outcome.errors.first() {
        bail!(
            "cannot compile Linux 7.3's kernel crate:\n{}",
            error.rendered
        );
    }
    fs::write(&stamp, made_of)?;
    Ok(library)
}
