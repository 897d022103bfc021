// SPDX-License-Identifier: GPL-2.0

//! External modules: the directory of the source, and the built modules.

use crate::host::process;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use walkdir::WalkDir;

/// Fails for a directory with objects of another build: kbuild considers these up to date even if they
/// are for another kernel.
pub fn refuse_products(directory: &Path) -> Result<()> {
    for entry in WalkDir::new(directory) {
        let entry = entry.with_context(|| format!("cannot read {}", directory.display()))?;
        let path = entry.path();
        if entry.file_name() == "modules.order" || path.extension().is_some_and(|e| e == "o") {
            bail!(
                "{} is left from a build for another kernel; run that build's `make clean`",
                path.display()
            );
        }
    }
    Ok(())
}

/// The built modules, in the order of the Kbuild.
pub fn modules_in(output: &Path) -> Result<Vec<PathBuf>> {
    let order = output.join("modules.order");
    let text = fs::read_to_string(&order)
        .with_context(|| format!("kbuild made no {}", order.display()))?;
    let modules = text.lines();
    let modules = modules.map(|line| output.join(line).with_extension("ko"));
    Ok(modules.collect())
}

/// The module called `name`.
pub fn named<'a>(modules: &'a [PathBuf], name: &str) -> Result<&'a Path> {
    modules
        .iter()
        .find(|module| module.file_stem().is_some_and(|stem| stem == name))
        .map(PathBuf::as_path)
        .with_context(|| format!("no module {name}.ko was built"))
}

/// The bytes of code in a module, whatever its sections are called.
pub fn text_size(path: &Path) -> Result<f64> {
    let sections = process::output(Command::new("size").arg("-A").arg(path))?;
    let sizes = sections.lines().filter(|line| line.starts_with(".text"));
    let size = |line: &str| line.split_whitespace().nth(1)?.parse::<f64>().ok();
    let sum = sizes.map(size).sum::<Option<f64>>();
    sum.with_context(|| format!("`size -A {}` says {sections}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(name: &str, files: &[&str]) -> (tempfile::TempDir, PathBuf) {
        let root = tempfile::tempdir().expect("a directory");
        let directory = root.path().join(name);
        for file in files {
            let path = directory.join(file);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
            fs::write(path, "").expect("a file");
        }
        (root, directory)
    }

    #[test]
    fn products_of_another_build_are_named() {
        let (_root, plain) = directory("plain", &["Kbuild", "sub/a.rs", "x.o_shipped"]);
        refuse_products(&plain).expect("no products");
        for product in ["sub/b.o", "modules.order"] {
            let (_root, built) = directory("built", &["Kbuild", "sub/b.c", product]);
            let error = refuse_products(&built).expect_err(product).to_string();
            assert!(error.contains(product), "{error}");
        }
    }

    #[test]
    fn modules_in_directories_below_are_found() {
        let (_root, output) = directory("output", &["a.ko", "sub/b.ko"]);
        fs::write(output.join("modules.order"), "a.o\nsub/b.o\n").expect("written");
        let modules = modules_in(&output).expect("modules");
        assert_eq!(modules, [output.join("a.ko"), output.join("sub/b.ko")]);
    }
}
