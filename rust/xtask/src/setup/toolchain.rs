// SPDX-License-Identifier: GPL-2.0

//! The programs that build and boot a kernel with Rust: found, or installed and said why.

use crate::build::architecture::Compiler;
use crate::host::process;
use crate::host::progress::{Progress, Step};
use crate::host::workspace::Workspace;
use crate::setup::apt::{self, Archive, Package};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

/// What Linux 7.3 asks for in `scripts/min-tool-version.sh`.
const MIN_RUSTC: (u32, u32) = (1, 85);
const MIN_BINDGEN: (u32, u32) = (0, 71);
const MIN_LIBCLANG: u32 = 17;
const BINDGEN_VERSION: &str = "0.72.1";

#[derive(Clone, Debug)]
pub struct Toolchain {
    pub bindgen: PathBuf,
    /// The directory of libclang.
    pub libclang: PathBuf,
    /// The source of `core`.
    pub rust_lib_src: PathBuf,
}

impl Toolchain {
    /// Tells `make` which tools to use.
    pub fn configure(&self, make: &mut Command) {
        make.env("LIBCLANG_PATH", &self.libclang)
            .args(self.make_options());
    }

    /// What `make` is told of the toolchain.
    fn make_options(&self) -> [String; 2] {
        [
            format!("BINDGEN={}", self.bindgen.display()),
            format!("RUST_LIB_SRC={}", self.rust_lib_src.display()),
        ]
    }

    /// Has the tree's `kunit.py` use it.
    pub fn configure_kunit(&self, kunit: &mut Command) {
        kunit.env("LIBCLANG_PATH", &self.libclang);
        for option in self.make_options() {
            kunit.arg("--make_options").arg(option);
        }
    }

    /// What makes the products of this toolchain differ from those of another.
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

    /// The programs of LLVM, of the version of libclang.
    pub fn llvm_bin(&self) -> PathBuf {
        self.libclang.with_file_name("bin")
    }

    /// Installs clang, and what else of LLVM kbuild uses with it.
    pub fn install_clang(&self, workspace: &Workspace, step: &Step) -> Result<()> {
        let root = self.libclang.parent().unwrap_or(&self.libclang);
        let version = root
            .file_name()
            .and_then(|name| name.to_str()?.strip_prefix("llvm-"))
            .with_context(|| format!("{} is not of a known version", root.display()))?;
        let packages = [
            ("clang", "compiles the kernel for this cell"),
            ("lld", "links the kernel for this cell"),
            ("llvm", "has the other tools for object files"),
        ]
        .map(|(name, why)| Package::new(format!("{name}-{version}"), why));
        apt::install_missing(workspace, step, &packages)
    }
}

fn packages() -> Vec<Package> {
    [
        ("gcc", "compiles the kernel"),
        ("libc6-dev", "compiles the kernel's build tools"),
        ("make", "runs the kernel's build system"),
        ("flex", "makes the parser of Kconfig"),
        ("bison", "makes the parser of Kconfig"),
        ("bc", "computes the kernel's time constants"),
        ("libelf-dev", "objtool reads object files"),
        ("perl", "runs checkpatch, and parts of the kernel's build"),
        ("git", "makes the series of patches"),
        ("python3", "the kernel's kunit.py reads KTAP"),
        ("xz-utils", "unpacks the kernel source"),
        (
            "qemu-system-x86",
            "boots the kernel, and has the edu device",
        ),
        ("busybox-static", "is user space in the initramfs"),
        ("debian-archive-keyring", "verifies what is downloaded"),
    ]
    .map(|(name, why)| Package::new(name, why))
    .to_vec()
}

/// A toolchain that may still be in the making.
pub struct Pending {
    bindgen: PathBuf,
    install: Option<(Child, PathBuf)>,
    libclang: PathBuf,
}

/// Installs what is missing; the long compile of bindgen goes on in the background.
pub fn prepare(workspace: &Workspace, progress: &Progress) -> Result<Pending> {
    progress.step("looking for the toolchain", |step| {
        let (version, text) = version_of("rustc")
            .context("no rustc: install a Rust toolchain, for example with rustup")?;
        if version < MIN_RUSTC {
            bail!("Linux 7.3 needs rustc 1.85 or newer, this is {text}; run `rustup update`");
        }
        apt::install_missing(workspace, step, &packages())?;
        components(step)?;
        let (bindgen, install) = bindgen(workspace, step)?;
        Ok(Pending {
            bindgen,
            install,
            libclang: libclang(workspace, step)?,
        })
    })
}

impl Pending {
    /// Waits for what is in the making.
    pub fn finish(self, workspace: &Workspace, progress: &Progress) -> Result<Toolchain> {
        let rust_lib_src =
            progress.step("looking for rust-src", |step| rust_src(workspace, step))?;
        if let Some((child, root)) = self.install {
            let log = workspace.cache("logs/bindgen.log");
            progress.step("waiting for bindgen", |step| {
                match process::wait(step, child, &log, None)? {
                    Some(status) if status.success() => {}
                    _ => bail!(
                        "`cargo install bindgen-cli` failed:\n{}",
                        fs::read_to_string(&log).unwrap_or_default()
                    ),
                }
                let target = bindgen_root(workspace);
                fs::rename(&root, &target)
                    .with_context(|| format!("cannot move bindgen to {}", target.display()))
            })?;
        }
        Ok(Toolchain {
            bindgen: self.bindgen,
            libclang: self.libclang,
            rust_lib_src,
        })
    }
}

fn components(step: &Step) -> Result<()> {
    for (program, component) in [("rustfmt", "rustfmt"), ("clippy-driver", "clippy")] {
        if process::output(Command::new(program).arg("--version")).is_err() {
            step.say(&format!("installing {component}: checks the kernel's code"));
            rustup_add(component).with_context(|| {
                format!("{program} is missing; install it beside rustc (`rustup component add {component}`)")
            })?;
        }
    }
    Ok(())
}

fn rustup_add(component: &str) -> Result<String> {
    process::output(Command::new("rustup").args(["component", "add", component]))
}

fn bindgen_root(workspace: &Workspace) -> PathBuf {
    workspace.cache(format!("tools/bindgen-{BINDGEN_VERSION}"))
}

fn bindgen(workspace: &Workspace, step: &Step) -> Result<(PathBuf, Option<(Child, PathBuf)>)> {
    if version_of("bindgen").is_some_and(|(version, _)| version >= MIN_BINDGEN) {
        return Ok((PathBuf::from("bindgen"), None));
    }
    let root = bindgen_root(workspace);
    let program = root.join("bin/bindgen");
    if program.is_file() {
        return Ok((program, None));
    }
    step.say(&format!(
        "installing bindgen {BINDGEN_VERSION} into the cache: makes the bindings to C (in the background)"
    ));
    fs::create_dir_all(workspace.cache("tools"))?;
    let unfinished = workspace.scratch("bindgen-")?.keep();
    let mut install = process::command("cargo");
    install
        .args([
            "install",
            "bindgen-cli",
            "--locked",
            "--version",
            BINDGEN_VERSION,
        ])
        .arg("--root")
        .arg(&unfinished)
        .env_remove("CARGO_TARGET_DIR")
        .current_dir(&unfinished);
    let child = process::spawn(&mut install, &workspace.cache("logs/bindgen.log"))?;
    Ok((program, Some((child, unfinished))))
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
        .filter(|(version, _)| *version >= MIN_LIBCLANG)
        .max()
        .with_context(|| format!("this release has no libclang {MIN_LIBCLANG} or newer"))?;
    apt::install_missing(
        workspace,
        step,
        &[Package::new(newest.1, "bindgen parses C with it")],
    )?;
    installed_libclang().context("libclang was installed but is not where it is expected")
}

fn installed_libclang() -> Option<PathBuf> {
    fs::read_dir("/usr/lib")
        .ok()?
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let name = path.file_name()?.to_str()?;
            let version: u32 = name.strip_prefix("llvm-")?.parse().ok()?;
            let lib = path.join("lib");
            (version >= MIN_LIBCLANG && has_libclang(&lib)).then_some((version, lib))
        })
        .max()
        .map(|(_, lib)| lib)
}

fn has_libclang(lib: &Path) -> bool {
    fs::read_dir(lib).is_ok_and(|entries| {
        entries.filter_map(Result::ok).any(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with("libclang-") && name.contains(".so") && !name.contains("cpp")
        })
    })
}

/// The source of the standard library that matches `rustc`.
fn rust_src(workspace: &Workspace, step: &Step) -> Result<PathBuf> {
    let sysroot = process::output(Command::new("rustc").args(["--print", "sysroot"]))?;
    let beside = Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library");
    let complete = |library: &Path| library.join("core/src/lib.rs").is_file();
    if complete(&beside) {
        return Ok(beside);
    }
    let (_, version) = version_of("rustc").context("no rustc")?;
    let cached = workspace.cache(format!("rust-src/{version}"));
    if complete(&cached) {
        return Ok(cached);
    }
    step.say(&format!(
        "installing rust-src {version}: the kernel compiles `core` itself"
    ));
    if rustup_add("rust-src").is_ok() && complete(&beside) {
        return Ok(beside);
    }

    step.say("rustup cannot; taking it from the Debian archive into the cache");
    let archive = Archive::open(workspace, step)?;
    let package = archive
        .newest("rust-src", &format!("{version}+"))
        .with_context(|| format!("rustc {version} needs its own rust-src"))?;
    let scratch = workspace.scratch("rust-src-")?;
    archive.unpack(step, &package, scratch.path())?;
    let library = scratch
        .path()
        .join(format!("usr/src/rustc-{version}/library"));
    if !complete(&library) {
        bail!(
            "{} {} has no library/core",
            package.package,
            package.version
        );
    }
    fs::create_dir_all(workspace.cache("rust-src"))?;
    fs::rename(&library, &cached)
        .with_context(|| format!("cannot move rust-src to {}", cached.display()))?;
    Ok(cached)
}

/// The version that `program --version` prints, as numbers and as text; `None` if it does not run.
fn version_of(program: &str) -> Option<((u32, u32), String)> {
    let printed = process::output(Command::new(program).arg("--version")).ok()?;
    let text = printed.split_whitespace().nth(1)?.to_string();
    let mut parts = text.split('.').map(|part| part.parse::<u32>().ok());
    Some(((parts.next()??, parts.next()??), text))
}
