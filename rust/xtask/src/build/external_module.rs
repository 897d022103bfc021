// SPDX-License-Identifier: GPL-2.0

//! The directory of an external module, such that kbuild can work with it and leaves it as it is.

use crate::host::process;
use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// What kbuild makes, as patterns of tar. Some of it is also taken for up to date where it is found.
const PRODUCTS: [&str; 8] = [
    "*.o",
    "*.ko",
    "*.mod",
    "*.mod.c",
    "*.a",
    ".*.cmd",
    "modules.order",
    "Module.symvers",
];

/// A name for files about `directory`.
pub fn label(directory: &Path) -> String {
    directory
        .file_name()
        .map(|name| name.to_string_lossy().replace(|c| !is_plain(c), "-"))
        .unwrap_or_default()
}

/// The directory if kbuild can work there; a copy of it, beside `output`, if it cannot.
///
/// Make splits paths at spaces and reads some characters as its own. And where a module was built
/// in its directory, kbuild refuses to build it elsewhere, or uses objects of another kernel.
pub fn speakable(directory: &Path, output: &Path) -> Result<PathBuf> {
    let path = directory.as_os_str().to_str();
    if path.is_some_and(|path| path.chars().all(|c| c == '/' || is_plain(c)))
        && !was_built_in(directory)?
    {
        return Ok(directory.to_path_buf());
    }
    let copy = copy_of(output);
    if copy.exists() {
        fs::remove_dir_all(&copy).with_context(|| format!("cannot clear {}", copy.display()))?;
    }
    fs::create_dir_all(&copy).with_context(|| format!("cannot create {}", copy.display()))?;

    // With the time stamps, so that what did not change is not built again.
    let mut tar = process::command("bash");
    tar.args(["-c", "set -o pipefail; from=$1 to=$2; shift 2; tar -C \"$from\" \"$@\" -cf - . | tar -C \"$to\" -xf -", "copy"])
        .arg(directory)
        .arg(&copy)
        .arg("--exclude=.git")
        .args(PRODUCTS.map(|pattern| format!("--exclude={pattern}")));
    process::output(&mut tar).with_context(|| format!("cannot copy {}", directory.display()))?;
    Ok(copy)
}

/// Where the copy of a directory is whose products go to `output`.
pub fn copy_of(output: &Path) -> PathBuf {
    output.with_extension("source")
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._+-@".contains(c)
}

fn was_built_in(directory: &Path) -> Result<bool> {
    for entry in WalkDir::new(directory) {
        let entry = entry.with_context(|| format!("cannot read {}", directory.display()))?;
        let name = entry.file_name();
        if name == "modules.order" || Path::new(name).extension() == Some(OsStr::new("o")) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The modules in kbuild's output, in the order of the Kbuild.
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
    fn a_plain_directory_is_used_as_it_is() {
        let (root, plain) = directory("plain-1.0_x", &["Kbuild", "sub/a.rs"]);
        let output = root.path().join("output");
        assert_eq!(speakable(&plain, &output).expect("a path"), plain);
        assert!(!copy_of(&output).exists());
    }

    #[test]
    fn what_make_would_trip_over_is_copied() {
        for name in ["a b", "a:b", "a%b", "a$b", "a#b", "a'b", "ä"] {
            let (root, odd) = directory(name, &["Kbuild", "sub/a.rs"]);
            let output = root.path().join("output");
            let used = speakable(&odd, &output).expect(name);
            assert_eq!(used, copy_of(&output));
            assert!(used.join("sub/a.rs").is_file(), "{name}");
            assert!(label(&odd).chars().all(is_plain), "{name}");
        }
    }

    #[test]
    fn a_directory_that_was_built_in_is_copied_without_the_products() {
        let files = [
            "Kbuild",
            "a.c",
            "sub/b.o",
            "sub/.b.o.cmd",
            "sub/b.c",
            "x.o_shipped",
        ];
        let (root, built) = directory("built", &files);
        let used = speakable(&built, &root.path().join("output")).expect("a copy");
        assert_ne!(used, built);
        for there in ["Kbuild", "a.c", "sub/b.c", "x.o_shipped"] {
            assert!(used.join(there).is_file(), "{there}");
        }
        for gone in ["sub/b.o", "sub/.b.o.cmd"] {
            assert!(!used.join(gone).exists(), "{gone}");
        }
        assert!(built.join("sub/b.o").exists(), "the person's own");
    }

    #[test]
    fn a_second_copy_has_nothing_of_the_first() {
        let (root, odd) = directory("a b", &["Kbuild", "old.rs"]);
        let output = root.path().join("output");
        speakable(&odd, &output).expect("a copy");
        fs::remove_file(odd.join("old.rs")).expect("removed");
        let used = speakable(&odd, &output).expect("a copy");
        assert!(!used.join("old.rs").exists());
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
