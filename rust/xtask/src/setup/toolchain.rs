// SPDX-License-Identifier: GPL-2.0

//! Finds or installs the programs that build and boot a kernel with Rust.

use super::apt::{self, Archive, Package};
use super::architecture::Compiler;
use super::cached;
use crate::host::process;
use crate::host::progress::{Progress, Step};
use crate::host::workspace::Workspace;
use anyhow::{Context, Result};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// From `scripts/min-tool-version.sh` of Linux 7.3.
const MIN_RUSTC: (u32, u32) = (1, 85);
const MIN_BINDGEN: (u32, u32) = (0, 71);
/// Of libclang, and of clang for some cells. Both Debian 12 and 13 have it. Older ones than 17 cannot
/// parse this kernel's headers; with newer ones than 21, bindgen before 0.72.1 makes structs opaque that
/// are declared before they are defined (rust-lang/rust-bindgen#3264).
const LLVM: &str = "/usr/lib/llvm-19";
/// The Debian release with the bindgen for the cache.
const BINDGEN_SUITE: &str = "trixie";

/// For every kernel build and boot.
const PACKAGES: &[Package] = &[
    ("gcc", "compiles the kernel"),
    ("libc6-dev", "compiles the kernel's build tools"),
    ("make", "runs the kernel's build system"),
    ("flex", "makes the parser of Kconfig"),
    ("bison", "makes the parser of Kconfig"),
    ("bc", "computes the kernel's time constants"),
    ("libclang1-19", "bindgen parses C with it"),
    ("libelf-dev", "objtool reads object files"),
    ("xz-utils", "unpacks the kernel source"),
    ("qemu-system-x86", "boots the kernel"),
    ("busybox-static", "user space in the initramfs"),
];

/// For cells that are compiled with clang.
const CLANG_PACKAGES: &[Package] = &[
    ("clang-19", "compiles the kernel for this cell"),
    ("lld-19", "links the kernel for this cell"),
    ("llvm-19", "reads and copies object files for this cell"),
];

/// For checks and patches; a demo does without.
const CHECK_PACKAGES: &[Package] = &[
    ("git", "makes the series of patches"),
    ("perl", "runs checkpatch"),
    ("python3", "runs the kernel's kunit.py"),
];

/// Programs that belong to rustc, their components in rustup and their packages in Debian.
const CHECK_COMPONENTS: [(&str, &str, &str); 2] = [
    ("rustfmt", "rustfmt", "rustfmt"),
    ("clippy-driver", "clippy", "rust-clippy"),
];

#[derive(Clone, Debug)]
pub struct Toolchain {
    bindgen: PathBuf,
    /// The source of `core`.
    rust_lib_src: PathBuf,
}

impl Toolchain {
    /// Finds the toolchain of a kernel build. The packages have to be installed.
    pub fn find(workspace: &Workspace, progress: &Progress) -> Result<Self> {
        progress.step("looking for the toolchain", |step| {
            Ok(Self {
                bindgen: bindgen(workspace, step)?,
                rust_lib_src: rust_src(workspace, step)?,
            })
        })
    }

    /// Configures a `make` of the kernel.
    pub fn configure(&self, make: &mut Command) {
        make.env("LIBCLANG_PATH", format!("{LLVM}/lib"))
            .args(self.make_options());
    }

    /// Configures the kernel's `kunit.py`.
    pub fn configure_kunit(&self, kunit: &mut Command) {
        kunit.env("LIBCLANG_PATH", format!("{LLVM}/lib"));
        for option in self.make_options() {
            kunit.arg("--make_options").arg(option);
        }
    }

    fn make_options(&self) -> [String; 2] {
        [
            format!("BINDGEN={}", self.bindgen.display()),
            format!("RUST_LIB_SRC={}", self.rust_lib_src.display()),
        ]
    }

    /// The versions that products depend on.
    pub fn identity(&self, compiler: Compiler) -> Result<String> {
        let compiler = match compiler {
            Compiler::Gcc => PathBuf::from("gcc"),
            Compiler::Clang => self.llvm_bin().join("clang"),
        };
        let mut identity = String::new();
        for program in [Path::new("rustc"), &compiler, &self.bindgen] {
            let version = process::output(Command::new(program).arg("--version"))?;
            identity.push_str(version.lines().next().unwrap_or_default());
            identity.push('\n');
        }
        Ok(identity)
    }

    /// The directory of LLVM's programs.
    pub fn llvm_bin(&self) -> PathBuf {
        Path::new(LLVM).join("bin")
    }

    /// Installs clang and the LLVM tools that kbuild uses with it.
    pub fn install_clang(&self, workspace: &Workspace, step: &Step) -> Result<()> {
        apt::install_missing(workspace, step, CLANG_PACKAGES)
    }
}

/// The version of the machine's rustc.
pub fn rustc_version() -> Result<String> {
    let (_, version) = version_of("rustc").context("no rustc")?;
    Ok(version)
}

/// Whether the machine's rustc is the oldest that Linux 7.3 builds with.
pub fn is_oldest_rustc() -> bool {
    version_of("rustc").is_some_and(|(version, _)| version == MIN_RUSTC)
}

/// Installs the missing packages for a kernel build.
pub fn install_packages(workspace: &Workspace, progress: &Progress) -> Result<()> {
    progress.step("looking for the packages of a kernel build", |step| {
        apt::install_missing(workspace, step, PACKAGES)
    })
}

/// Installs the missing programs for checks.
pub fn install_for_checks(workspace: &Workspace, progress: &Progress) -> Result<()> {
    progress.step("looking for the programs of the checks", |step| {
        apt::install_missing(workspace, step, CHECK_PACKAGES)?;
        for (program, component, package) in CHECK_COMPONENTS {
            if process::output(Command::new(program).arg("--version")).is_ok() {
                continue;
            }
            if sysroot()? == Path::new("/usr") {
                let why = "checks the code";
                apt::install_missing(workspace, step, &[(package, why)])?;
            } else {
                step.say(&format!("installing {component}: checks the code"));
                rustup_add(component)
                    .with_context(|| format!("{program} is missing beside rustc"))?;
            }
        }
        Ok(())
    })
}

fn rustup_add(component: &str) -> Result<String> {
    process::output(Command::new("rustup").args(["component", "add", component]))
}

fn sysroot() -> Result<PathBuf> {
    let sysroot = process::output(Command::new("rustc").args(["--print", "sysroot"]))?;
    Ok(PathBuf::from(sysroot.trim()))
}

/// The machine's bindgen, or else Debian's in the cache.
fn bindgen(workspace: &Workspace, step: &Step) -> Result<PathBuf> {
    if version_of("bindgen").is_some_and(|(found, _)| found >= MIN_BINDGEN) {
        return Ok(PathBuf::from("bindgen"));
    }
    let cached = cached(workspace, "tools/bindgen", |dir| {
        step.say("unpacking bindgen into the cache: makes the bindings to C");
        let archive = Archive::open(workspace, step, "amd64")?;
        // With its C library, as the machine's may be too old.
        for package in ["bindgen", "libc6"] {
            archive.unpack(step, &format!("{package}/{BINDGEN_SUITE}"), dir)?;
        }
        let run = dir.join("run");
        fs::write(&run, RUN_BINDGEN)?;
        fs::set_permissions(&run, fs::Permissions::from_mode(0o755))?;
        version_of(&run).context("Debian's bindgen does not run here")?;
        Ok(())
    });
    let hint = "install bindgen 0.71.1 or newer, for example with `cargo install bindgen-cli`";
    Ok(cached.context(hint)?.join("run"))
}

const RUN_BINDGEN: &str = r#"#!/bin/sh
root=$(dirname "$0")
exec "$root"/usr/lib64/ld-linux-x86-64.so.2 --library-path "$root"/usr/lib/x86_64-linux-gnu \
    "$root"/usr/bin/bindgen "$@"
"#;

/// The source of the standard library that matches `rustc`: rustup's, or else Debian's in the cache.
fn rust_src(workspace: &Workspace, step: &Step) -> Result<PathBuf> {
    let beside = sysroot()?.join("lib/rustlib/src/rust/library");
    let version = rustc_version()?;
    let place = format!("tools/rust-src-{version}");
    let is_cached = workspace.cache(&place).is_dir();
    if beside.is_dir() || !is_cached && rustup_add("rust-src").is_ok() {
        return Ok(beside);
    }
    let package = cached(workspace, &place, |dir| {
        step.say(&format!(
            "unpacking rust-src {version} into the cache: the kernel compiles `core` itself"
        ));
        Archive::open(workspace, step, "amd64")?
            .unpack(step, &format!("rust-src={version}+*"), dir)
            .with_context(|| format!("rustc {version} needs its own rust-src"))
    })?;
    Ok(package.join(format!("usr/src/rustc-{version}/library")))
}

/// The version that `program --version` prints, as numbers and as text; `None` if it does not run.
fn version_of(program: impl AsRef<OsStr>) -> Option<((u32, u32), String)> {
    let printed = process::output(Command::new(program).arg("--version")).ok()?;
    let text = printed.split_whitespace().nth(1)?.to_string();
    let mut parts = text.split('.').map(|part| part.parse::<u32>().ok());
    Some(((parts.next()??, parts.next()??), text))
}
