// SPDX-License-Identifier: GPL-2.0

//! The cells of `matrix.toml`: machines on which coherent memory has different allocation paths.

use super::suites;
use crate::build::external_module::named;
use crate::build::kbuild::Kernel;
use crate::build::session::Session;
use crate::host::process;
use crate::host::progress::Step;
use crate::host::workspace::Workspace;
use crate::run::boot::{self, Plan};
use crate::setup::apt;
use crate::setup::architecture::{Architecture, Compiler, Target};
use crate::setup::guest;
use crate::setup::toolchain::CLANG_PACKAGES;
use crate::tree::series;
use crate::verdict::addresses::Addressing;
use crate::verdict::measurements::FreshMemory;
use crate::verdict::report::Report;
use crate::verdict::{Expected, Verdict};
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

/// The module of `kunit/faults` that gives the edu device a pool of its own.
const POOL: &str = "coherent_pool";

/// What makes the PCI bus of arm's machine one that is not coherent.
const NONCOHERENT: [&str; 2] = ["/pcie@10000000", "dma-coherent"];

/// The last devices of each machine.
const DEVICES: [&str; 2] = ["edu", "pci-testdev"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Matrix {
    cell: Vec<Cell>,
}

/// A machine, and what is particular there; `matrix.toml` describes the fields.
#[derive(Clone, Debug, Deserialize)]
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
    memory: u64,
    #[serde(default)]
    devices: Vec<String>,
    #[serde(default = "default_address_bits")]
    address_bits: u32,
    #[serde(default)]
    noncoherent: bool,
    #[serde(default)]
    pub intx: bool,
    #[serde(default)]
    skips: Vec<String>,
    pub addresses: Option<Addressing>,
    fresh_memory: FreshMemory,
    #[serde(default)]
    mapped: Vec<String>,
    #[serde(default)]
    pub in_test: bool,
    #[serde(default)]
    pool: bool,
    #[serde(default)]
    pub others: Vec<String>,
}

fn default_memory() -> u64 {
    512
}

fn default_address_bits() -> u32 {
    28
}

pub fn read(workspace: &Workspace) -> Result<Vec<Cell>> {
    let path = workspace.checkout.join("rust/xtask/matrix.toml");
    let text = fs::read_to_string(&path).with_context(|| format!("no {}", path.display()))?;
    let matrix: Matrix = toml::from_str(&text).with_context(|| path.display().to_string())?;
    Ok(matrix.cell)
}

/// The cell called `name`.
pub fn choose(cells: Vec<Cell>, name: &str) -> Result<Cell> {
    let names: Vec<String> = cells.iter().map(|cell| cell.name.clone()).collect();
    let cell = cells.into_iter().find(|cell| cell.name == name);
    cell.with_context(|| format!("there is no cell {name}; there are {}", names.join(", ")))
}

/// Runs the suites and samples on the machine `x86-direct`.
pub fn run_direct(session: &Session, kernel: &Kernel, modules: &[PathBuf]) -> Result<Report> {
    let cell = choose(read(&session.workspace)?, "x86-direct")?;
    cell.run(session, kernel, modules, None)
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

    /// Installs what the cell needs. Fails if this host cannot run it.
    pub fn require(&self, session: &Session) -> Result<()> {
        let (workspace, architecture) = (&session.workspace, self.architecture);
        let title = format!("looking for what {} needs", self.name);
        session.progress.step(&title, |step| {
            guest::install_qemu(workspace, step, architecture)?;
            guest::busybox(workspace, step, architecture)?;
            if self.compiler == Compiler::Clang {
                apt::install_missing(workspace, step, &CLANG_PACKAGES)?;
            }
            if self.noncoherent {
                apt::install_missing(workspace, step, &["device-tree-compiler"])?;
            }
            // Some have no machine by default, and without one they tell nothing.
            let mut help = process::command(architecture.facts().qemu);
            help.args(["-machine", architecture.facts().machine, "-device", "help"]);
            let meminfo = fs::read_to_string("/proc/meminfo")?;
            self.require_of(&process::output(&mut help)?, &meminfo)
        })
    }

    fn require_of(&self, devices: &str, meminfo: &str) -> Result<()> {
        for device in self.devices.iter().map(String::as_str).chain(DEVICES) {
            let name = device.split(',').next().unwrap_or(device);
            let known = devices.contains(&format!("name \"{name}\""));
            ensure!(known, "this QEMU has no device {name}");
        }
        let words = meminfo.split_whitespace();
        let mut words = words.skip_while(|word| *word != "MemAvailable:");
        let available = words.nth(1).context("/proc/meminfo has no MemAvailable")?;
        let (memory, available) = (self.memory, available.parse::<u64>()? >> 10);
        ensure!(
            memory <= available,
            "the guest has {memory} MiB, and here are {available} MiB available"
        );
        Ok(())
    }

    /// Builds the kernel of the cell, and all modules.
    pub fn build(&self, session: &Session) -> Result<(Kernel, Vec<PathBuf>)> {
        let fragments: Vec<&str> = self.fragments.iter().map(String::as_str).collect();
        let target = Target {
            architecture: self.architecture,
            compiler: self.compiler,
        };
        let tree = ("grafted", series::GRAFT);
        let kernel = session.kernel(tree, target, &self.kernel(), &fragments)?;
        kernel.build(&session.workspace, &session.progress)?;
        let modules = suites::modules(session, &kernel)?;
        Ok((kernel, modules))
    }

    /// What QEMU is told of the machine. Of an option that is given twice, it takes the last.
    pub fn options(&self, session: &Session) -> Result<Vec<String>> {
        let command_line = boot::command_line(self.architecture) + " " + &self.command_line;
        let mut options = vec![
            ("-machine", self.machine().to_string()),
            ("-m", self.memory.to_string()),
            ("-append", command_line),
        ];
        let mask = !u64::MAX.checked_shl(self.address_bits).unwrap_or(0);
        let [edu, testdev] = DEVICES;
        let devices = self.devices.iter().cloned();
        let devices = devices.chain([format!("{edu},dma_mask={mask:#x}"), testdev.to_string()]);
        options.extend(devices.map(|device| ("-device", device)));
        if self.noncoherent {
            let device_tree = session.progress.step("making the device tree", |step| {
                self.make_device_tree(&session.workspace, step)
            })?;
            options.push(("-dtb", device_tree));
        }
        let words = options.into_iter();
        Ok(words
            .flat_map(|(option, value)| [option.to_string(), value])
            .collect())
    }

    /// Runs the suites and samples on the machine, and judges them by what `matrix.toml` says.
    pub fn run(
        &self,
        session: &Session,
        kernel: &Kernel,
        modules: &[PathBuf],
        allocations: Option<u64>,
    ) -> Result<Report> {
        let mut plan = Plan::default();
        if self.pool {
            plan = plan.load(named(modules, POOL)?, "");
        }
        plan = suites::plan(plan, kernel, modules, allocations, self.address_bits)?;
        if self.pool {
            plan = plan.shell(&format!("step rmmod {POOL}"));
        }
        // A stress of the default size takes a fraction of this.
        let limit = Duration::from_secs(300 + allocations.unwrap_or(0) / 500);
        let (name, options) = (format!("matrix-{}", self.name), self.options(session)?);
        let logs = super::boot(session, kernel, &name, plan, &options, limit)?;
        let expected = Expected {
            untraced: self.others.clone(),
            reserved_memory: self.pool,
            addresses: self.addresses,
            fresh_memory: Some(self.fresh_memory),
            mapped: Some(self.mapped.clone()),
            ..suites::expected(session, kernel, &self.skips)?
        };
        Ok(Verdict::of(&logs, &expected).report)
    }

    /// Writes the device tree that QEMU makes for the machine to a file, without coherent devices.
    fn make_device_tree(&self, workspace: &Workspace, step: &Step) -> Result<String> {
        let path = workspace.cache(format!("runs/{}.dtb", self.name));
        fs::create_dir_all(workspace.cache("runs"))?;
        let log = workspace.cache("logs/device-tree.log");
        let facts = self.architecture.facts();
        let machine = format!("{},dumpdtb={}", self.machine(), path.display());
        let mut dump = process::command(facts.qemu);
        dump.args(["-machine", &machine, "-cpu", facts.cpu, "-smp", "2"])
            .args(["-m", &self.memory.to_string(), "-nodefaults"])
            .args(["-display", "none"]);
        process::logged(step, &mut dump, &log)?;
        let mut put = process::command("fdtput");
        put.arg("-d").arg(&path).args(NONCOHERENT);
        process::logged(step, &mut put, &log)?;
        Ok(path.display().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(name: &str) -> Cell {
        let text = include_str!("../../matrix.toml");
        let matrix: Matrix = toml::from_str(text).expect("cells");
        choose(matrix.cell, name).expect("a cell")
    }

    #[test]
    fn a_kernel_has_a_name_of_its_own() {
        assert_eq!(cell("x86-lockdep").kernel(), "debug-intel-iommu-lockdep");
        assert_eq!(cell("x86-kasan").kernel(), "clang-debug-kasan");
        let error = choose(vec![cell("x86-direct")], "x87").expect_err("none");
        assert!(error.to_string().contains("are x86-direct"), "{error}");
    }

    #[test]
    fn what_this_host_lacks_is_said() {
        let reason = |name| {
            let devices = "name \"edu\", bus PCI\nname \"pci-testdev\", bus PCI\n";
            let meminfo = "MemTotal:       8388608 kB\nMemAvailable:   4194304 kB\n";
            let found = cell(name).require_of(devices, meminfo);
            found.err().map_or(String::new(), |error| error.to_string())
        };
        assert_eq!(reason("x86-direct"), "");
        assert!(reason("x86-iommu").contains("intel-iommu"));
        assert!(reason("x86-6g").contains("4096 MiB"));
    }
}
