// SPDX-License-Identifier: GPL-2.0

//! What the driver said.

use crate::verdict::console::strip_time;
use regex_lite::Regex;
use std::fmt;
use std::sync::LazyLock;

/// The last line of a copy that is complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    pub blocks: u64,
    pub bytes: u64,
    pub commands: u64,
    pub interrupts: u64,
    pub milliseconds: u64,
}

impl fmt::Display for Copied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} bytes, {} commands, {} interrupts, {} ms",
            self.bytes, self.commands, self.interrupts, self.milliseconds
        )
    }
}

/// All copies that are complete.
pub fn copied(console: &str) -> Vec<Copied> {
    static LINE: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r"nvme_copy \S+: copied (\d+) blocks, (\d+) bytes, (\d+) commands, (\d+) interrupts in (\d+) ms",
        )
        .ok()
    });
    let number = |text: &str| text.parse().unwrap_or(0);
    LINE.iter()
        .flat_map(|line| line.captures_iter(console))
        .map(|found| Copied {
            blocks: number(&found[1]),
            bytes: number(&found[2]),
            commands: number(&found[3]),
            interrupts: number(&found[4]),
            milliseconds: number(&found[5]),
        })
        .collect()
}

/// Where the slots of the first copy are, and how many commands were in flight at most.
pub fn slots(console: &str) -> Option<(String, String)> {
    let address = Regex::new(r"nvme_copy \S+: copying .* slots at (0x[0-9a-f]+),").ok()?;
    let in_flight = Regex::new(r"nvme_copy \S+: at most (\d+) commands in flight").ok()?;
    Some((
        address.captures(console)?[1].to_string(),
        in_flight.captures(console)?[1].to_string(),
    ))
}

/// What the driver said from each action to the next: an action says `nvme: ` and its number first.
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
[    3.200000] nvme_copy 0000:00:03.0: 512 of 2048 blocks
[    3.300000] nvme_copy 0000:00:03.0: copied 2048 blocks, 1048576 bytes, 17 commands, 4 interrupts in 57 ms
[    3.400000] coherent: nvme: 1
[    3.500000] nvme_copy 0000:00:03.0: stopped after 0 of 2048 blocks
";

    #[test]
    fn a_copy_is_read() {
        let copied = copied(LOG);
        assert_eq!(copied.len(), 1);
        assert_eq!((copied[0].blocks, copied[0].commands), (2048, 17));
        assert_eq!(copied[0].milliseconds, 57);
    }

    #[test]
    fn the_place_of_the_slots_is_read() {
        let log = "\
[    3.511449] nvme_copy 0000:00:01.0: copying 32768 blocks of 512 bytes, namespace 1 block 0x0 to namespace 2 block 0x0, depth 8, slots at 0x3000000, MsiX
[    3.581880] nvme_copy 0000:00:01.0: at most 8 commands in flight
";
        let expected = ("0x3000000".to_string(), "8".to_string());
        assert_eq!(slots(log), Some(expected));
        assert_eq!(slots(LOG), None);
    }

    #[test]
    fn what_is_said_belongs_to_an_action() {
        let sections = sections(LOG);
        assert_eq!(sections.len(), 2);
        assert!(sections[0].contains("copied 2048"));
        assert_eq!(
            sections[1],
            "nvme_copy 0000:00:03.0: stopped after 0 of 2048 blocks\n"
        );
    }
}
