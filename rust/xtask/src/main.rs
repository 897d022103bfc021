// SPDX-License-Identifier: GPL-2.0

//! The tool behind the Makefile: it grafts the library onto a kernel tree, builds that with kbuild,
//! boots it in QEMU and judges what it says.
//!
//! Each task is a list of steps, and each kind of step has a module of its own.

mod build;
mod check;
mod host;
mod run;
mod setup;
mod task;
mod tree;
mod verdict;

use crate::build::kbuild;
use crate::build::session::Session;
use crate::check::{contract, lint};
use crate::task::{
    apply, bench, demo, docs, driver, matrix, mutants, series, shell, test, upstream,
};
use anyhow::Result;
use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Parser)]
#[command(about, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    task: Task,

    /// A Linux 7.3 tree or tarball to use in place of Debian's
    #[arg(long, env = "KERNEL_SRC", global = true, value_name = "PATH")]
    kernel_src: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Task {
    /// Watch a device move data through memory that the CPU cannot see
    Demo,
    /// Run every test
    Test,
    /// Render the kernel's Rust documentation
    Docs,
    /// Check what must not compile
    Contract,
    /// Check it, and accept the compiler's messages as they are now
    Bless,
    /// Weaken the library in one way at a time, and see which check notices
    Mutants {
        /// Only those with this in their name, or in that of the check, such as `contract`
        #[arg(long, default_value = "")]
        only: String,
    },
    /// Measure the library against C and against upstream's types
    Bench,
    /// Fail if the library takes more instructions than the committed figures say
    BenchCheck,
    /// Take the present code of the benchmark's cases for the right one
    BenchBless,
    /// Install what is missing to build and boot a kernel with Rust
    Toolchain,
    /// Fetch Linux 7.3
    Source,
    /// Put the library into a copy of it
    Graft,
    /// Configure that copy
    Configure,
    /// Build that copy, and the modules in kunit/ and samples/
    Build,
    /// Run upstream's own users and tests of coherent memory, without the library and with it
    Upstream,
    /// Build your module, load it in QEMU, show and judge what the kernel says
    Driver(check::driver::Request),
    /// Boot into a shell, with edu and the samples at hand
    Shell(check::driver::Request),
    /// Write the library as a series of patches, and check it
    Series(series::Options),
    /// Put that series on a branch of your own git tree
    Apply(apply::Request),
    /// Take it back
    Unapply(apply::Request),
    /// Run the suites on machines whose memory is reached by different roads
    Matrix(matrix::Arguments),
    /// Format the code
    Fmt,
    /// Judge the console log of a run, and the KTAP in it
    Parse { console: PathBuf },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<ExitCode> {
    // An empty setting, as in `make demo KERNEL_SRC=`, is no setting.
    let given = arguments
        .kernel_src
        .filter(|path| !path.as_os_str().is_empty());
    let session = &Session::start(given)?;
    match arguments.task {
        Task::Demo => return demo::run(session),
        Task::Bench => return bench::run(session),
        Task::BenchCheck => return bench::check(session),
        Task::BenchBless => return bench::bless(session),
        Task::Test => return test::run(session),
        Task::Upstream => return upstream::run(session),
        Task::Driver(request) => return driver::run(session, &request),
        Task::Shell(request) => return shell::run(session, &request),
        Task::Docs => return docs::run(session),
        Task::Contract => {
            let report = contract::run(session, false)?;
            return Ok(task::conclude(session, &report));
        }
        Task::Mutants { only } => return mutants::run(session, &only),
        Task::Bless => {
            let report = contract::run(session, true)?;
            return Ok(task::conclude(session, &report));
        }
        Task::Matrix(arguments) => return matrix::run(session, &arguments),
        Task::Parse { console } => return test::parse(session, &console),
        Task::Series(options) => return series::run(session, &options),
        Task::Apply(request) => apply::run(&session.workspace, &request)?,
        Task::Unapply(request) => apply::undo(&request)?,
        Task::Toolchain => {
            session.prepare()?;
        }
        Task::Source => {
            let source = session.source()?;
            println!("{}", source.tree.display());
        }
        Task::Graft => {
            let source = session.source()?;
            let tree = kbuild::grafted(&session.workspace, &session.progress, &source)?;
            println!("{}", tree.display());
        }
        Task::Configure => {
            let kernel = session.debug()?;
            kernel.configure(&session.workspace, &session.progress)?;
            println!("{}", kernel.build.join(".config").display());
        }
        Task::Build => {
            let kernel = session.debug_kernel()?;
            for directory in ["kunit", "kunit/faults", "samples"] {
                for module in session.modules(&kernel, directory)? {
                    println!("{}", module.display());
                }
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
