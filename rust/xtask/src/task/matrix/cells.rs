// SPDX-License-Identifier: GPL-2.0

//! The cells: what `matrix.toml` says of them, and whether this host can run one.

use crate::host::process;
use crate::host::workspace::Workspace;
use crate::setup::architecture::{Architecture, Compiler, Target};
use crate::verdict::addresses::Addressing;
use crate::verdict::measurements::FreshMemory;
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::fs;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Matrix {
    cell: Vec<Cell>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Cell {
    pub name: String,
    pub about: String,
    pub architecture: Architecture,
    #[serde(default)]
    pub compiler: Compiler,
    pub fragments: Vec<String>,
    pub command_line: String,
    pub machine: String,
    pub memory: String,
    pub devices: Vec<String>,
    pub address_bits: u32,
    #[serde(default)]
    pub device_tree: Vec<String>,
    pub skips: Vec<String>,
    pub stale: FreshMemory,
    pub mapped: Vec<String>,
    /// Cheap enough for `make test`.
    #[serde(default)]
    pub in_test: bool,
    pub addresses: Option<Addressing>,
    #[serde(default)]
    pub around: Vec<String>,
    #[serde(default)]
    pub others: Vec<String>,
}

/// What this host has for an architecture.
pub struct Host {
    /// What QEMU says of its devices.
    devices: String,
    available_kib: u64,
}

impl Host {
    pub fn look(architecture: Architecture) -> Result<Self> {
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
    pub fn target(&self) -> Target {
        Target {
            architecture: self.architecture,
            compiler: self.compiler,
        }
    }

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

    /// What QEMU is told of its devices.
    pub fn device_arguments(&self) -> Vec<String> {
        let mask = u64::MAX >> (64 - self.address_bits);
        self.devices
            .iter()
            .map(|device| match device.as_str() {
                "edu" => format!("edu,dma_mask={mask:#x}"),
                _ => device.clone(),
            })
            .flat_map(|device| ["-device".to_string(), device])
            .collect()
    }

    fn memory_kib(&self) -> Option<u64> {
        let number = |unit| self.memory.strip_suffix(unit)?.parse::<u64>().ok();
        number("M")
            .map(|mib| mib << 10)
            .or_else(|| number("G").map(|gib| gib << 20))
    }

    /// Why this host cannot run the cell.
    pub fn obstacle(&self, host: &Host) -> Option<String> {
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
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells() -> Vec<Cell> {
        parse(include_str!("../../../matrix.toml")).expect("cells")
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
    fn what_the_host_lacks_is_said() {
        assert_eq!(cell("x86-direct").obstacle(&host()), None);
        let reason = cell("x86-iommu").obstacle(&host()).expect("no IOMMU");
        assert!(reason.contains("intel-iommu"), "{reason}");
        let reason = cell("x86-6g").obstacle(&host()).expect("too large");
        assert!(reason.contains("4096 MiB"), "{reason}");
    }

    #[test]
    fn mistakes_in_the_file_are_seen() {
        let text = include_str!("../../../matrix.toml");
        parse(&text.replace("x86-6g", "x86-iommu")).expect_err("two of a name");
        parse(&text.replace("\"6G\"", "\"6 GiB\"")).expect_err("memory");
        parse(&text.replace("machine =", "maschine =")).expect_err("a typing error");
    }

    #[test]
    fn available_memory_is_read() {
        let text = "MemTotal:       24650000 kB\nMemAvailable:   19000000 kB\n";
        assert_eq!(available_kib(text).expect("a number"), 19_000_000);
        available_kib("MemTotal: 1 kB\n").expect_err("not there");
    }
}
