// SPDX-License-Identifier: GPL-2.0

//! The tool compiles with the oldest rustc that Linux 7.3 builds with, which is Debian 13's.

use crate::build::session::Session;
use crate::host::process;
use crate::setup::toolchain;
use crate::verdict::report::Report;
use anyhow::Result;
use std::process::Command;

const NAME: &str = "host: rustc 1.85";

/// Compiles the tool and its dependencies, whose own declarations of a `rust-version` may be wrong.
pub fn check(session: &Session) -> Report {
    let mut report = Report::default();
    if toolchain::is_oldest_rustc() {
        // It has compiled this.
        report.note(NAME, Ok(()));
    } else if process::exists("rustup") {
        report.note(NAME, compile(session));
    } else {
        report.skip(NAME, "there is no rustup to fetch that version with");
    }
    report
}

fn compile(session: &Session) -> Result<()> {
    let workspace = &session.workspace;
    let home = workspace.cache("oldest-rustc");
    let log = workspace.cache("logs/oldest-rustc.log");
    // Apart from the toolchains that the person has.
    let rustup = |arguments: &[&str]| -> Command {
        let mut command = process::command("rustup");
        command
            .args(arguments)
            .env("RUSTUP_HOME", &home)
            .env("CARGO_TARGET_DIR", home.join("target"))
            .env_remove("RUSTUP_TOOLCHAIN");
        command
    };
    session
        .progress
        .step("compiling the tool with rustc 1.85", |step| {
            if process::output(&mut rustup(&["run", "1.85", "rustc", "--version"])).is_err() {
                let install = ["toolchain", "install", "1.85", "--profile", "minimal"];
                process::logged(step, rustup(&install).arg("--no-self-update"), &log)?;
            }
            let check = [
                "run",
                "1.85",
                "cargo",
                "check",
                "--locked",
                "--manifest-path",
            ];
            let manifest = workspace.checkout.join("rust/xtask/Cargo.toml");
            process::logged(step, rustup(&check).arg(manifest), &log)
        })
}
