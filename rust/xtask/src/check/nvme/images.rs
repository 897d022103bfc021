// SPDX-License-Identifier: GPL-2.0

//! The images of disks: what has to be in them, and what is.

use super::runs::Disk;
use crate::host::process;
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};

pub struct Images {
    dir: PathBuf,
    expected: Vec<Vec<u8>>,
    /// Disks that a wrong copy was made to.
    wrong: Vec<usize>,
}

impl Images {
    /// Fills an image for each disk with noise.
    pub fn create(dir: &Path, disks: &[Disk]) -> Result<Self> {
        let images = Self {
            dir: dir.join("disks"),
            expected: (1..)
                .zip(disks)
                .map(|(n, disk)| noise(n, disk.kib * 1024))
                .collect(),
            wrong: Vec::new(),
        };
        fs::create_dir_all(&images.dir)?;
        images.write("img")?;
        Ok(images)
    }

    /// Where the image of a disk is.
    pub fn path(&self, disk: usize) -> String {
        self.file(disk, "img").display().to_string()
    }

    fn file(&self, disk: usize, extension: &str) -> PathBuf {
        self.dir.join(format!("disk{disk}.{extension}"))
    }

    fn write(&self, extension: &str) -> Result<()> {
        for (disk, content) in self.expected.iter().enumerate() {
            let path = self.file(disk, extension);
            fs::write(&path, content)
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(())
    }

    /// Expects a copy of `bytes` bytes, each end of which is a disk and an offset.
    pub fn copy(
        &mut self,
        [source, from]: [usize; 2],
        [target, to]: [usize; 2],
        bytes: usize,
        wrong: bool,
    ) -> Result<()> {
        let (from, to) = (from..from + bytes, to..to + bytes);
        let beyond = || format!("{from:?} of disk {source} to {to:?} of disk {target}: too far");
        let data = self.expected[source]
            .get(from.clone())
            .with_context(beyond)?;
        let data = data.to_vec();
        let place = self.expected[target].get_mut(to.clone());
        place.with_context(beyond)?.copy_from_slice(&data);
        if wrong {
            self.wrong.push(target);
        }
        Ok(())
    }

    /// The SHA-256 of what has to be on each disk, and of what is.
    pub fn digests(&self) -> Result<Vec<[String; 2]>> {
        self.write("expected")?;
        let disks = 0..self.expected.len();
        let files = disks.flat_map(|disk| [self.file(disk, "expected"), self.file(disk, "img")]);
        let said = process::output(process::command("sha256sum").args(files))?;
        let mut digests = said
            .lines()
            .filter_map(|line| Some(line.split_whitespace().next()?.to_string()));
        Ok(std::iter::from_fn(|| Some([digests.next()?, digests.next()?])).collect())
    }

    /// The disks that are not what they have to be.
    pub fn problems(&self) -> Result<Vec<String>> {
        let mut problems = Vec::new();
        for (disk, [expected, there]) in self.digests()?.iter().enumerate() {
            match (expected == there, self.wrong.contains(&disk)) {
                (true, true) => problems.push(format!(
                    "disk {disk}: a wrong copy has the digest of a right one, {there}"
                )),
                (false, false) => problems.push(format!(
                    "disk {disk}: the digest is {there} instead of {expected}, and the first byte \
                     that differs is {:#x}",
                    self.first_difference(disk)?
                )),
                _ => {}
            }
        }
        Ok(problems)
    }

    fn first_difference(&self, disk: usize) -> Result<usize> {
        let (there, expected) = (fs::read(self.file(disk, "img"))?, &self.expected[disk]);
        let differs = |(there, expected)| there != expected;
        let first = there.iter().zip(expected).position(differs);
        Ok(first.unwrap_or(there.len().min(expected.len())))
    }

    pub fn remove(self) -> Result<()> {
        fs::remove_dir_all(self.dir).context("removing the images")
    }
}

/// Bytes without a pattern, different for each `seed` but 0.
fn noise(seed: u64, bytes: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut content = Vec::with_capacity(bytes + 8);
    while content.len() < bytes {
        // Xorshift.
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

    /// Images of which the driver has changed one byte.
    fn changed(disk: usize, byte: usize) -> (tempfile::TempDir, Images) {
        let dir = tempfile::tempdir().expect("a directory");
        let disks: Vec<Disk> = (0..2)
            .map(|_| toml::from_str("kib = 4").expect("a disk"))
            .collect();
        let images = Images::create(dir.path(), &disks).expect("images");
        let mut content = images.expected[disk].clone();
        content[byte] ^= 1;
        fs::write(images.path(disk), content).expect("a file");
        (dir, images)
    }

    #[test]
    fn noise_has_no_block_twice() {
        let noise = [noise(1, 8192), noise(2, 8192)].concat();
        let blocks: std::collections::HashSet<&[u8]> = noise.chunks(512).collect();
        assert_eq!(blocks.len(), 32);
    }

    #[test]
    fn a_byte_that_changes_changes_the_digest() {
        for (disk, byte) in [(0, 700), (1, 4095)] {
            let problems = changed(disk, byte).1.problems().expect("digests");
            assert_eq!(problems.len(), 1);
            assert!(
                problems[0].ends_with(&format!("differs is {byte:#x}")),
                "{problems:?}"
            );
        }
    }

    #[test]
    fn a_copy_has_to_be_made_and_a_wrong_one_has_to_differ() {
        let (_dir, mut images) = changed(0, 0);
        images.write("img").expect("images");
        assert!(images.problems().expect("digests").is_empty());
        images
            .copy([0, 512], [1, 1024], 512, false)
            .expect("inside");
        assert!(images.problems().expect("digests")[0].ends_with("differs is 0x400"));
        images.write("img").expect("images");
        assert!(images.problems().expect("digests").is_empty());

        images.copy([0, 512], [1, 1024], 512, true).expect("inside");
        assert!(images.problems().expect("digests")[0].contains("a wrong copy"));
        images
            .copy([0, 4096], [1, 0], 1, false)
            .expect_err("outside");
    }
}
