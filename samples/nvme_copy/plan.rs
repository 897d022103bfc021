// SPDX-License-Identifier: GPL-2.0

//! What is to be copied, and whether that is possible.

use super::{
    commands::Operation,
    controller::Namespace,
    module_parameters,
    slots::{
        DEPTH,
        SLOT, //
    },
    state::Transfer,
    PAGE, //
};
use kernel::{
    pci,
    prelude::*, //
};

/// A copy that both namespaces have room for.
pub(super) struct Plan {
    pub(super) source: Namespace,
    pub(super) target: Namespace,
    /// The first block in the source.
    pub(super) first: u64,
    /// The first block in the target.
    pub(super) target_first: u64,
    pub(super) blocks: usize,
    pub(super) bytes: usize,
    /// How many commands at the same time.
    pub(super) depth: usize,
    /// The most blocks that a command transfers.
    pub(super) chunk: usize,
}

impl Plan {
    /// Checks what the module parameters ask for against the namespaces, the most bytes that a
    /// command may transfer, and the number of commands that a queue has room for.
    pub(super) fn new(
        pdev: &pci::Device,
        source: Namespace,
        target: Namespace,
        max_transfer: usize,
        max_depth: usize,
    ) -> Result<Self> {
        let first = module_parameters::first.value();
        let target_first = module_parameters::target_first.value();
        let depth = module_parameters::depth.value();

        let max_depth = max_depth.min(DEPTH);
        if !(1..=max_depth).contains(&depth) {
            refuse!(pdev, EINVAL, "depth {depth} is not in 1..={max_depth}");
        }

        let (shift, target_shift) = (source.block_shift, target.block_shift);
        if shift != target_shift {
            refuse!(
                pdev,
                EINVAL,
                "block sizes differ, 2^{shift} and 2^{target_shift}"
            );
        }
        if !(9..=PAGE.ilog2()).contains(&shift.into()) {
            refuse!(pdev, EINVAL, "unsupported block size 2^{shift}");
        }

        let following = source.blocks.saturating_sub(first);
        let blocks = match module_parameters::blocks.value() {
            0 => following,
            blocks => u64::try_from(blocks)?,
        };
        if blocks == 0 || blocks > following {
            refuse!(
                pdev,
                ERANGE,
                "{blocks:#x} blocks from {first:#x} on: beyond the end of the source, {:#x}",
                source.blocks
            );
        }
        if blocks > target.blocks.saturating_sub(target_first) {
            refuse!(
                pdev,
                ENOSPC,
                "the target is too small, {blocks:#x} blocks from {target_first:#x} on do not fit \
                 into {:#x}",
                target.blocks
            );
        }
        // Neither sum wraps: both ranges are in a namespace.
        let apart = first + blocks <= target_first || target_first + blocks <= first;
        if source.id == target.id && !apart {
            refuse!(pdev, EINVAL, "source and target overlap");
        }

        let blocks = usize::try_from(blocks).ok();
        let Some((blocks, bytes)) = blocks.and_then(|n| Some((n, n.checked_mul(1 << shift)?)))
        else {
            refuse!(
                pdev,
                EOVERFLOW,
                "this CPU cannot count the bytes, copy less at once"
            );
        };

        Ok(Self {
            source,
            target,
            first,
            target_first,
            blocks,
            bytes,
            depth,
            chunk: SLOT.min(max_transfer) >> shift,
        })
    }

    /// Returns the namespace that `transfer` accesses, and the number of its first block there.
    pub(super) fn place(&self, transfer: &Transfer) -> Result<(&Namespace, u64)> {
        let (namespace, first) = match transfer.operation {
            Operation::Read => (&self.source, self.first),
            Operation::Write | Operation::Flush => (&self.target, self.target_first),
        };
        Ok((namespace, first + u64::try_from(transfer.offset)?))
    }
}
