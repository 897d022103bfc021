// SPDX-License-Identifier: GPL-2.0

//! A person's external module: built, loaded and unloaded in QEMU.

use crate::build::external_module;
use crate::build::kbuild::{self, Kernel};
use crate::build::session::Session;
use crate::host::process;
use crate::run::boot::{self, Plan};
use crate::setup::architecture::Architecture;
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};

/// The settings.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct Request {
    /// The directory of the module
    #[arg(long, env = "M", value_name = "DIRECTORY")]
    pub m: Option<PathBuf>,

    /// More arguments for QEMU, split as a shell does
    #[arg(
        long,
        env = "QEMU_ARGS",
        allow_hyphen_values = true,
        default_value = ""
    )]
    pub qemu_args: String,

    /// Seconds until a run is stopped
    #[arg(long, env = "TIMEOUT", value_name = "SECONDS", default_value = "60")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    pub timeout: u64,
}

impl Request {
    /// The directory of the module, if one is given.
    pub fn directory(&self) -> Result<Option<PathBuf>> {
        let Some(given) = &self.m else {
            return Ok(None);
        };
        let is_kbuilds = |name| given.join(name).is_file();
        ensure!(
            is_kbuilds("Kbuild") || is_kbuilds("Makefile"),
            "M={} is not a directory with a Kbuild or a Makefile: for a my_driver.rs, write a file \
             Kbuild beside it with the line `obj-m += my_driver.o`",
            given.display()
        );
        Ok(Some(fs::canonicalize(given)?))
    }

    /// The arguments for QEMU. It takes the last `-append`, so what is given there is added to what a
    /// run needs; and no `quiet` may shorten the log that a run is judged by.
    pub fn qemu_arguments(&self) -> Result<Vec<String>> {
        let given = &self.qemu_args;
        let mut words = shell_words::split(given).with_context(|| format!("QEMU_ARGS={given}"))?;
        let append = words.iter().rposition(|word| word == "-append");
        if let Some(command_line) = append.and_then(|index| words.get_mut(index + 1)) {
            let needed = boot::command_line(Architecture::default());
            *command_line = format!("{needed} {command_line} ignore_loglevel");
        }
        Ok(words)
    }
}

/// Builds the modules of a person's directory.
pub fn build(session: &Session, kernel: &Kernel, directory: &Path) -> Result<Vec<PathBuf>> {
    let shown = directory.display();
    session.progress.step(&format!("building {shown}"), |step| {
        let build = kernel.modules_command(&session.workspace, directory, "")?;
        let (mut make, output, log) = build;
        process::logged(step, &mut make, &log)?;
        for warning in kbuild::warnings("", &log)? {
            step.say(&warning);
        }
        let modules = external_module::modules_in(&output)?;
        ensure!(
            !modules.is_empty(),
            "M={shown} makes no module: its Kbuild or Makefile needs a line such as \
             `obj-m += my_driver.o`, for a my_driver.rs or my_driver.c"
        );
        Ok(modules)
    })
}

/// Loads modules, each after those that it depends on, and unloads them. Every coherent allocation is
/// traced.
pub fn plan(modules: &[PathBuf]) -> Plan {
    let names = modules.iter().map(|module| boot::module_name(module));
    let names = shell_words::join(names);
    modules
        .iter()
        .fold(Plan::default().shell("trace_start"), |plan, module| {
            plan.carry(module)
        })
        .shell(include_str!("../../boot/driver"))
        .shell(&format!("try_modules {names}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_that_cannot_be_a_modules_is_refused_with_a_way_out() {
        let dir = tempfile::tempdir().expect("a directory");
        let directory = |m: &Path| {
            let m = Some(m.into());
            let request = Request {
                m,
                ..Request::default()
            };
            request.directory()
        };
        directory(&dir.path().join("missing")).expect_err("missing");
        let error = directory(dir.path()).expect_err("empty").to_string();
        assert!(error.contains("obj-m += my_driver.o"), "{error}");
        fs::create_dir(dir.path().join("Kbuild")).expect("a directory");
        directory(dir.path()).expect_err("not a file");
        fs::write(dir.path().join("Makefile"), "").expect("written");
        assert!(directory(dir.path()).expect("good").is_some());
    }

    #[test]
    fn the_kernels_command_line_is_added_to() {
        let words = |given: &str| {
            let qemu_args = given.to_string();
            let request = Request {
                qemu_args,
                ..Request::default()
            };
            request.qemu_arguments()
        };
        assert_eq!(words("").expect("none"), [""; 0]);
        let given = words("-device 'edu,id=a b' -append 'a=1 quiet' -m 1G").expect("words");
        let needed = boot::command_line(Architecture::default());
        let command_line = format!("{needed} a=1 quiet ignore_loglevel");
        let expected = [
            "-device",
            "edu,id=a b",
            "-append",
            &command_line,
            "-m",
            "1G",
        ];
        assert_eq!(given, expected);
        let error = words("-device 'edu")
            .expect_err("an open quote")
            .to_string();
        assert!(error.contains("QEMU_ARGS=-device 'edu"), "{error}");
    }
}
