// SPDX-License-Identifier: GPL-2.0

//! The tool behind the Makefile. Its rooms, each of which uses only those below it:
//!
//! | room      | holds                                                          |
//! | --------- | -------------------------------------------------------------- |
//! | `task`    | a file for each command; no task uses another                  |
//! | `check`   | compile-fail programs, panics, API, lints, suites              |
//! | `run`     | boot plan, initramfs, QEMU; returns the logs of a run          |
//! | `build`   | kbuild, its saved commands, external modules; the [`Session`]  |
//! | `tree`    | graft and series: what becomes of a kernel tree             |
//! | `setup`   | kernel source, toolchain, packages, what guests need           |
//! | `verdict` | console, KTAP, trace, transfers: text in, findings out, no I/O |
//! | `host`    | cache, lock, processes, progress, tables                       |

mod build;
mod check;
mod host;
mod run;
mod setup;
mod task;
mod tree;
mod verdict;

use crate::build::session::Session;
use crate::check::{contract, lint, suites};
use crate::host::workspace::CACHE_VAR;
use crate::task::{
    bench, demo, docs, driver, matrix, mutants, nvme, series, shell, test, upstream,
};
use anyhow::Result;
use clap::{Command, CommandFactory, FromArgMatches, Parser, Subcommand};
use std::collections::BTreeMap;
use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

/// Grafts the library onto Linux 7.3, builds the kernel, boots it in QEMU and judges the run
#[derive(Parser)]
#[command(
    bin_name = "make",
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
#[command(override_usage = "make <COMMAND> [SETTING=value]...")]
struct Arguments {
    #[command(subcommand)]
    task: Task,

    /// A Linux 7.3 tree or tarball to use in place of Debian's
    #[arg(long, env = "KERNEL_SRC", value_name = "PATH", hide = true)]
    kernel_src: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Task {
    /// Watch a device move data through memory without a kernel mapping
    Demo,
    /// Run what an edit of the library can break
    Check,
    /// Run every test
    Test,
    /// Render the kernel's Rust documentation
    Docs,
    /// Check what must not compile, what must, and that nothing can panic
    Contract,
    /// The same, and accept the compiler's messages as the expected ones
    Bless,
    /// Break the library in one way at a time: some check has to fail
    Mutants {
        /// Only those with this in their name, or in that of the check, such as `contract`
        #[arg(long, default_value = "")]
        only: String,
    },
    /// Measure the library against C and against upstream's types
    Bench,
    /// Fail if an operation takes more instructions than bench/results.json
    BenchCheck,
    /// Accept the benchmark's machine code as the expected one
    BenchBless,
    /// Build Linux 7.3 with the library, and the modules in kunit/ and samples/
    Build,
    /// Run upstream's users and tests of coherent memory with and without the library
    Upstream,
    /// Build your own module, load it in QEMU and judge the run (docs/your-driver.md)
    Driver(check::driver::Request),
    /// Boot into a shell, with the edu device and the samples
    Shell(check::driver::Request),
    /// Write the library as a series of patches and check it
    Series(series::Options),
    /// Copy NVMe disks through memory without a kernel mapping and compare the images
    Nvme,
    /// Run the suites on machines with different allocation paths
    Matrix(matrix::Arguments),
    /// Format the code
    Fmt,
}

impl Task {
    /// Whether the task does without rustfmt, clippy and the like.
    fn only_builds_or_boots(&self) -> bool {
        use Task::*;
        matches!(self, Demo | Driver(_) | Shell(_) | Docs | Build)
    }
}

fn main() -> ExitCode {
    let command = Arguments::command();
    let settings = settings(&command);
    let command = without_empty(command).mut_subcommands(without_empty);
    let matches = command.after_help(settings).get_matches();
    let result = Arguments::from_arg_matches(&matches)
        .map_err(anyhow::Error::from)
        .and_then(run);
    result.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

/// An empty setting, as in `make demo KERNEL_SRC=`, is no setting.
fn without_empty(command: Command) -> Command {
    command.mut_args(|option| {
        let value = option.get_env().and_then(env::var_os);
        match value.is_some_and(|value| value.is_empty()) {
            true => option.env(None),
            false => option,
        }
    })
}

/// The options that have an environment variable, as the Makefile takes them.
fn settings(command: &Command) -> String {
    let mut settings = BTreeMap::new();
    for task in command.get_subcommands().chain([command]) {
        for option in task.get_arguments() {
            if let (Some(variable), Some(help)) = (option.get_env(), option.get_help()) {
                settings.insert(variable.to_string_lossy().into_owned(), help.to_string());
            }
        }
    }
    let cache = "The directory of downloads, trees and builds, which `make clean` removes";
    settings.insert(CACHE_VAR.to_string(), cache.to_string());
    let lines = settings
        .iter()
        .map(|(variable, help)| format!("\n  {:16}{help}", format!("{variable}=")));
    format!("Settings:{}", lines.collect::<String>())
}

fn run(arguments: Arguments) -> Result<ExitCode> {
    let session = &Session::start(arguments.kernel_src)?;
    if !arguments.task.only_builds_or_boots() {
        session.install_for_checks()?;
    }
    match arguments.task {
        Task::Demo => return demo::run(session),
        Task::Bench => return bench::run(session),
        Task::BenchCheck => return bench::check(session),
        Task::BenchBless => return bench::bless(session),
        Task::Check => return test::run(session, false),
        Task::Test => return test::run(session, true),
        Task::Upstream => return upstream::run(session),
        Task::Driver(request) => return driver::run(session, &request),
        Task::Shell(request) => return shell::run(session, &request),
        Task::Docs => return docs::run(session),
        Task::Contract => return contract(session, false),
        Task::Mutants { only } => return mutants::run(session, &only),
        Task::Bless => return contract(session, true),
        Task::Matrix(arguments) => return matrix::run(session, &arguments),
        Task::Nvme => return nvme::run(session),
        Task::Series(options) => return series::run(session, &options),
        Task::Build => {
            let kernel = session.debug_kernel()?;
            for module in suites::modules(session, &kernel)? {
                println!("{}", module.display());
            }
        }
        Task::Fmt => {
            let source = session.source()?;
            session.progress.step("formatting the code", |step| {
                lint::format(&session.workspace, step, &source.tree, false)
            })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn contract(session: &Session, bless: bool) -> Result<ExitCode> {
    let kernel = session.debug_kernel()?;
    let report = contract::check(session, &kernel, bless)?;
    Ok(task::conclude(session, &report))
}
