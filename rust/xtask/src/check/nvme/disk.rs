// SPDX-License-Identifier: GPL-2.0

//! The images of disks, with content that is known.

use super::Write;
use anyhow::{Context, Result};
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

pub const MIB: usize = 1 << 20;

/// A disk and how QEMU has it.
#[derive(Clone, Debug)]
pub struct Disk {
    pub bytes: usize,
    /// More options of `nvme-ns`.
    pub namespace: &'static str,
    pub fault: Fault,
}

/// What QEMU's block layer does to a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    None,
    /// The event of `blkdebug` at which this sector fails.
    At(&'static str, usize),
    /// So many bytes a second.
    Slow(usize),
    ReadOnly,
}

impl Disk {
    pub fn new(bytes: usize) -> Self {
        Self {
            bytes,
            namespace: "",
            fault: Fault::None,
        }
    }
}

/// The images of a run, as they were and as they are.
pub struct Images {
    dir: PathBuf,
    before: Vec<Vec<u8>>,
    after: Vec<Vec<u8>>,
}

/// Fills an image for each disk with noise.
pub fn create(dir: &Path, disks: &[Disk]) -> Result<Images> {
    let dir = dir.join("disks");
    fs::create_dir_all(&dir)?;
    let mut images = Images {
        dir,
        before: Vec::new(),
        after: Vec::new(),
    };
    for (number, disk) in disks.iter().enumerate() {
        let content = noise(number, disk.bytes);
        let path = images.path(number);
        fs::write(&path, &content).with_context(|| format!("cannot write {}", path.display()))?;
        if let Fault::At(event, sector) = disk.fault {
            let rule = format!(
                "[inject-error]\nevent = \"{event}\"\nerrno = \"5\"\nsector = \"{sector}\"\n"
            );
            fs::write(images.rule(number), rule)?;
        }
        images.before.push(content);
    }
    Ok(images)
}

impl Images {
    fn path(&self, number: usize) -> PathBuf {
        self.dir.join(format!("disk{number}.img"))
    }

    fn rule(&self, number: usize) -> PathBuf {
        self.dir.join(format!("disk{number}.blkdebug"))
    }

    /// What QEMU is told of the disks.
    pub fn arguments(&self, disks: &[Disk]) -> Vec<String> {
        let mut arguments = Vec::new();
        for (number, disk) in disks.iter().enumerate() {
            let path = self.path(number).display().to_string();
            let (file, more) = match disk.fault {
                Fault::None => (path, String::new()),
                Fault::At(..) => (
                    format!("blkdebug:{}:{path}", self.rule(number).display()),
                    String::new(),
                ),
                Fault::Slow(rate) => (path, format!(",throttling.bps-total={rate}")),
                Fault::ReadOnly => (path, ",readonly=on".to_string()),
            };
            arguments.push("-drive".to_string());
            arguments.push(format!(
                "id=disk{number},if=none,format=raw,file={file}{more}"
            ));
        }
        arguments
    }

    /// Reads the images again.
    pub fn read(&mut self) -> Result<()> {
        self.after = (0..self.before.len())
            .map(|number| {
                let path = self.path(number);
                fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
            })
            .collect::<Result<_>>()?;
        Ok(())
    }

    /// What is not as it was before, with `writes` made to it.
    pub fn differences<'a>(self, writes: impl Iterator<Item = &'a Write>) -> Vec<String> {
        let mut problems = Vec::new();
        let mut wanted = self.before;
        for write in writes {
            let (from, to) = (range(write.from, write.bytes), range(write.to, write.bytes));
            let data = wanted[write.source][from].to_vec();
            if write.wrong {
                // What is there is not known, but that it is no copy.
                let there = self.after[write.target][to.clone()].to_vec();
                if there == data {
                    problems.push(format!(
                        "disk {}: a wrong copy cannot be told from a right one",
                        write.target
                    ));
                }
                wanted[write.target][to].copy_from_slice(&there);
            } else {
                wanted[write.target][to].copy_from_slice(&data);
            }
        }
        for (number, (wanted, there)) in wanted.iter().zip(&self.after).enumerate() {
            if wanted != there {
                let first = wanted.iter().zip(there).position(|(w, t)| w != t);
                problems.push(format!(
                    "disk {number}: the first byte that is not what it should be is {:#x}",
                    first.unwrap_or(wanted.len())
                ));
            }
        }
        problems
    }
}

fn range(start: usize, length: usize) -> Range<usize> {
    start..start + length
}

/// Bytes without a pattern, different for each disk.
pub fn noise(number: usize, bytes: usize) -> Vec<u8> {
    // Xorshift needs a state that is not zero.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(number as u64 + 1);
    let mut content = Vec::with_capacity(bytes + 8);
    while content.len() < bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        content.extend_from_slice(&state.to_le_bytes());
    }
    content.truncate(bytes);
    content
}

#[cfg(test)]
mod tests {
    use super::*;

    fn images() -> Images {
        let before = vec![noise(0, 4096), noise(1, 4096)];
        Images {
            dir: PathBuf::new(),
            after: before.clone(),
            before,
        }
    }

    fn write(wrong: bool) -> Write {
        Write {
            source: 0,
            target: 1,
            from: 512,
            to: 1024,
            bytes: 512,
            wrong,
        }
    }

    #[test]
    fn noise_has_no_block_twice() {
        let noise = [noise(0, 8192), noise(1, 8192)].concat();
        let blocks: std::collections::HashSet<&[u8]> = noise.chunks(512).collect();
        assert_eq!(blocks.len(), 32);
    }

    #[test]
    fn a_copy_has_to_be_there() {
        let write = write(false);
        let mut copied = images();
        let problems = images().differences([&write].into_iter());
        assert!(problems[0].ends_with("is 0x400"), "{problems:?}");
        let data = copied.before[0][512..1024].to_vec();
        copied.after[1][1024..1536].copy_from_slice(&data);
        assert!(copied.differences([&write].into_iter()).is_empty());
    }

    #[test]
    fn what_is_beside_a_copy_has_to_stay() {
        for (disk, byte) in [(0, 700), (1, 1023), (1, 1536)] {
            let mut images = images();
            images.after[disk][byte] ^= 1;
            assert_eq!(images.differences([].iter()).len(), 1);
        }
    }

    #[test]
    fn a_wrong_copy_has_to_be_seen() {
        let write = write(true);
        let mut copied = images();
        assert!(images().differences([&write].into_iter()).is_empty());
        let data = copied.before[0][512..1024].to_vec();
        copied.after[1][1024..1536].copy_from_slice(&data);
        assert_eq!(copied.differences([&write].into_iter()).len(), 1);
    }
}
