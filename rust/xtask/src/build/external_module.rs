// SPDX-License-Identifier: GPL-2.0

//! External modules: the directory of the source, and the built modules.

use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// A name for files about `directory`.
pub fn label(directory: &Path) -> String {
    let name = directory.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// Fails for a directory that kbuild cannot build into another one.
///
/// Make splits paths at spaces and interprets other characters. kbuild considers objects beside the
/// source up to date even if they are from another kernel.
pub fn require_buildable(directory: &Path) -> Result<()> {
    let shown = directory.display();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._+-@".contains(c);
    if !directory.to_string_lossy().chars().all(is_plain) {
        bail!(
            "the kernel's build system cannot work in {shown}: rename or copy it to a path of \
             letters, digits and ._+-@ only"
        );
    }
    for entry in WalkDir::new(directory) {
        let entry = entry.with_context(|| format!("cannot read {shown}"))?;
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
    let modules: Vec<_> = text
        .lines()
        .map(|line| output.join(line).with_extension("ko"))
        .collect();
    match modules.iter().find(|module| !module.is_file()) {
        Some(missing) => bail!("kbuild lists {} but did not make it", missing.display()),
        None => Ok(modules),
    }
}

/// The module called `name`.
pub fn named<'a>(modules: &'a [PathBuf], name: &str) -> Result<&'a Path> {
    modules
        .iter()
        .find(|module| module.file_stem().is_some_and(|stem| stem == name))
        .map(PathBuf::as_path)
        .with_context(|| format!("no module {name}.ko was built"))
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
    fn a_plain_directory_is_buildable() {
        let (_root, plain) = directory("plain-1.0_x", &["Kbuild", "sub/a.rs", "x.o_shipped"]);
        require_buildable(&plain).expect("buildable");
    }

    #[test]
    fn a_path_that_make_misreads_is_refused() {
        for name in ["a b", "a:b", "a%b", "a$b", "a#b", "a'b", "ä"] {
            let (_root, odd) = directory(name, &["Kbuild", "sub/a.rs"]);
            let error = require_buildable(&odd).expect_err(name).to_string();
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn products_of_another_build_are_named() {
        for product in ["sub/b.o", "modules.order"] {
            let (_root, built) = directory("built", &["Kbuild", "sub/b.c", product]);
            let error = require_buildable(&built).expect_err(product).to_string();
            assert!(error.contains(product), "{error}");
        }
    }

    #[test]
    fn modules_in_directories_below_are_found() {
        let (_root, output) = directory("output", &["a.ko", "sub/b.ko"]);
        fs::write(output.join("modules.order"), "a.o\nsub/b.o\n").expect("written");
        let modules = modules_in(&output).expect("modules");
        assert_eq!(modules, [output.join("a.ko"), output.join("sub/b.ko")]);
        fs::write(output.join("modules.order"), "c.o\n").expect("written");
        let error = modules_in(&output).expect_err("no c.ko").to_string();
        assert!(error.contains("c.ko"), "{error}");
    }
}
