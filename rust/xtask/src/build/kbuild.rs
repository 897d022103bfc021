// SPDX-License-Identifier: GPL-2.0

//! Kernel trees and builds: copies of the pristine tree, configured and built with kbuild.

use crate::build::external_module;
use crate::host::process;
use crate::host::progress::{Progress, Step};
use crate::host::workspace::{self, Workspace};
use crate::setup::architecture::{Compiler, Target};
use crate::setup::source::Source;
use crate::setup::toolchain::{LLVM, Toolchain};
use anyhow::{Context, Result, bail, ensure};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A tree with a configuration and a build directory.
///
/// The build directory is in the tree so that kbuild writes relative paths.
#[derive(Clone, Debug)]
pub struct Kernel {
    pub tree: PathBuf,
    pub build: PathBuf,
    /// The tree that this one was copied from.
    pub pristine: PathBuf,
    pub target: Target,
    name: String,
    toolchain: Toolchain,
    fragments: Vec<PathBuf>,
}

/// The library's files in a kernel tree. Other versions of the compilers warn about other files.
pub const LIBRARY: &str = "rust/kernel/dma";

impl Kernel {
    /// A kernel called `name`. Its configuration is the sum of the fragments that every kernel has and
    /// of `fragments`.
    pub fn new(
        workspace: &Workspace,
        tree: &Path,
        (toolchain, source): (&Toolchain, &Source),
        target: Target,
        name: &str,
        fragments: &[&str],
    ) -> Self {
        // The architecture comes last: it turns off options that it does not support.
        let last = target.architecture.facts().name;
        let config = workspace.checkout.join("rust/xtask/config");
        let all = ["base"].iter().chain(fragments).chain([&last]);
        Self {
            tree: tree.to_path_buf(),
            build: tree.join(format!("build-{name}")),
            pristine: source.tree.clone(),
            target,
            name: name.to_string(),
            toolchain: toolchain.clone(),
            fragments: all
                .map(|name| config.join(format!("{name}.config")))
                .collect(),
        }
    }

    /// The same, built elsewhere.
    pub fn with_build(&self, name: &str) -> Self {
        Self {
            build: self.tree.join(format!("build-{name}")),
            name: name.to_string(),
            ..self.clone()
        }
    }

    /// `make`, in the tree, with the toolchain.
    pub fn make(&self) -> Command {
        let mut make = process::command("make");
        // Of a person's own builds. What is on the command line prevails over others.
        for variable in ["MAKEFLAGS", "CROSS_COMPILE", "LLVM", "KBUILD_EXTMOD"] {
            make.env_remove(variable);
        }
        make.arg("-C")
            .arg(&self.tree)
            .arg(format!("O={}", self.build.display()))
            // One more than CPUs, as some jobs wait for the disk.
            .arg(format!("-j{}", jobs() + 1))
            .arg(format!("ARCH={}", self.target.architecture.facts().kbuild))
            // These are in the image, which depends on the source only.
            .env("KBUILD_BUILD_USER", "coherent")
            .env("KBUILD_BUILD_HOST", "coherent");
        if self.target.compiler == Compiler::Clang {
            make.arg(format!("LLVM={LLVM}/bin/"));
        }
        self.toolchain.configure(&mut make);
        make
    }

    /// Writes the configuration if the fragments or the compilers changed.
    pub fn configure(&self, workspace: &Workspace, progress: &Progress) -> Result<()> {
        let mut wanted = String::new();
        for fragment in &self.fragments {
            wanted += &fs::read_to_string(fragment)
                .with_context(|| format!("no configuration fragment {}", fragment.display()))?;
        }
        let compiler = match self.target.compiler {
            Compiler::Gcc => "gcc".to_string(),
            Compiler::Clang => format!("{LLVM}/bin/clang"),
        };
        for program in ["rustc", &compiler] {
            wanted += &process::output(Command::new(program).arg("--version"))?;
        }
        let stamp = self.build.join(".coherent-configured");
        if fs::read_to_string(&stamp).is_ok_and(|made| made == wanted) {
            return Ok(());
        }
        let title = format!("configuring the kernel ({})", self.name);
        progress.step(&title, |step| {
            fs::create_dir_all(&self.build)?;
            let log = workspace.cache(format!("logs/configure-{}.log", self.name));
            process::logged(step, self.make().arg("tinyconfig"), &log)?;
            let mut merge = process::command(self.tree.join("scripts/kconfig/merge_config.sh"));
            merge
                .args(["-m", "-O"])
                .arg(&self.build)
                .arg(self.build.join(".config"))
                .args(&self.fragments);
            process::logged(step, &mut merge, &log)?;
            process::logged(step, self.make().arg("olddefconfig"), &log)?;
            require_symbols(&wanted, &self.config()?)?;
            fs::write(&stamp, &wanted)?;
            Ok(())
        })
    }

    fn config(&self) -> Result<String> {
        let path = self.build.join(".config");
        fs::read_to_string(&path).with_context(|| format!("no {}", path.display()))
    }

    /// Whether the configuration has a symbol, built in or as a module.
    pub fn has(&self, symbol: &str) -> Result<bool> {
        Ok(assignments(&self.config()?).contains_key(symbol))
    }

    /// Builds the kernel and the modules of the tree.
    pub fn build(&self, workspace: &Workspace, progress: &Progress) -> Result<()> {
        self.configure(workspace, progress)?;
        let title = format!("building the kernel ({})", self.name);
        progress.step(&title, |step| {
            let log = workspace.cache(format!("logs/build-{}.log", self.name));
            process::logged(step, &mut self.make(), &log)?;
            self.refuse_warnings(&log)
        })
    }

    /// Fails for a log of this build in which a compiler warned about the library.
    pub fn refuse_warnings(&self, log: &Path) -> Result<()> {
        refuse(take_warnings(
            LIBRARY,
            log,
            &self.build.join("rust/kernel.o"),
        )?)
    }

    /// Builds the external modules of `directory` and returns them. A warning is an error.
    pub fn modules(
        &self,
        workspace: &Workspace,
        step: &Step,
        directory: &Path,
    ) -> Result<Vec<PathBuf>> {
        let (mut make, output, log) = self.modules_command(workspace, directory, "")?;
        process::logged(step, &mut make, &log)?;
        refuse(take_warnings("", &log, &output)?)?;
        external_module::modules_in(&output)
    }

    /// The `make` for the external modules of `directory`, or for one object of them, with its output
    /// directory and its log.
    ///
    /// The products go to the build directory, not beside the source. Those of an object have a
    /// directory of their own: kbuild would remove the modules' products.
    pub fn modules_command(
        &self,
        workspace: &Workspace,
        directory: &Path,
        object: &str,
    ) -> Result<(Command, PathBuf, PathBuf)> {
        let directory = fs::canonicalize(directory)
            .with_context(|| format!("no directory {}", directory.display()))?;
        external_module::refuse_products(&directory)?;
        let name = directory.file_name().unwrap_or_default().to_string_lossy();
        let key = workspace::key(&directory);
        let output = self.build.join(format!("modules/{name}{object}-{key}"));
        fs::create_dir_all(&output)?;
        let log = workspace.cache(format!("logs/modules-{}-{name}{object}.log", self.name));
        let mut make = self.make();
        make.arg(format!("M={}", directory.display()))
            .arg(format!("MO={}", output.display()))
            .args((!object.is_empty()).then_some(object));
        Ok((make, output, log))
    }
}

/// Removes a file or a directory, if it is there.
pub fn remove(product: &Path) -> Result<()> {
    process::output(Command::new("rm").arg("-rf").arg(product)).map(drop)
}

/// What compilers warned about in a log, in files whose path contains `place`.
pub fn warnings(place: &str, log: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(log).with_context(|| format!("no {}", log.display()))?;
    let mut found = Vec::new();
    let mut pending = None;
    for line in text.lines() {
        if let Some((file, _)) = line.split_once(": warning:") {
            found.extend(file.contains(place).then(|| line.to_string()));
        } else if line.starts_with("warning:") {
            pending = Some(line);
        } else if let Some((_, file)) = line.split_once("--> ") {
            // Later places of a warning of rustc are in its notes.
            let warning = pending.take().filter(|_| file.contains(place));
            found.extend(warning.map(|warning| format!("{file}: {warning}")));
        }
    }
    Ok(found)
}

/// The same. If there are any, it removes `product`: a compiler that has nothing to do does not warn.
pub fn take_warnings(place: &str, log: &Path, product: &Path) -> Result<Vec<String>> {
    let found = warnings(place, log)?;
    if !found.is_empty() {
        remove(product)?;
    }
    Ok(found)
}

fn refuse(warnings: Vec<String>) -> Result<()> {
    ensure!(warnings.is_empty(), "warnings:\n{}", warnings.join("\n"));
    Ok(())
}

/// The symbols that are set in a configuration. The last line with a symbol counts.
fn assignments(config: &str) -> BTreeMap<&str, &str> {
    let lines = config.lines().map(str::trim);
    let set = lines.filter(|line| line.starts_with("CONFIG_"));
    set.filter_map(|line| line.split_once('=')).collect()
}

/// Fails if the configuration differs from what is wanted: Kconfig drops options with unmet
/// dependencies silently.
fn require_symbols(wanted: &str, config: &str) -> Result<()> {
    let have = assignments(config);
    let mut missing = assignments(wanted);
    missing.retain(|symbol, value| have.get(symbol).unwrap_or(&"n") != value);
    if missing.is_empty() {
        return Ok(());
    }
    bail!("Kconfig dropped options of rust/xtask/config (is a dependency not set?): {missing:?}")
}

/// How many jobs keep the CPUs busy.
pub fn jobs() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "CONFIG_RUST=y\n# CONFIG_KASAN is not set\nCONFIG_NR_CPUS=64\n";

    #[test]
    fn a_lost_symbol_is_named() {
        require_symbols("# why\nCONFIG_RUST=y\nCONFIG_KASAN=n\n", CONFIG).expect("all");
        let error = require_symbols("CONFIG_RUST=y\nCONFIG_KASAN=y\n", CONFIG)
            .expect_err("KASAN is off")
            .to_string();
        assert!(error.contains("CONFIG_KASAN"), "{error}");
        assert!(!error.contains("CONFIG_RUST"), "{error}");
        require_symbols("CONFIG_RUST=n\n", CONFIG).expect_err("RUST is on");
        require_symbols("CONFIG_NR_CPUS=8\n", CONFIG).expect_err("another number");
    }

    #[test]
    fn the_last_word_counts() {
        require_symbols("CONFIG_KASAN=y\nCONFIG_KASAN=n\n", CONFIG).expect("not asked for");
        require_symbols("CONFIG_RUST=y\nCONFIG_RUST=n\n", CONFIG).expect_err("RUST is on");
    }

    #[test]
    fn warnings_are_found_by_their_file_and_remove_the_product() {
        let dir = tempfile::tempdir().expect("a directory");
        let [log, product] = ["log", "kernel.o"].map(|name| dir.path().join(name));
        let text = "  RUSTC L rust/kernel.o\nwarning: needless\n  --> ../rust/kernel/cpufreq.rs:1:2\n   |\n\
                    warning: useless\n  --> ../rust/kernel/dma/coherent.rs:3:4\n\
                    note: there\n  --> ../rust/kernel/dma/coherent/view.rs:5:6\n\
                    ../kernel/fork.c:1:2: warning: unused\nwarning: 2 warnings emitted\n";
        fs::write(&log, text).expect("written");
        fs::write(&product, "").expect("written");
        let found = |place| take_warnings(place, &log, &product).expect("a log");
        assert_eq!(found("kernel/panic"), [""; 0]);
        assert!(product.exists());
        let ours = "../rust/kernel/dma/coherent.rs:3:4: warning: useless";
        assert_eq!(found(LIBRARY), [ours]);
        assert!(!product.exists());
        assert_eq!(found("kernel/fork").len(), 1);
        assert_eq!(found("").len(), 3);
    }
}
