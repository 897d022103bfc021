// SPDX-License-Identifier: GPL-2.0

//! Two disks of a controller, for a copy of one to the other.

use super::disk::noise;
use crate::host::process;
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};

pub struct Pair {
    source: PathBuf,
    target: PathBuf,
}

impl Pair {
    /// Makes a source of noise and a target of zeroes in `dir`.
    pub fn create(dir: &Path, bytes: usize) -> Result<Self> {
        fs::create_dir_all(dir)?;
        let pair = Self {
            source: dir.join("source.img"),
            target: dir.join("target.img"),
        };
        for (path, content) in [
            (&pair.source, noise(0, bytes)),
            (&pair.target, vec![0; bytes]),
        ] {
            fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(pair)
    }

    /// What QEMU is told: namespaces 1 and 2 of a controller.
    pub fn arguments(&self) -> Vec<String> {
        let drive = |id, path: &Path| format!("id={id},if=none,format=raw,file={}", path.display());
        [
            ["-drive", &drive("source", &self.source)],
            ["-drive", &drive("target", &self.target)],
            ["-device", "nvme,id=nvme,serial=1"],
            ["-device", "nvme-ns,bus=nvme,nsid=1,drive=source"],
            ["-device", "nvme-ns,bus=nvme,nsid=2,drive=target"],
        ]
        .as_flattened()
        .iter()
        .map(ToString::to_string)
        .collect()
    }

    /// The SHA-256 of the source and of the target.
    pub fn digests(&self) -> Result<[String; 2]> {
        Ok([digest(&self.source)?, digest(&self.target)?])
    }
}

fn digest(path: &Path) -> Result<String> {
    let said = process::output(process::command("sha256sum").arg(path))?;
    let digest = said.split_whitespace().next();
    Ok(digest.context("sha256sum says nothing")?.to_string())
}
