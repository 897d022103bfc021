// SPDX-License-Identifier: GPL-2.0

//! What the driver said.

use crate::verdict::console::strip_time;
use regex_lite::Regex;
use std::fmt;

/// A copy that is complete. Numbers are as they are in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// How many commands were in flight.
    pub depth: String,
    /// The DMA address of the slots.
    pub slots: String,
    pub bytes: String,
    pub commands: String,
    pub interrupts: String,
}

impl fmt::Display for Copied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "depth {}: {} bytes, {} commands, {} interrupts",
            self.depth, self.bytes, self.commands, self.interrupts
        )
    }
}

/// All copies that are complete, one after the other.
pub fn copied(console: &str) -> Vec<Copied> {
    let Ok(pattern) = Regex::new(
        r"depth (\d+), slots at (0x[0-9a-f]+),(?s:.*): copied \d+ blocks, (\d+) bytes, (\d+) commands, (\d+) interrupts in ",
    ) else {
        return Vec::new();
    };
    let read = |copy| {
        let (_, found) = pattern.captures(copy)?.extract();
        let [depth, slots, bytes, commands, interrupts] = found.map(str::to_string);
        Some(Copied {
            depth,
            slots,
            bytes,
            commands,
            interrupts,
        })
    };
    console.split(": copying ").filter_map(read).collect()
}

/// How the numbers of references to controllers differ while the driver is not loaded: see `boot/nvme`.
pub fn references(console: &str) -> Vec<String> {
    let lines = console.lines().map(strip_time);
    let counts: Vec<&str> = lines
        .filter_map(|line| line.strip_prefix("coherent: references: "))
        .flat_map(str::split_whitespace)
        .collect();
    match counts.first() {
        Some(first) if counts.iter().all(|count| count == first) => Vec::new(),
        _ => vec![format!("there are {}", counts.join(", "))],
    }
}

/// What the driver said from each action to the next: see `boot/nvme`.
pub fn sections(console: &str) -> Vec<String> {
    let mut sections = Vec::new();
    for line in console.lines().map(strip_time) {
        if line.starts_with("coherent: nvme: ") {
            sections.push(String::new());
        } else if let (Some(section), true) = (sections.last_mut(), line.starts_with("nvme_copy "))
        {
            section.push_str(line);
            section.push('\n');
        }
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
[    3.000000] nvme_copy: loading out-of-tree module taints kernel.
[    3.000000] coherent: nvme: 0
[    3.100000] coherent: step copy 1 depth=8
[    3.150000] nvme_copy 0000:00:03.0: copying 2048 blocks of 512 bytes, namespace 1 block 0x0 to namespace 2 block 0x0, depth 8, slots at 0x3000000, MsiX
[    3.200000] nvme_copy 0000:00:03.0: 512 of 2048 blocks
[    3.300000] nvme_copy 0000:00:03.0: copied 2048 blocks, 1048576 bytes, 17 commands, 4 interrupts in 57 ms
[    3.400000] coherent: nvme: 1
[    3.450000] nvme_copy 0000:00:03.0: copying 2048 blocks of 512 bytes, namespace 1 block 0x0 to namespace 2 block 0x0, depth 8, slots at 0x3000000, MsiX
[    3.500000] nvme_copy 0000:00:03.0: stopped after 0 of 2048 blocks
";

    #[test]
    fn a_copy_is_read() {
        let copied = copied(LOG);
        assert_eq!(copied.len(), 1);
        assert_eq!((&*copied[0].slots, &*copied[0].depth), ("0x3000000", "8"));
        assert_eq!((&*copied[0].commands, &*copied[0].interrupts), ("17", "4"));
    }

    #[test]
    fn a_reference_that_is_left_is_found() {
        let log = |last| {
            format!(
                "coherent: references: 5 5\ncoherent: references: \ncoherent: references: {last} \n"
            )
        };
        assert!(references(&log(5)).is_empty());
        assert_eq!(references(&log(6)), ["there are 5, 5, 6"]);
        assert_eq!(references(LOG).len(), 1);
    }

    #[test]
    fn what_is_said_belongs_to_an_action() {
        let sections = sections(LOG);
        assert_eq!(sections.len(), 2);
        assert!(sections[0].contains("copied 2048") && !sections[0].contains("stopped"));
        assert!(sections[1].ends_with(": stopped after 0 of 2048 blocks\n"));
    }
}
