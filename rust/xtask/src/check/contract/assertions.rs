// SPDX-License-Identifier: GPL-2.0

//! Files that only have to compile: what types implement, how large they are, what infers.
//!
//! They use the `static_assertions` crate. Cargo fetches and locks it; it is compiled here as kbuild
//! would, against the kernel's `core`.

use super::compiler::{Compiler, Emit};
use crate::host::process;
use anyhow::{Context, Result};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

const CRATE: &str = "static_assertions";

/// The crate, compiled as far as types go.
pub struct Assertions {
    external: String,
}

impl Assertions {
    pub fn compile(compiler: &Compiler, checkout: &Path) -> Result<Self> {
        let library = compiler.scratch().join(format!("lib{CRATE}.rmeta"));
        let mut rustc = compiler.rustc();
        rustc
            .args(["--crate-type", "rlib", "--crate-name", CRATE])
            .args(["--cap-lints", "allow"])
            .arg(format!("--emit=metadata={}", library.display()))
            .arg(source(checkout)?);
        process::output(&mut rustc).with_context(|| format!("cannot compile {CRATE}"))?;
        Ok(Self {
            external: format!("{CRATE}={}", library.display()),
        })
    }

    /// Compiles `file` against the kernel crate of `compiler`.
    pub fn check(&self, compiler: &Compiler, file: &Path) -> Result<()> {
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        let more = ["--extern", &self.external];
        compiler
            .compile(&name, file, Emit::Metadata, &more)?
            .success(file)
    }
}

/// Where Cargo has the source of the crate.
fn source(checkout: &Path) -> Result<PathBuf> {
    let mut cargo = process::command("cargo");
    cargo
        .args(["metadata", "--format-version=1", "--locked"])
        .arg("--manifest-path")
        .arg(checkout.join("rust/xtask/Cargo.toml"));
    let metadata: Value = serde_json::from_str(&process::output(&mut cargo)?)?;
    let packages = metadata["packages"].as_array();
    let package = packages
        .into_iter()
        .flatten()
        .find(|package| package["name"] == CRATE);
    package
        .and_then(|package| package["targets"][0]["src_path"].as_str())
        .map(PathBuf::from)
        .with_context(|| format!("rust/xtask/Cargo.toml does not name {CRATE}"))
}

/// Linux 7.3's own kernel crate, compiled from the tree at `pristine` as far as types go.
///
/// This takes longer than all else here, so it is kept until its inputs change.
pub fn upstream(compiler: &Compiler, pristine: &Path) -> Result<PathBuf> {
    let dir = compiler.build().join("contract");
    fs::create_dir_all(&dir)?;
    let (stamp, library) = (dir.join("upstream.stamp"), dir.join("libkernel.rmeta"));
    let mut inputs = format!("{}\n{:?}\n", pristine.display(), compiler.rustc());
    for dependency in ["core", "bindings"] {
        let path = compiler.build().join(format!("rust/lib{dependency}.rmeta"));
        let time = fs::metadata(&path).and_then(|data| data.modified());
        let time = time.with_context(|| format!("no {}", path.display()))?;
        inputs += &format!("{time:?}\n");
    }
    if library.is_file() && fs::read_to_string(&stamp).is_ok_and(|known| known == inputs) {
        return Ok(library);
    }
    let outcome = compiler.kernel_metadata(&pristine.join("rust/kernel/lib.rs"), &library)?;
    outcome.success(pristine)?;
    fs::write(&stamp, inputs)?;
    Ok(library)
}
