// SPDX-License-Identifier: GPL-2.0

//! The runs: what is copied, and what goes wrong on purpose.

use super::disk::{Disk, Fault, MIB};
use super::{Action, Controller, Run, Write};

/// Bytes of a sector, which is what `blkdebug` counts.
const SECTOR: usize = 512;
/// The run that is worth a look at its times.
pub const BULK: &str = "bulk";
const COPIED: &str = ": copied ";
const STOPPED: &str = ": stopped after ";

/// All runs. With an IOMMU, one more thing goes wrong: without, nothing would stop it.
pub fn all(iommu: bool) -> Vec<Run> {
    vec![sizes(), bulk(), faults(iommu)]
}

/// Two controllers at once, with blocks of 512 and of 4096 bytes: one block, one page, a page and a
/// block, a slot, more than a slot, and more than a command may transfer (MDTS), none of which
/// begins where a page or a slot does.
fn sizes() -> Run {
    const COUNTS: [usize; 9] = [1, 2, 8, 9, 32, 33, 256, 257, 1367];
    const BLOCKS: usize = 4608;
    let block_sizes = [512, 4096];

    let mut actions = Vec::new();
    let mut first = 3;
    for count in COUNTS {
        for depth in [1, 8] {
            let target = first + 4;
            let write = |(number, block): (usize, usize)| Write {
                source: 2 * number,
                target: 2 * number + 1,
                from: first * block,
                to: target * block,
                bytes: count * block,
                wrong: false,
            };
            actions.push(Action::Copy {
                parameters: format!(
                    "first={first} target_first={target} blocks={count} depth={depth}"
                ),
                says: vec![COPIED],
                writes: block_sizes.into_iter().enumerate().map(write).collect(),
            });
            first += count + 9;
        }
    }

    let disk = |block: usize, namespace| Disk {
        namespace,
        ..Disk::new(BLOCKS * block)
    };
    let large = ",logical_block_size=4096,physical_block_size=4096";
    Run {
        name: "sizes",
        controllers: vec![
            Controller {
                options: ",mdts=4",
                namespaces: vec![0, 1],
            },
            Controller {
                options: "",
                namespaces: vec![2, 3],
            },
        ],
        actions,
        disks: vec![
            disk(512, ""),
            disk(512, ""),
            disk(4096, large),
            disk(4096, large),
        ],
    }
}

/// 64 MiB with 1, 8 and 32 commands in flight, and a copy that is wrong.
fn bulk() -> Run {
    let mut actions = Vec::new();
    for (target, depth) in [(1, 1), (2, 8), (3, 32)] {
        actions.push(Action::Copy {
            parameters: format!("target={} depth={depth}", target + 1),
            says: vec![COPIED],
            writes: vec![whole(target, 64 * MIB, false)],
        });
    }
    actions.push(Action::Copy {
        parameters: "target=5 depth=8 blocks=8192 wrong_slot=1".to_string(),
        says: vec![COPIED],
        writes: vec![whole(4, 4 * MIB, true)],
    });
    let mut disks = vec![Disk::new(64 * MIB); 4];
    disks.push(Disk::new(4 * MIB));
    Run {
        name: BULK,
        controllers: vec![Controller {
            options: "",
            namespaces: vec![0, 1, 2, 3, 4],
        }],
        actions,
        disks,
    }
}

fn whole(target: usize, bytes: usize, wrong: bool) -> Write {
    Write {
        source: 0,
        target,
        from: 0,
        to: 0,
        bytes,
        wrong,
    }
}

/// Disks that fail, are slow, small or cannot be written; refusals; removal during a copy. After
/// each, or each group, a copy works.
fn faults(iommu: bool) -> Run {
    const BYTES: usize = 4 * MIB;
    let fault = |fault| Disk {
        fault,
        ..Disk::new(BYTES)
    };
    let disks = vec![
        Disk::new(BYTES),
        Disk::new(BYTES),
        fault(Fault::At("read_aio", 5000)),
        fault(Fault::At("write_aio", 5000)),
        fault(Fault::Slow(200_000)),
        fault(Fault::ReadOnly),
        Disk::new(MIB),
        Disk {
            namespace: ",logical_block_size=4096,physical_block_size=4096",
            ..Disk::new(BYTES)
        },
    ];
    let unwritten = |parameters: &str, says: &[&'static str]| Action::Copy {
        parameters: parameters.to_string(),
        says: says.to_vec(),
        writes: Vec::new(),
    };
    let refused = |parameters: &str, says| unwritten(parameters, &[": refused: ", says]);
    // Whatever the actions before left in the target, it is the source then.
    let good = || Action::Copy {
        parameters: "source=1 target=2".to_string(),
        says: vec![COPIED],
        writes: vec![whole(1, BYTES, false)],
    };
    let shell = |line, says: &[&'static str]| Action::Shell {
        line,
        says: says.to_vec(),
    };

    // Sector 5000 is in the command that begins at 0x1300. Up to there, 4 has what 1 has.
    let failed_write = Action::Copy {
        parameters: "source=1 target=4 depth=1".to_string(),
        says: vec![
            "write of block 0x1300 failed: status code type 0x2 code 0x80",
            STOPPED,
        ],
        writes: vec![whole(3, 0x1300 * SECTOR, false)],
    };
    let mut actions = vec![
        unwritten(
            "source=3 target=2",
            &[
                "read of block 0x1300 failed: status code type 0x2 code 0x81",
                STOPPED,
            ],
        ),
        good(),
        failed_write,
        good(),
        unwritten(
            "source=5 target=2 depth=4 timeout_ms=200",
            &[
                " takes more than 200 ms",
                ": resetting the controller",
                ": the controller is reset",
                STOPPED,
            ],
        ),
        good(),
        unwritten(
            "source=1 target=6 depth=1",
            &["write of block 0x0 failed: ", ": stopped after 0 of "],
        ),
        refused("source=1 target=7", "the target is too small"),
        refused("source=1 target=8", "block sizes differ"),
        refused("source=1 target=9", "there is no namespace 9"),
        refused(
            "source=1 target=1 target_first=100 blocks=101",
            "source and target overlap",
        ),
        refused("first=8192", "beyond the end of the source"),
        refused("first=8191 blocks=2", "reach beyond the end of the source"),
        refused("depth=0", "depth 0 is not in 1..=32"),
        refused("depth=33", "depth 33 is not in 1..=32"),
        good(),
    ];
    if iommu {
        // The console has to have that fault, and no other. Later, after a rescan, the kernel puts the
        // registers of the device behind the slots, and the device refuses to copy those.
        let beyond = ": fault expected at 0x";
        actions.extend([unwritten("source=1 target=2 beyond=1", &[beyond]), good()]);
    }
    actions.extend([
        // What the slow disk does takes seconds, so all of these come in the middle of a copy.
        shell(
            "step insmod /lib/nvme_copy.ko source=5 depth=4; busybox usleep 300000",
            &[": copying "],
        ),
        shell("step rmmod nvme_copy", &[STOPPED]),
        shell(
            "step insmod /lib/nvme_copy.ko source=5 depth=4; busybox usleep 300000",
            &[": copying "],
        ),
        shell("step unbind nvme_copy", &[STOPPED]),
        shell(
            "step bind nvme_copy; busybox usleep 300000",
            &[": copying "],
        ),
        shell("step unplug nvme_copy", &[STOPPED]),
        shell(
            "step rescan nvme_copy; busybox usleep 300000",
            &[": copying "],
        ),
        shell("step rmmod nvme_copy", &[STOPPED]),
        good(),
    ]);
    Run {
        name: "faults",
        controllers: vec![Controller {
            options: "",
            namespaces: (0..disks.len()).collect(),
        }],
        actions,
        disks,
    }
}
