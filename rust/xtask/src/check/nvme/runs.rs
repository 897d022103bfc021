// SPDX-License-Identifier: GPL-2.0

//! The runs of `nvme.toml`, which describes the fields.

use super::images::Images;
use crate::host::workspace::Workspace;
use crate::run::boot::Plan;
use anyhow::{Context, Result};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Runs {
    pub run: Vec<Run>,
    pub demo: Run,
    pub bench: Run,
}

/// A boot: controllers with their disks, and what is done with them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    pub name: String,
    pub when: Option<Condition>,
    #[serde(default)]
    qemu: Vec<String>,
    controllers: Vec<Controller>,
    pub disks: Vec<Disk>,
    pub actions: Vec<Action>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Controller {
    options: String,
    disks: Vec<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disk {
    pub kib: usize,
    block: Option<usize>,
    drive: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct Action {
    copy: Option<BTreeMap<String, usize>>,
    shell: Option<String>,
    says: Vec<String>,
    written: Option<usize>,
    wrong: bool,
    disks: Option<Vec<usize>>,
    pub when: Option<Condition>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Condition {
    Iommu,
    /// The machine has message-signaled interrupts.
    Msi,
    /// And pciehp can take a device away.
    Hotplug,
    X86,
    Other,
}

pub fn read(workspace: &Workspace) -> Result<Runs> {
    let path = workspace.checkout.join("rust/xtask/nvme.toml");
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    toml::from_str(&text).with_context(|| path.display().to_string())
}

impl Disk {
    fn block(&self) -> usize {
        self.block.unwrap_or(512)
    }
}

impl Run {
    /// What QEMU is told of controllers and disks.
    pub fn arguments(&self, images: &Images) -> Vec<String> {
        let mut arguments = self.qemu.clone();
        let mut add = |option: &str, value| arguments.extend([option.to_string(), value]);
        for (number, disk) in self.disks.iter().enumerate() {
            let drive = disk.drive.as_deref().unwrap_or("file=@");
            let file = drive.replace('@', &images.path(number));
            add(
                "-drive",
                format!("id=disk{number},if=none,format=raw,{file}"),
            );
        }
        for (number, Controller { options, disks }) in self.controllers.iter().enumerate() {
            add(
                "-device",
                format!("nvme,id=nvme{number},serial={number},{options}"),
            );
            for (nsid, disk) in (1..).zip(disks) {
                let block = self.disks[*disk].block();
                let sizes = format!("logical_block_size={block},physical_block_size={block}");
                let place = format!("bus=nvme{number},nsid={nsid},drive=disk{disk}");
                add("-device", format!("nvme-ns,{place},{sizes}"));
            }
        }
        arguments
    }

    /// Carries out the actions with the module, after what comes `before`.
    pub fn plan(&self, before: Plan, module: &Path) -> Plan {
        let mut plan = before
            .shell("trace_start")
            .carry(module)
            .shell(include_str!("../../../boot/nvme"));
        for (number, action) in self.actions.iter().enumerate() {
            plan = plan.shell(&format!("action {number}"));
            if let Some(parameters) = &action.copy {
                let copies = self.namespaces(action).len();
                let mut copy = format!("step copy {copies}");
                for (name, value) in parameters {
                    copy += &format!(" {name}={value}");
                }
                plan = plan.shell(&copy).shell("step rmmod nvme_copy");
            }
            if let Some(line) = &action.shell {
                plan = plan.shell(line);
            }
        }
        plan
    }

    /// The disks of each controller that takes part in an action.
    fn namespaces<'a>(&'a self, action: &'a Action) -> Vec<&'a [usize]> {
        match &action.disks {
            Some(disks) => vec![disks],
            None => self.controllers.iter().map(|c| &c.disks[..]).collect(),
        }
    }

    /// What the driver did not say of what it has to, `said` being what it said during each action.
    pub fn missing(&self, said: &[String]) -> Vec<String> {
        let mut missing = Vec::new();
        for (number, action) in self.actions.iter().enumerate() {
            let said = said.get(number).map_or("", String::as_str);
            let copied = [": copied ".to_string()];
            let wanted = match action.copy {
                Some(_) if action.says.is_empty() => &copied[..],
                _ => &action.says[..],
            };
            let times = self.namespaces(action).len();
            for wanted in wanted {
                if said.matches(wanted).count() < times {
                    missing.push(format!(
                        "{action}: not {times} times `{wanted}`, but\n{said}"
                    ));
                }
            }
        }
        missing
    }

    /// What was not freed when the driver was unloaded, `marks` having the number of allocations at
    /// the beginning of each action.
    pub fn unfreed(&self, marks: &[(String, usize)]) -> Vec<String> {
        if marks.len() != self.actions.len() {
            return vec![format!(
                "{} of {} actions were begun",
                marks.len(),
                self.actions.len()
            )];
        }
        let ends = self.actions.iter().zip(&marks[1..]);
        let unfreed = ends.filter(|(action, (_, live))| action.unloads() && *live > 0);
        unfreed
            .map(|(action, (_, live))| format!("{action}: {live} allocations are not freed"))
            .collect()
    }

    /// Makes the changes to the images that the driver has to make.
    pub fn apply(&self, images: &mut Images) -> Result<()> {
        for action in &self.actions {
            let Some(parameters) = &action.copy else {
                continue;
            };
            let parameter = |name, default| parameters.get(name).copied().unwrap_or(default);
            for disks in self.namespaces(action) {
                let disk = |name, default| {
                    let nsid: usize = parameter(name, default);
                    let number = *disks.get(nsid.wrapping_sub(1))?;
                    Some((number, self.disks.get(number)?))
                };
                let no_disk = || format!("{}: {action}: there is no such disk", self.name);
                let (source, from) = disk("source", 1).with_context(no_disk)?;
                let block = from.block();
                let first = parameter("first", 0) * block;
                let bytes = match (action.written, parameter("blocks", 0)) {
                    (Some(blocks), _) => blocks * block,
                    (None, _) if !action.says.is_empty() => continue,
                    (None, 0) => from.kib * 1024 - first,
                    (None, blocks) => blocks * block,
                };
                let (target, _) = disk("target", 2).with_context(no_disk)?;
                let target_first = parameter("target_first", 0) * block;
                let (from, to) = ([source, first], [target, target_first]);
                images.copy(from, to, bytes, action.wrong)?;
            }
        }
        Ok(())
    }
}

impl Action {
    fn unloads(&self) -> bool {
        let shell = self.shell.as_deref().unwrap_or_default();
        self.copy.is_some() || shell.contains("step rmmod nvme_copy")
    }
}

impl std::fmt::Display for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(line) = &self.shell {
            return f.write_str(line);
        }
        f.write_str("copy")?;
        for (name, value) in self.copy.iter().flatten() {
            write!(f, " {name}={value}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs() -> Runs {
        toml::from_str(include_str!("../../../nvme.toml")).expect("runs")
    }

    #[test]
    fn all_copies_are_between_disks_that_are_there() {
        let runs = runs();
        for run in runs.run.iter().chain([&runs.demo, &runs.bench]) {
            let dir = tempfile::tempdir().expect("a directory");
            let mut images = Images::create(dir.path(), &run.disks).expect("images");
            run.apply(&mut images).expect(&run.name);
        }
    }

    #[test]
    fn memory_is_freed_after_each_copy() {
        let mut run = runs().run.swap_remove(0);
        run.actions.truncate(2);
        let marks = |live| [("nvme: 0".to_string(), 0), ("nvme: 1".to_string(), live)];
        assert!(run.unfreed(&marks(0)).is_empty());
        assert_eq!(run.unfreed(&marks(1)).len(), 1);
        assert_eq!(run.unfreed(&[]).len(), 1);
    }

    #[test]
    fn each_controller_has_to_say_it() {
        let mut run = runs().run.swap_remove(0);
        run.actions.truncate(1);
        let once = "nvme_copy 0000:00:03.0: copied 2 blocks\n";
        assert!(run.missing(&[once.repeat(2)]).is_empty());
        assert_eq!(run.missing(&[once.to_string()]).len(), 1);
        assert_eq!(run.missing(&[]).len(), 1);
    }
}
