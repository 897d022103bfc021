// SPDX-License-Identifier: GPL-2.0

//! Finds or installs the programs that build and boot a kernel with Rust.

use crate::host::process;
use crate::host::progress::{Progress, Step};
use crate::host::workspace::Workspace;
use crate::setup::apt::{self, Archive, Package};
use crate::setup::architecture::Compiler;
use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::fs;
use std::ops::RangeInclusive;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// From `scripts/min-tool-version.sh` of Linux 7.3.
const MIN_RUSTC: (u32, u32) = (1, 85);
const MIN_BINDGEN: (u32, u32) = (0, 71);
/// Older ones cannot parse this kernel's headers; with newer ones, bindgen before 0.72.1 makes structs
/// opaque that are declared before they are defined (rust-lang/rust-bindgen#3264).
const LIBCLANG: RangeInclusive<u32> = 17..=21;
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
    ("libelf-dev", "objtool reads object files"),
    ("xz-utils", "unpacks the kernel source"),
    ("qemu-system-x86", "boots the kernel"),
    ("busybox-static", "user space in the initramfs"),
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
    pub bindgen: PathBuf,
    /// The directory of libclang.
    pub libclang: PathBuf,
    /// The source of `core`.
    pub rust_lib_src: PathBuf,
}

impl Toolchain {
    /// Configures a `make` of the kernel.
    pub fn configure(&self, make: &mut Command) {
        make.env("LIBCLANG_PATH", &self.libclang)
            .args(self.make_options());
    }

    fn make_options(&self) -> [String; 2] {
        [
            format!("BINDGEN={}", self.bindgen.display()),
            format!("RUST_LIB_SRC={}", self.rust_lib_src.display()),
        ]
    }

    /// Configures the kernel's `kunit.py`.
    pub fn configure_kunit(&self, kunit: &mut Command) {
        kunit.env("LIBCLANG_PATH", &self.libclang);
        for option in self.make_options() {
            kunit.arg("--make_options").arg(option);
        }
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

    /// The directory of LLVM's programs, of libclang's version.
    pub fn llvm_bin(&self) -> PathBuf {
        self.libclang.with_file_name("bin")
    }

    /// Installs clang and the LLVM tools that kbuild uses with it.
    pub fn install_clang(&self, workspace: &Workspace, step: &Step) -> Result<()> {
        let root = self.libclang.parent().unwrap_or(&self.libclang);
        let version = root
            .file_name()
            .and_then(|name| name.to_str()?.strip_prefix("llvm-"))
            .with_context(|| format!("{} is not of a known version", root.display()))?;
        let packages = [
            ("clang", "compiles the kernel for this cell"),
            ("lld", "links the kernel for this cell"),
            ("llvm", "reads and copies object files for this cell"),
        ]
        .map(|(name, why)| (format!("{name}-{version}"), why));
        apt::install_missing(workspace, step, &packages)
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
    let (version, text) = version_of("rustc")
        .context("no rustc: install a Rust toolchain, for example with rustup")?;
    if version < MIN_RUSTC {
        bail!("Linux 7.3 needs rustc 1.85 or newer, this is {text}; run `rustup update`");
    }
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

impl Toolchain {
    /// Finds the toolchain of a kernel build. The packages have to be installed.
    pub fn find(workspace: &Workspace, progress: &Progress) -> Result<Self> {
        progress.step("looking for the toolchain", |step| {
            Ok(Self {
                bindgen: bindgen(workspace, step)?,
                libclang: libclang(workspace, step)?,
                rust_lib_src: rust_src(workspace, step)?,
            })
        })
    }
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
    let works = |program: &Path| version_of(program).is_some_and(|(found, _)| found >= MIN_BINDGEN);
    let installed = PathBuf::from("bindgen");
    let cached = workspace.cache("tools/bindgen");
    if let Some(program) = [installed, cached.join("run")]
        .into_iter()
        .find(|p| works(p))
    {
        return Ok(program);
    }
    step.say("unpacking bindgen into the cache: makes the bindings to C");
    let archive = Archive::open(workspace, step)?;
    let scratch = workspace.scratch("bindgen-")?;
    // With its C library, as the machine's may be too old.
    for package in ["bindgen", "libc6"] {
        archive
            .unpack(step, &format!("{package}/{BINDGEN_SUITE}"), scratch.path())
            .context(
                "install bindgen 0.71.1 or newer, for example with `cargo install bindgen-cli`",
            )?;
    }
    let run = scratch.path().join("run");
    fs::write(&run, RUN_BINDGEN)?;
    fs::set_permissions(&run, fs::Permissions::from_mode(0o755))?;
    if !works(&run) {
        bail!("Debian's bindgen does not run here; install it with `cargo install bindgen-cli`");
    }
    keep(workspace, scratch.path(), &cached)?;
    Ok(cached.join("run"))
}

const RUN_BINDGEN: &str = r#"#!/bin/sh
root=$(dirname "$0")
exec "$root"/usr/lib64/ld-linux-x86-64.so.2 --library-path "$root"/usr/lib/x86_64-linux-gnu \
    "$root"/usr/bin/bindgen "$@"
"#;

/// Moves a complete directory to its place in the cache.
fn keep(workspace: &Workspace, made: &Path, place: &Path) -> Result<()> {
    if let Some(parent) = place.parent() {
        fs::create_dir_all(parent)?;
    }
    if place.exists() {
        fs::rename(place, workspace.scratch("old-")?.path())?;
    }
    fs::rename(made, place).with_context(|| format!("cannot make {}", place.display()))
}

/// The directory of the newest libclang that is new enough.
fn libclang(workspace: &Workspace, step: &Step) -> Result<PathBuf> {
    if let Some(dir) = installed_libclang() {
        return Ok(dir);
    }
    apt::update(workspace, step)?;
    let newest = apt::names("^libclang1-[0-9]+$")?
        .into_iter()
        .filter_map(|name| Some((name.strip_prefix("libclang1-")?.parse::<u32>().ok()?, name)))
        .filter(|(version, _)| LIBCLANG.contains(version))
        .max()
        .with_context(|| format!("this release has no libclang {LIBCLANG:?}"))?;
    apt::install_missing(workspace, step, &[(newest.1, "bindgen parses C with it")])?;
    installed_libclang().context("libclang was installed but is not where it is expected")
}

fn installed_libclang() -> Option<PathBuf> {
    let versions = LIBCLANG.rev();
    let mut dirs = versions.map(|version| PathBuf::from(format!("/usr/lib/llvm-{version}/lib")));
    dirs.find(|dir| {
        let files = fs::read_dir(dir).into_iter().flatten().flatten();
        files.map(|file| file.file_name()).any(|name| {
            let name = name.to_string_lossy();
            name.starts_with("libclang-") && name.contains(".so") && !name.contains("cpp")
        })
    })
}

/// The source of the standard library that matches `rustc`.
fn rust_src(workspace: &Workspace, step: &Step) -> Result<PathBuf> {
    let beside = sysroot()?.join("lib/rustlib/src/rust/library");
    let complete = |library: &Path| library.join("core/src/lib.rs").is_file();
    let version = rustc_version()?;
    let cached = workspace.cache(format!("rust-src/{version}"));
    if let Some(library) = [&beside, &cached].into_iter().find(|dir| complete(dir)) {
        return Ok(library.clone());
    }
    step.say(&format!(
        "installing rust-src {version}: the kernel compiles `core` itself"
    ));
    if rustup_add("rust-src").is_ok() && complete(&beside) {
        return Ok(beside);
    }
    let scratch = workspace.scratch("rust-src-")?;
    Archive::open(workspace, step)?
        .unpack(step, &format!("rust-src={version}+*"), scratch.path())
        .with_context(|| format!("rustc {version} needs its own rust-src"))?;
    let library = scratch
        .path()
        .join(format!("usr/src/rustc-{version}/library"));
    if !complete(&library) {
        bail!("Debian's rust-src {version} has no library/core");
    }
    keep(workspace, &library, &cached)?;
    Ok(cached)
}

/// The version that `program --version` prints, as numbers and as text; `None` if it does not run.
fn version_of(program: impl AsRef<OsStr>) -> Option<((u32, u32), String)> {
    let printed = process::output(Command::new(program).arg("--version")).ok()?;
    let text = printed.split_whitespace().nth(1)?.to_string();
    let mut parts = text.split('.').map(|part| part.parse::<u32>().ok());
    Some(((parts.next()??, parts.next()??), text))
}
