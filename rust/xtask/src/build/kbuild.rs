// SPDX-License-Identifier: GPL-2.0

//! Kernel trees and builds: copies of the pristine tree, configured and built with kbuild.

use crate::build::external_module;
use crate::host::process;
use crate::host::progress::{Progress, Step};
use crate::host::workspace::{self, Workspace};
use crate::setup::architecture::{Compiler, Target};
use crate::setup::source::Source;
use crate::setup::toolchain::Toolchain;
use crate::tree::library::Library;
use crate::tree::series;
use anyhow::{Context, Result, bail};
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
    toolchain: Toolchain,
    source_id: String,
    fragments: Vec<PathBuf>,
}

/// The library's files in a kernel tree. Other versions of the compilers warn about other files.
pub const LIBRARY: &str = "rust/kernel/dma";

/// Which lints a build is for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Lints {
    /// The compiler's own. The code is what users run.
    Rustc,
    /// Also clippy's. The code is not booted: clippy changes code generation.
    Clippy,
}

/// A copy of the tree with the library, up to date with the checkout.
pub fn grafted(workspace: &Workspace, progress: &Progress, source: &Source) -> Result<PathBuf> {
    with_steps(workspace, progress, source, "grafted", series::GRAFT)
}

/// A copy of the tree, called `name`, with the first `count` steps of the series.
pub fn with_steps(
    workspace: &Workspace,
    progress: &Progress,
    source: &Source,
    name: &str,
    count: usize,
) -> Result<PathBuf> {
    let tree = workspace.cache("trees").join(&source.id).join(name);
    let library = Library::read(&workspace.checkout, &workspace.overlay())?;
    progress.step("grafting the library onto the kernel tree", |step| {
        if !tree.is_dir() {
            copy(workspace, step, &source.tree, &tree)?;
        }
        for file in series::graft(&source.tree, &tree, &library, count)? {
            step.say(&format!("changed {file}"));
        }
        Ok(())
    })?;
    Ok(tree)
}

/// A copy of the tree without the library, to compare with.
pub fn pristine(workspace: &Workspace, progress: &Progress, source: &Source) -> Result<PathBuf> {
    let tree = workspace.cache("trees").join(&source.id).join("pristine");
    if !tree.is_dir() {
        progress.step(
            "copying the kernel tree, to build it without the library",
            |step| copy(workspace, step, &source.tree, &tree),
        )?;
    }
    Ok(tree)
}

fn copy(workspace: &Workspace, step: &Step, from: &Path, to: &Path) -> Result<()> {
    step.say("linking the files of the pristine tree");
    let scratch = workspace.scratch("tree-")?;
    let copy = scratch.path().join("linux");
    let mut cp = process::command("cp");
    // Links, as a kernel tree is large. `tree::files` replaces a file and does not write into it.
    cp.arg("-al").arg(from).arg(&copy);
    process::logged(step, &mut cp, &workspace.cache("logs/copy.log"))?;
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::rename(&copy, to).with_context(|| format!("cannot move the tree to {}", to.display()))
}

impl Kernel {
    /// A kernel called `name`. Its configuration is the sum of the fragments that every kernel has and
    /// of `fragments`.
    pub fn new(
        workspace: &Workspace,
        tree: &Path,
        source: &Source,
        toolchain: &Toolchain,
        target: Target,
        name: &str,
        fragments: &[&str],
    ) -> Self {
        Self {
            tree: tree.to_path_buf(),
            build: tree.join(format!("build-{name}")),
            pristine: source.tree.clone(),
            target,
            toolchain: toolchain.clone(),
            source_id: source.id.clone(),
            // The architecture comes last: it turns off options that it does not support.
            fragments: ["base"]
                .iter()
                .chain(fragments)
                .chain(&[target.architecture.facts().name])
                .map(|fragment| workspace.fragment(fragment))
                .collect(),
        }
    }

    /// The same, built elsewhere.
    pub fn with_build(&self, name: &str) -> Self {
        Self {
            build: self.tree.join(format!("build-{name}")),
            ..self.clone()
        }
    }

    /// `make`, in the tree, with the toolchain.
    pub fn make(&self, lints: Lints) -> Command {
        let mut make = process::command("make");
        make.arg("-C")
            .arg(&self.tree)
            .arg(format!("O={}", self.build.display()))
            // One more than CPUs, as some jobs wait for the disk.
            .arg(format!("-j{}", jobs() + 1))
            .arg(format!("ARCH={}", self.target.architecture.facts().kbuild))
            // These are in the image, which depends on the source only.
            .env("KBUILD_BUILD_USER", "coherent")
            .env("KBUILD_BUILD_HOST", "coherent")
            // Variables of the person's own builds.
            .env_remove("MAKEFLAGS")
            .env_remove("MFLAGS")
            .env_remove("CROSS_COMPILE")
            .env_remove("LLVM")
            .env_remove("KBUILD_OUTPUT")
            .env_remove("KBUILD_EXTMOD")
            .env_remove("M");
        if lints == Lints::Clippy {
            make.arg("CLIPPY=1");
        }
        if self.target.compiler == Compiler::Clang {
            make.arg(format!("LLVM={}/", self.toolchain.llvm_bin().display()));
        }
        self.toolchain.configure(&mut make);
        make
    }

    /// Writes the configuration if it changed.
    pub fn configure(&self, workspace: &Workspace, progress: &Progress) -> Result<()> {
        let stamp = self.build.join(".coherent-configured");
        let wanted = self.identity()?;
        if fs::read_to_string(&stamp).is_ok_and(|made| made == wanted) {
            return Ok(());
        }
        let name = self.name();
        progress.step(&format!("configuring the kernel ({name})"), |step| {
            fs::create_dir_all(&self.build)?;
            let log = workspace.cache(format!("logs/configure-{name}.log"));
            process::logged(step, self.make(Lints::Rustc).arg("tinyconfig"), &log)?;
            let mut merge = process::command(self.tree.join("scripts/kconfig/merge_config.sh"));
            merge
                .args(["-m", "-O"])
                .arg(&self.build)
                .arg(self.build.join(".config"))
                .args(&self.fragments);
            process::logged(step, &mut merge, &log)?;
            process::logged(step, self.make(Lints::Rustc).arg("olddefconfig"), &log)?;

            let config = fs::read_to_string(self.build.join(".config"))?;
            let texts = self.fragments.iter().map(fs::read_to_string);
            let texts = texts.collect::<std::io::Result<Vec<_>>>()?;
            require_symbols(&texts.concat(), &config)
                .with_context(|| format!("cannot configure the kernel ({name})"))?;
            fs::write(&stamp, &wanted)?;
            Ok(())
        })
    }

    /// Whether the configuration has a symbol, built in or as a module.
    pub fn has(&self, symbol: &str) -> Result<bool> {
        let path = self.build.join(".config");
        let config = fs::read_to_string(&path).with_context(|| format!("no {}", path.display()))?;
        Ok(config.lines().any(|line| {
            line.strip_prefix(symbol)
                .is_some_and(|v| v.starts_with('='))
        }))
    }

    fn name(&self) -> String {
        self.build
            .file_name()
            .map(|name| name.to_string_lossy().replacen("build-", "", 1))
            .unwrap_or_default()
    }

    /// What the configuration depends on.
    fn identity(&self) -> Result<String> {
        let mut identity = format!("{}\n", self.source_id);
        identity.push_str(&self.toolchain.identity(self.target.compiler)?);
        for fragment in &self.fragments {
            let text = fs::read_to_string(fragment)
                .with_context(|| format!("no configuration fragment {}", fragment.display()))?;
            for line in text.lines().filter(|line| line.starts_with("CONFIG_")) {
                identity = identity + line + "\n";
            }
        }
        Ok(identity)
    }

    /// Builds the kernel and the modules of the tree.
    pub fn build(&self, workspace: &Workspace, progress: &Progress) -> Result<()> {
        self.configure(workspace, progress)?;
        let name = self.name();
        progress.step(&format!("building the kernel ({name})"), |step| {
            let log = workspace.cache(format!("logs/build-{name}.log"));
            process::logged(step, &mut self.make(Lints::Rustc), &log)?;
            self.refuse_warnings(&log)
        })
    }

    /// Fails for a log of this build in which a compiler warned about the library.
    pub fn refuse_warnings(&self, log: &Path) -> Result<()> {
        let found = warnings_about(LIBRARY, &read_log(log)?);
        refuse(&found, log, &self.build.join("rust/kernel.o"))
    }

    /// Builds the external modules of `directory` and returns them.
    ///
    /// The products go to the build directory, not beside the source.
    pub fn modules(
        &self,
        workspace: &Workspace,
        step: &Step,
        directory: &Path,
        lints: Lints,
    ) -> Result<Vec<PathBuf>> {
        let (mut make, output, log) = self.modules_command(workspace, directory, "", lints)?;
        process::logged(step, &mut make, &log)?;
        refuse(&warnings(&log)?, &log, &output)?;
        external_module::modules_in(&output)
    }

    /// The `make` that compiles one object of the external modules of `directory`, and its log.
    pub fn object_command(
        &self,
        workspace: &Workspace,
        directory: &Path,
        object: &str,
        lints: Lints,
    ) -> Result<(Command, PathBuf)> {
        // In a directory of its own: kbuild would remove the modules' products.
        let (mut make, _, log) = self.modules_command(workspace, directory, object, lints)?;
        make.arg(object);
        Ok((make, log))
    }

    /// The `make` for the external modules of `directory`, its output directory and its log.
    pub fn modules_command(
        &self,
        workspace: &Workspace,
        directory: &Path,
        object: &str,
        lints: Lints,
    ) -> Result<(Command, PathBuf, PathBuf)> {
        let directory = fs::canonicalize(directory)
            .with_context(|| format!("no directory {}", directory.display()))?;
        external_module::require_buildable(&directory)?;
        let mut name = external_module::label(&directory);
        if !object.is_empty() {
            name = format!("{name}-{object}");
        }
        let key = workspace::key(&directory);
        let output = self.build.join(format!("modules/{name}-{key}"));
        fs::create_dir_all(&output)?;
        let log = workspace.cache(format!("logs/modules-{}-{name}.log", self.name()));
        let mut make = self.make(lints);
        make.arg(format!("M={}", directory.display()))
            .arg(format!("MO={}", output.display()));
        Ok((make, output, log))
    }
}

/// Removes a file or a directory, if it is there.
pub fn remove(product: &Path) -> Result<()> {
    let removed = match fs::symlink_metadata(product) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(product),
        Ok(_) => fs::remove_file(product),
        Err(_) => Ok(()),
    };
    removed.with_context(|| format!("cannot remove {}", product.display()))
}

/// What compilers warned about in a log.
pub fn warnings(log: &Path) -> Result<Vec<String>> {
    let text = read_log(log)?;
    let found = text.lines().filter(|line| is_warning(line));
    Ok(found.map(str::to_string).collect())
}

/// The same, about files whose path contains `place`.
pub fn warnings_about(place: &str, log: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut pending = None;
    for line in log.lines() {
        if let Some((file, _)) = line.split_once(": warning:") {
            found.extend(file.contains(place).then(|| line.to_string()));
        } else if is_warning(line) {
            pending = Some(line);
        } else if let Some((_, file)) = line.split_once("--> ") {
            // Later places of a warning of rustc are in its notes.
            let warning = pending.take().filter(|_| file.contains(place));
            found.extend(warning.map(|warning| format!("{file}: {warning}")));
        }
    }
    found
}

fn read_log(log: &Path) -> Result<String> {
    fs::read_to_string(log).with_context(|| format!("cannot read {}", log.display()))
}

/// Fails if there are warnings, and removes `product`: a compiler that has nothing to do does not
/// warn, so the next build would pass.
fn refuse(warnings: &[String], log: &Path, product: &Path) -> Result<()> {
    if warnings.is_empty() {
        return Ok(());
    }
    remove(product)?;
    bail!("warnings, see {}:\n{}", log.display(), warnings.join("\n"))
}

/// Whether a line of a build is a compiler's warning.
pub fn is_warning(line: &str) -> bool {
    line.starts_with("warning:") || line.contains(": warning:")
}

/// Fails if the configuration differs from the fragments: Kconfig drops options with unmet
/// dependencies silently. The last fragment with a symbol counts.
fn require_symbols(wanted: &str, config: &str) -> Result<()> {
    let assignments = |text: &str| -> BTreeMap<String, String> {
        text.lines()
            .map(str::trim)
            .filter(|line| line.starts_with("CONFIG_"))
            .filter_map(|line| line.split_once('='))
            .map(|(symbol, value)| (symbol.to_string(), value.to_string()))
            .collect()
    };
    let have = assignments(config);
    let missing: Vec<_> = assignments(wanted)
        .into_iter()
        .filter(|(symbol, value)| have.get(symbol).map_or("n", String::as_str) != value)
        .map(|(symbol, value)| format!("{symbol}={value}"))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    bail!(
        "Kconfig dropped options of rust/xtask/config: {} (is a dependency not set?)",
        missing.join(", ")
    )
}

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
        assert!(error.contains("CONFIG_KASAN=y"), "{error}");
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
    fn a_warning_removes_the_product() {
        let dir = tempfile::tempdir().expect("a directory");
        let (log, product) = (dir.path().join("log"), dir.path().join("kernel.o"));
        fs::write(&product, "").expect("written");
        fs::write(&log, "  CC fork.o\n  RUSTC kernel.o\n").expect("written");
        refuse(&warnings(&log).expect("a log"), &log, &product).expect("no warning");
        assert!(product.exists());
        fs::write(
            &log,
            "warning: unused import\nfork.c:1:2: warning: unused\n",
        )
        .expect("written");
        let found = warnings(&log).expect("a log");
        assert_eq!(found.len(), 2);
        refuse(&found, &log, &product).expect_err("warnings");
        assert!(!product.exists());
        refuse(&found, &log, &product).expect_err("warnings, and there is no product");
    }

    #[test]
    fn warnings_about_other_files_are_told_apart() {
        let log = "  RUSTC L rust/kernel.o\nwarning: needless\n  --> ../rust/kernel/cpufreq.rs:1:2\n   |\n\
                   warning: useless\n  --> ../rust/kernel/dma/coherent.rs:3:4\n\
                   note: there\n  --> ../rust/kernel/dma/coherent/view.rs:5:6\n\
                   ../kernel/fork.c:1:2: warning: unused\nwarning: 2 warnings emitted\n";
        let ours = "../rust/kernel/dma/coherent.rs:3:4: warning: useless";
        assert_eq!(warnings_about(LIBRARY, log), [ours]);
        assert_eq!(warnings_about("kernel/fork", log).len(), 1);
    }
}
