// SPDX-License-Identifier: GPL-2.0

//! Finds or installs the programs that build, boot and check a kernel with Rust.

use super::apt;
use crate::host::process;
use crate::host::progress::{Progress, Step};
use crate::host::workspace::Workspace;
use anyhow::{Context, Result};
use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Of libclang, and of clang for some cells. Both Debian 12 and 13 have it. Older ones than 17 cannot
/// parse this kernel's headers; with newer ones than 21, bindgen before 0.72.1 makes structs opaque that
/// are declared before they are defined (rust-lang/rust-bindgen#3264).
pub const LLVM: &str = "/usr/lib/llvm-19";

/// What builds and boots a kernel.
const PACKAGES: [&str; 11] = [
    "gcc",
    "libc6-dev",
    "make",
    "flex",
    "bison",
    "bc",
    "libclang1-19",
    "libelf-dev",
    "xz-utils",
    "qemu-system-x86",
    "busybox-static",
];

/// For checks and patches; a demo does without.
const CHECK_PACKAGES: [&str; 3] = ["git", "perl", "python3"];

/// What belongs to rustc, as components of rustup and as packages of Debian: for builds, and for checks.
const COMPONENTS: [(&str, &str); 1] = [("rust-src", "rust-src")];
const CHECK_COMPONENTS: [(&str, &str); 2] = [("rustfmt", "rustfmt"), ("clippy", "rust-clippy")];

/// For cells that are compiled with clang.
pub const CLANG_PACKAGES: [&str; 3] = ["clang-19", "lld-19", "llvm-19"];

/// The programs of a kernel build, besides installed ones.
#[derive(Clone, Debug)]
pub struct Toolchain {
    path: OsString,
}

impl Toolchain {
    /// Installs what is missing, with what `checks` need or without.
    pub fn find(workspace: &Workspace, progress: &Progress, checks: bool) -> Result<Self> {
        let (mut packages, mut components) = (PACKAGES.to_vec(), COMPONENTS.to_vec());
        if checks {
            packages.extend(CHECK_PACKAGES);
            components.extend(CHECK_COMPONENTS);
        }
        progress.step("looking for the toolchain", |step| {
            let sysroot = process::output(Command::new("rustc").args(["--print", "sysroot"]))?;
            if sysroot.trim() == "/usr" {
                packages.extend(components.iter().map(|(_, package)| package));
                apt::install_missing(workspace, step, &packages)?;
            } else {
                apt::install_missing(workspace, step, &packages)?;
                let mut rustup = process::command("rustup");
                rustup.args(["component", "add"]);
                rustup.args(components.iter().map(|(component, _)| component));
                process::logged(step, &mut rustup, &workspace.cache("logs/rustup.log"))
                    .context("rustc has to be Debian 13's or of rustup")?;
            }
            let path = env::var_os("PATH").unwrap_or_default();
            let mut dirs = vec![bindgen(workspace, step)?];
            dirs.extend(env::split_paths(&path));
            let path = env::join_paths(dirs)?;
            Ok(Self { path })
        })
    }

    /// Configures a program that builds a kernel.
    pub fn configure(&self, make: &mut Command) {
        make.env("LIBCLANG_PATH", format!("{LLVM}/lib"))
            .env("PATH", &self.path);
    }
}

/// The version of the machine's rustc.
pub fn rustc_version() -> Result<String> {
    let printed = process::output(Command::new("rustc").arg("--version"))?;
    let version = printed.split_whitespace().nth(1);
    Ok(version.context("rustc has no version")?.to_string())
}

/// The directory of Debian 13's bindgen in the cache. Debian 12's is too old for Linux 7.3.
fn bindgen(workspace: &Workspace, step: &Step) -> Result<PathBuf> {
    workspace.filled(Path::new("tools/bindgen-trixie"), |dir| {
        // With its C library, as the machine's may be too old.
        for package in ["bindgen/trixie", "libc6/trixie"] {
            apt::unpack(workspace, step, "amd64", package, dir)?;
        }
        let run = dir.join("bindgen");
        fs::write(&run, RUN_BINDGEN)?;
        fs::set_permissions(&run, fs::Permissions::from_mode(0o755))?;
        process::output(Command::new(&run).arg("--version"))
            .context("Debian's bindgen does not run here")
            .map(drop)
    })
}

const RUN_BINDGEN: &str = r#"#!/bin/sh
root=$(dirname "$0")
exec "$root"/usr/lib64/ld-linux-x86-64.so.2 --library-path "$root"/usr/lib/x86_64-linux-gnu \
    "$root"/usr/bin/bindgen "$@"
"#;
