// SPDX-License-Identifier: GPL-2.0

//! `make matrix`: the suites and the samples on machines that reach memory by different roads.
//!
//! The machines are in `matrix.toml`. What is run and how it is judged is the same as in
//! `make test`.

mod cells;
mod device_tree;
mod report;

use self::cells::{Cell, Host};
use self::report::{Outcome, Report};
use crate::build::external_module::named;
use crate::build::kbuild::Kernel;
use crate::build::session::Session;
use crate::check::{nvme, suites};
use crate::run::boot::{self, Boot};
use crate::setup::architecture::Compiler;
use crate::setup::guest;
use crate::verdict::Verdict;
use crate::verdict::report::Report as Checks;
use anyhow::Result;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

#[derive(clap::Args)]
pub struct Arguments {
    /// Run this cell only
    #[arg(long, env = "CELL")]
    cell: Option<String>,

    /// Print the names of the cells as JSON, and run none
    #[arg(long)]
    list: bool,

    /// How many allocations the stress suite makes
    #[arg(long, env = "ALLOCATIONS")]
    allocations: Option<u64>,
}

/// A kernel and its modules, or why there are none.
type Built = Result<(Kernel, Vec<PathBuf>), String>;

pub fn run(session: &Session, arguments: &Arguments) -> Result<ExitCode> {
    let all = cells::read(&session.workspace)?;
    if arguments.list {
        let names: Vec<&str> = all.iter().map(|cell| cell.name.as_str()).collect();
        println!("{}", serde_json::to_string(&names)?);
        return Ok(ExitCode::SUCCESS);
    }
    let wanted = cells::choose(all, arguments.cell.as_deref())?;

    let mut kernels: BTreeMap<String, Built> = BTreeMap::new();
    let mut reports = Vec::new();
    for cell in wanted {
        let started = Instant::now();
        let outcome = match obstacle(session, &cell)? {
            Some(reason) => Outcome::Skipped(reason),
            None => {
                let built = kernels
                    .entry(cell.kernel())
                    .or_insert_with(|| build(session, &cell).map_err(|e| format!("{e:#}")));
                match built {
                    Ok((kernel, modules)) => {
                        run_cell(session, &cell, kernel, modules, arguments.allocations)
                            .unwrap_or_else(|error| Outcome::Broken(format!("{error:#}")))
                    }
                    Err(error) => Outcome::Broken(error.clone()),
                }
            }
        };
        reports.push(Report::new(cell, outcome, started.elapsed()));
    }

    report::write(&session.workspace, &reports)?;
    println!("{}", session.progress.times());
    println!("{}", report::measurement_table(&reports));
    println!("{}", report::table(&reports));
    println!("{}", report::summary(&reports));
    Ok(if report::good(&reports) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Installs what the cell needs. Returns why it cannot run here.
fn obstacle(session: &Session, cell: &Cell) -> Result<Option<String>> {
    let (toolchain, _) = session.prepare()?;
    let (workspace, target) = (session.workspace.clone(), cell.target());
    let title = format!("looking for what {} needs", cell.name);
    let had = session.progress.step(&title, |step| {
        guest::install_qemu(&workspace, step, target.architecture)?;
        guest::busybox(&workspace, step, target.architecture)?;
        if target.compiler == Compiler::Clang {
            toolchain.install_clang(&workspace, step)?;
        }
        if !cell.device_tree.is_empty() {
            device_tree::install(&workspace, step)?;
        }
        Host::look(target.architecture)
    });
    Ok(match had {
        Ok(host) => cell.obstacle(&host),
        Err(error) => Some(format!("{error:#}").replace('\n', " ")),
    })
}

fn build(session: &Session, cell: &Cell) -> Result<(Kernel, Vec<PathBuf>)> {
    let fragments: Vec<&str> = cell.fragments.iter().map(String::as_str).collect();
    let kernel = session.grafted_for(cell.target(), &cell.kernel(), &fragments)?;
    kernel.build(&session.workspace, &session.progress)?;
    let modules = suites::modules(session, &kernel)?;
    Ok((kernel, modules))
}

/// The cells that are cheap and run on `kernel`, for `make test`: a row for each.
pub fn run_cheap(
    session: &Session,
    tally: &mut Checks,
    kernel: &Kernel,
    modules: &[PathBuf],
) -> Result<()> {
    let mut cells = cells::read(&session.workspace)?;
    cells.retain(|cell| cell.in_test);
    for cell in cells {
        let host = Host::look(cell.architecture)?;
        let name = format!("cell: {}", cell.name);
        if let Some(reason) = cell.obstacle(&host) {
            tally.skip(name, reason);
            continue;
        }
        match run_cell(session, &cell, kernel, modules, None) {
            Ok(Outcome::Ran { checks, .. }) => {
                let reasons = checks
                    .failing()
                    .map(|check| format!("{}: {}", check.name, check.reasons.join("\n")))
                    .collect();
                tally.count(name, checks.sum(), reasons);
            }
            Ok(_) => tally.count(name, [0, 1, 0], Vec::new()),
            Err(error) => drop(tally.note(name, Err::<(), _>(error))),
        }
    }
    Ok(())
}

fn run_cell(
    session: &Session,
    cell: &Cell,
    kernel: &Kernel,
    modules: &[PathBuf],
    allocations: Option<u64>,
) -> Result<Outcome> {
    let mut plan = suites::plan(kernel, modules, allocations, cell.address_bits)?;
    let command_line = format!(
        "{} {}",
        boot::command_line(cell.architecture),
        cell.command_line
    );
    for module in &cell.around {
        plan = plan.around(named(modules, module)?);
    }
    // Of an option that is given twice, QEMU takes the last.
    let mut options: Vec<String> = [
        ["-machine", &cell.machine],
        ["-m", &cell.memory],
        ["-append", &command_line],
    ]
    .as_flattened()
    .iter()
    .map(ToString::to_string)
    .collect();
    options.extend(cell.device_arguments());
    if let Some(path) = device_tree::make(session, cell)? {
        options.extend(["-dtb".to_string(), path]);
    }
    let arguments: Vec<&str> = options.iter().map(String::as_str).collect();
    let name = format!("matrix-{}", cell.name);
    let logs = session
        .progress
        .step(&format!("booting: {}", cell.name), |step| {
            let boot = Boot {
                name: &name,
                plan,
                arguments: &arguments,
                // A stress of the default size takes a fraction of this.
                limit: Duration::from_secs(300 + allocations.unwrap_or(0) / 500),
            };
            boot::run(&session.workspace, step, kernel, &boot)
        })?;

    let mut expected = suites::expected(session, kernel, &cell.skips)?;
    expected.untraced.clone_from(&cell.others);
    expected.reserved_memory = cell.around.iter().any(|module| module == "coherent_pool");
    expected.addresses = cell.addresses;
    expected.fresh_memory = Some(cell.stale);
    expected.mapped = Some(cell.mapped.clone());
    let mut verdict = Verdict::of(&logs, &expected);

    let machine = nvme::Machine {
        name: format!("{name}-"),
        options,
        untraced: cell.others.clone(),
    };
    verdict
        .report
        .extend(nvme::run(session, kernel, modules, &machine)?);
    Ok(Outcome::Ran {
        checks: verdict.report,
        measurements: verdict.measurements,
    })
}
