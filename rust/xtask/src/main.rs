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
use crate::task::{
    bench, demo, docs, driver, matrix, mutants, nvme, series, shell, test, upstream,
};
use anyhow::Result;
use clap::{Arg, Args, CommandFactory, FromArgMatches, Parser, Subcommand};
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

    #[command(flatten)]
    settings: Settings,
}

/// What the Makefile passes on in the environment.
#[derive(Args)]
#[command(next_help_heading = "Settings")]
struct Settings {
    /// A Linux 7.3 tree or tarball to use in place of Debian's
    #[arg(long, env = "KERNEL_SRC", value_name = "PATH")]
    kernel_src: Option<PathBuf>,

    /// The directory of downloads, trees and builds, which `make clean` removes
    #[arg(long, env = "COHERENT_CACHE", value_name = "DIRECTORY")]
    coherent_cache: Option<PathBuf>,

    #[command(flatten)]
    driver: check::driver::Request,

    #[command(flatten)]
    matrix: matrix::Selection,

    #[command(flatten)]
    series: series::Options,
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
    Driver,
    /// Boot into a shell, with the edu device and the samples
    Shell,
    /// Write the library as a series of patches and check it
    Series,
    /// Copy NVMe disks through memory without a kernel mapping and compare the images
    Nvme,
    /// Run the suites on machines with different allocation paths
    Matrix,
    /// Format the code
    Fmt,
}

impl Task {
    /// Whether the task does without the programs of the checks.
    fn only_builds_or_boots(&self) -> bool {
        use Task::*;
        matches!(self, Demo | Build | Docs | Driver | Shell)
    }
}

fn main() -> ExitCode {
    let matches = Arguments::command().mut_args(without_empty).get_matches();
    let result = Arguments::from_arg_matches(&matches)
        .map_err(anyhow::Error::from)
        .and_then(run);
    result.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

/// An empty setting, as in `make demo KERNEL_SRC=`, is no setting.
fn without_empty(option: Arg) -> Arg {
    let value = option.get_env().and_then(env::var_os);
    match value.is_some_and(|value| value.is_empty()) {
        true => option.env(None),
        false => option,
    }
}

fn run(arguments: Arguments) -> Result<ExitCode> {
    let settings = arguments.settings;
    let checks = !arguments.task.only_builds_or_boots();
    let session = &Session::start(settings.coherent_cache, settings.kernel_src, checks)?;
    match arguments.task {
        Task::Demo => return demo::run(session),
        Task::Bench => return bench::run(session),
        Task::BenchCheck => return bench::check(session),
        Task::BenchBless => return bench::bless(session),
        Task::Check => return test::run(session, false),
        Task::Test => return test::run(session, true),
        Task::Upstream => return upstream::run(session),
        Task::Driver => return driver::run(session, &settings.driver),
        Task::Shell => return shell::run(session, &settings.driver),
        Task::Docs => return docs::run(session),
        Task::Contract => return contract(session, false),
        Task::Mutants { only } => return mutants::run(session, &only),
        Task::Bless => return contract(session, true),
        Task::Matrix => return matrix::run(session, &settings.matrix),
        Task::Nvme => return nvme::run(session),
        Task::Series => return series::run(session, &settings.series),
        Task::Build => {
            let kernel = session.debug_kernel()?;
            for module in suites::modules(session, &kernel)? {
                println!("{}", module.display());
            }
        }
        Task::Fmt => {
            session.progress.step("formatting the code", |step| {
                lint::format(&session.workspace, step, &session.source.tree, false)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_have_different_names() {
        Arguments::command().debug_assert();
    }
}
