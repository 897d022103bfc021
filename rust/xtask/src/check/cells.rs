// SPDX-License-Identifier: GPL-2.0

//! The cells of `matrix.toml`: machines on which coherent memory has different allocation paths.

use super::suites;
use crate::build::external_module::named;
use crate::build::kbuild::Kernel;
use crate::build::session::Session;
use crate::host::process;
use crate::host::progress::Step;
use crate::host::workspace::Workspace;
use crate::run::boot::{self, Boot, Plan};
use crate::setup::apt;
use crate::setup::architecture::{Architecture, Compiler, Target};
use crate::setup::guest;
use crate::verdict::addresses::Addressing;
use crate::verdict::measurements::FreshMemory;
use crate::verdict::{Expected, Logs, Verdict};
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

/// The module of `kunit/faults` that gives the edu device a pool of its own.
const POOL: &str = "coherent_pool";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Matrix {
    cell: Vec<Cell>,
}

/// A machine, and what is particular there; `matrix.toml` describes the fields.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Cell {
    pub name: String,
    pub about: String,
    #[serde(default)]
    architecture: Architecture,
    #[serde(default)]
    compiler: Compiler,
    fragments: Vec<String>,
    #[serde(default)]
    command_line: String,
    machine: Option<String>,
    #[serde(default = "default_memory")]
    memory: String,
    #[serde(default = "default_devices")]
    devices: Vec<String>,
    #[serde(default = "default_address_bits")]
    address_bits: u32,
    #[serde(default)]
    device_tree: Vec<String>,
    #[serde(default)]
    skips: Vec<String>,
    pub addresses: Option<Addressing>,
    fresh_memory: FreshMemory,
    #[serde(default)]
    mapped: Vec<String>,
    #[serde(default)]
    pub in_test: bool,
    #[serde(default)]
    around: Vec<String>,
    #[serde(default)]
    pub others: Vec<String>,
}

fn default_memory() -> String {
    "512M".to_string()
}

fn default_devices() -> Vec<String> {
    ["edu", "pci-testdev"].map(str::to_string).to_vec()
}

fn default_address_bits() -> u32 {
    28
}

/// What this host has for an architecture.
struct Host {
    /// What QEMU says of its devices.
    devices: String,
    available_kib: u64,
}

impl Host {
    fn look(architecture: Architecture) -> Result<Self> {
        let meminfo = fs::read_to_string("/proc/meminfo").context("cannot read /proc/meminfo")?;
        // Some have no machine by default, and without one they tell nothing.
        let mut help = process::command(architecture.facts().qemu);
        help.args(["-machine", architecture.facts().machine, "-device", "help"]);
        Ok(Self {
            devices: process::output(&mut help)?,
            available_kib: available_kib(&meminfo)?,
        })
    }
}

fn available_kib(meminfo: &str) -> Result<u64> {
    meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))
        .and_then(|rest| rest.trim().trim_end_matches("kB").trim().parse().ok())
        .context("/proc/meminfo has no MemAvailable")
}

pub fn read(workspace: &Workspace) -> Result<Vec<Cell>> {
    let path = workspace.checkout.join("rust/xtask/matrix.toml");
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    parse(&text).with_context(|| path.display().to_string())
}

fn parse(text: &str) -> Result<Vec<Cell>> {
    let matrix: Matrix = toml::from_str(text)?;
    for (index, cell) in matrix.cell.iter().enumerate() {
        if matrix.cell[..index]
            .iter()
            .any(|other| other.name == cell.name)
        {
            bail!("there are two cells called {}", cell.name);
        }
        if cell.fragments.is_empty() {
            bail!("{} has no fragments", cell.name);
        }
        if !(1..=32).contains(&cell.address_bits) {
            bail!("{}: the registers of edu have 32 bits", cell.name);
        }
        cell.memory_kib()
            .with_context(|| format!("{}: memory {:?} is not like 512M", cell.name, cell.memory))?;
    }
    Ok(matrix.cell)
}

/// The cell called `name`, or all.
pub fn choose(cells: Vec<Cell>, name: Option<&str>) -> Result<Vec<Cell>> {
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        return Ok(cells);
    };
    let names: Vec<String> = cells.iter().map(|cell| cell.name.clone()).collect();
    let chosen: Vec<Cell> = cells.into_iter().filter(|cell| cell.name == name).collect();
    if chosen.is_empty() {
        bail!("there is no cell {name}; there are {}", names.join(", "));
    }
    Ok(chosen)
}

impl Cell {
    /// Names the kernel: cells with the same target and fragments have the same.
    pub fn kernel(&self) -> String {
        let mut name = self.fragments.join("-");
        if self.compiler != Compiler::default() {
            name = format!("clang-{name}");
        }
        if self.architecture != Architecture::default() {
            name = format!("{}-{name}", self.architecture.facts().name);
        }
        name
    }

    fn machine(&self) -> &str {
        let default = self.architecture.facts().machine;
        self.machine.as_deref().unwrap_or(default)
    }

    /// What QEMU is told of its devices.
    fn device_arguments(&self) -> impl Iterator<Item = String> + '_ {
        let mask = u64::MAX >> (64 - self.address_bits);
        self.devices
            .iter()
            .map(move |device| match device.as_str() {
                "edu" => format!("edu,dma_mask={mask:#x}"),
                _ => device.clone(),
            })
            .flat_map(|device| ["-device".to_string(), device])
    }

    fn memory_kib(&self) -> Option<u64> {
        let number = |unit| self.memory.strip_suffix(unit)?.parse::<u64>().ok();
        number("M")
            .map(|mib| mib << 10)
            .or_else(|| number("G").map(|gib| gib << 20))
    }

    /// Installs what the cell needs. Returns why this host cannot run it.
    pub fn obstacle(&self, session: &Session) -> Result<Option<String>> {
        let (toolchain, _) = session.prepare()?;
        let (workspace, architecture) = (&session.workspace, self.architecture);
        let title = format!("looking for what {} needs", self.name);
        let found = session.progress.step(&title, |step| {
            guest::install_qemu(workspace, step, architecture)?;
            guest::busybox(workspace, step, architecture)?;
            if self.compiler == Compiler::Clang {
                toolchain.install_clang(workspace, step)?;
            }
            if !self.device_tree.is_empty() {
                let package = ("device-tree-compiler", "changes a device tree");
                apt::install_missing(workspace, step, &[package])?;
            }
            Host::look(architecture)
        });
        Ok(match found {
            Ok(host) => self.obstacle_on(&host),
            Err(error) => Some(format!("{error:#}").replace('\n', " ")),
        })
    }

    fn obstacle_on(&self, host: &Host) -> Option<String> {
        let missing = self.devices.iter().find_map(|device| {
            let name = device.split(',').next().unwrap_or(device);
            let known = host.devices.contains(&format!("name \"{name}\""));
            (!known).then_some(name)
        });
        if let Some(device) = missing {
            return Some(format!("this QEMU has no device {device}"));
        }
        let wanted = self.memory_kib().unwrap_or(0);
        (wanted > host.available_kib).then(|| {
            format!(
                "the guest has {}, and here are {} MiB available",
                self.memory,
                host.available_kib >> 10
            )
        })
    }

    /// Builds the kernel of the cell, and all modules.
    pub fn build(&self, session: &Session) -> Result<(Kernel, Vec<PathBuf>)> {
        let fragments: Vec<&str> = self.fragments.iter().map(String::as_str).collect();
        let target = Target {
            architecture: self.architecture,
            compiler: self.compiler,
        };
        let kernel = session.grafted_for(target, &self.kernel(), &fragments)?;
        kernel.build(&session.workspace, &session.progress)?;
        let modules = suites::modules(session, &kernel)?;
        Ok((kernel, modules))
    }

    /// Runs the suites and samples on the machine, and judges them by what `matrix.toml` says.
    pub fn run(
        &self,
        session: &Session,
        kernel: &Kernel,
        modules: &[PathBuf],
        allocations: Option<u64>,
    ) -> Result<Verdict> {
        let logs = self.boot(session, kernel, modules, allocations, Plan::default())?;
        Ok(Verdict::of(&logs, &self.expected(session, kernel)?))
    }

    /// What QEMU is told of the machine. Of an option that is given twice, it takes the last.
    pub fn options(&self, session: &Session) -> Result<Vec<String>> {
        let command_line = boot::command_line(self.architecture) + " " + &self.command_line;
        let machine = [
            ["-machine", self.machine()],
            ["-m", &self.memory],
            ["-append", &command_line],
        ];
        let machine = machine.as_flattened().iter().map(ToString::to_string);
        let mut options: Vec<String> = machine.chain(self.device_arguments()).collect();
        if !self.device_tree.is_empty() {
            let device_tree = session.progress.step("making the device tree", |step| {
                self.make_device_tree(&session.workspace, step)
            })?;
            options.extend(["-dtb".to_string(), device_tree]);
        }
        Ok(options)
    }

    /// Runs the suites and samples, and then `more`.
    pub fn boot(
        &self,
        session: &Session,
        kernel: &Kernel,
        modules: &[PathBuf],
        allocations: Option<u64>,
        more: Plan,
    ) -> Result<Logs> {
        let mut plan = suites::plan(kernel, modules, allocations, self.address_bits)?.then(more);
        for module in &self.around {
            plan = plan.around(named(modules, module)?);
        }
        let options = self.options(session)?;
        let arguments: Vec<&str> = options.iter().map(String::as_str).collect();
        let title = format!("booting: {}", self.name);
        session.progress.step(&title, |step| {
            let boot = Boot {
                name: &format!("matrix-{}", self.name),
                plan: plan.dump_trace(),
                arguments: &arguments,
                // A stress of the default size takes a fraction of this.
                limit: Duration::from_secs(300 + allocations.unwrap_or(0) / 500),
            };
            boot::run(&session.workspace, step, kernel, &boot)
        })
    }

    /// What such a run has to show.
    pub fn expected(&self, session: &Session, kernel: &Kernel) -> Result<Expected> {
        let mut expected = suites::expected(session, kernel, &self.skips)?;
        expected.untraced.clone_from(&self.others);
        expected.reserved_memory = self.around.iter().any(|module| module == POOL);
        expected.addresses = self.addresses;
        expected.fresh_memory = Some(self.fresh_memory);
        expected.mapped = Some(self.mapped.clone());
        Ok(expected)
    }

    /// Writes the device tree that QEMU makes for the machine, with the changes of the cell, to a file.
    fn make_device_tree(&self, workspace: &Workspace, step: &Step) -> Result<String> {
        let path = workspace.cache(format!("matrix/{}.dtb", self.name));
        fs::create_dir_all(workspace.cache("matrix"))?;
        let log = workspace.cache("logs/device-tree.log");
        let facts = self.architecture.facts();
        let mut dump = process::command(facts.qemu);
        dump.arg("-machine")
            .arg(format!("{},dumpdtb={}", self.machine(), path.display()))
            .args(["-cpu", facts.cpu, "-smp", "2", "-m", &self.memory])
            .args(["-nodefaults", "-display", "none"]);
        process::logged(step, &mut dump, &log)?;
        for change in &self.device_tree {
            let words = shell_words::split(change)
                .with_context(|| format!("{}: device_tree {change:?}", self.name))?;
            let (options, rest) = words.split_at(1.min(words.len()));
            let mut put = process::command("fdtput");
            put.args(options).arg(&path).args(rest);
            process::logged(step, &mut put, &log)?;
        }
        Ok(path.display().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells() -> Vec<Cell> {
        parse(include_str!("../../matrix.toml")).expect("cells")
    }

    fn cell(name: &str) -> Cell {
        choose(cells(), Some(name)).expect("a cell").remove(0)
    }

    fn host() -> Host {
        Host {
            devices: "name \"edu\", bus PCI\nname \"pci-testdev\", bus PCI\n".to_string(),
            available_kib: 4 << 20,
        }
    }

    #[test]
    fn a_cell_is_chosen_by_its_name() {
        assert_eq!(choose(cells(), None).expect("all").len(), cells().len());
        assert_eq!(cell("x86-lockdep").kernel(), "debug-intel-iommu-lockdep");
        assert_eq!(cell("x86-kasan").kernel(), "clang-debug-kasan");
        let error = choose(cells(), Some("x87")).expect_err("none").to_string();
        assert!(error.contains("x86-direct, "), "{error}");
    }

    #[test]
    fn what_this_host_lacks_is_said() {
        assert_eq!(cell("x86-direct").obstacle_on(&host()), None);
        let reason = cell("x86-iommu").obstacle_on(&host()).expect("no IOMMU");
        assert!(reason.contains("intel-iommu"), "{reason}");
        let reason = cell("x86-6g").obstacle_on(&host()).expect("too large");
        assert!(reason.contains("4096 MiB"), "{reason}");
    }

    #[test]
    fn mistakes_in_the_file_are_seen() {
        let text = include_str!("../../matrix.toml");
        parse(&text.replace("x86-6g", "x86-iommu")).expect_err("two of a name");
        parse(&text.replace("\"6G\"", "\"6 GiB\"")).expect_err("memory");
        parse(&text.replace("memory =", "memmory =")).expect_err("a typing error");
    }

    #[test]
    fn available_memory_is_read() {
        let text = "MemTotal:       24650000 kB\nMemAvailable:   19000000 kB\n";
        assert_eq!(available_kib(text).expect("a number"), 19_000_000);
        available_kib("MemTotal: 1 kB\n").expect_err("not there");
    }
}
