// SPDX-License-Identifier: GPL-2.0

//! What is to be copied, and whether that is possible.

use super::{
    controller::Namespace,
    slots::{
        DEPTH,
        SLOT, //
    },
    PAGE,
};
use kernel::{
    pci,
    prelude::*, //
};

/// What the module parameters ask for.
pub(super) struct Request {
    /// The first block in the source.
    pub(super) first: u64,
    /// The first block in the target.
    pub(super) target_first: u64,
    /// How many blocks; zero is all that follow in the source.
    pub(super) blocks: usize,
    /// How many commands at the same time.
    pub(super) depth: usize,
}

/// A copy that both namespaces have room for.
pub(super) struct Plan {
    pub(super) source: Namespace,
    pub(super) target: Namespace,
    pub(super) first: u64,
    pub(super) target_first: u64,
    pub(super) blocks: usize,
    pub(super) bytes: usize,
    pub(super) depth: usize,
    /// The most blocks that a command transfers.
    pub(super) chunk: usize,
}

impl Plan {
    /// Checks `request` against the namespaces, and against the most bytes that a command may
    /// transfer and the number of commands that a queue has room for.
    ///
    /// Says in the log why it refuses.
    pub(super) fn new(
        pdev: &pci::Device,
        request: Request,
        source: Namespace,
        target: Namespace,
        max_transfer: usize,
        max_depth: usize,
    ) -> Result<Self> {
        let Request {
            first,
            target_first,
            blocks,
            depth,
        } = request;

        let max_depth = max_depth.min(DEPTH);
        if !(1..=max_depth).contains(&depth) {
            dev_err!(pdev, "refused: depth {depth} is not in 1..={max_depth}\n");
            return Err(EINVAL);
        }

        let shift = source.block_shift;
        if shift != target.block_shift {
            dev_err!(
                pdev,
                "refused: block sizes differ, 2^{shift} in the source and 2^{} in the target\n",
                target.block_shift
            );
            return Err(EINVAL);
        }
        if !(9..=PAGE.ilog2()).contains(&shift.into()) {
            dev_err!(pdev, "refused: unsupported block size 2^{shift}\n");
            return Err(EINVAL);
        }

        if first >= source.blocks {
            dev_err!(
                pdev,
                "refused: block {first:#x} is beyond the end of the source, which has {:#x}\n",
                source.blocks
            );
            return Err(ERANGE);
        }
        let following = source.blocks - first;
        let count = match blocks {
            0 => following,
            blocks => u64::try_from(blocks)?,
        };
        if count > following {
            dev_err!(
                pdev,
                "refused: {count:#x} blocks from {first:#x} on reach beyond the end of the source, \
                 which has {:#x}\n",
                source.blocks
            );
            return Err(ERANGE);
        }
        if target_first > target.blocks || count > target.blocks - target_first {
            dev_err!(
                pdev,
                "refused: the target is too small, {count:#x} blocks from {target_first:#x} on do \
                 not fit into {:#x}\n",
                target.blocks
            );
            return Err(ENOSPC);
        }

        // Neither sum wraps: both ranges are in a namespace.
        if source.id == target.id && first < target_first + count && target_first < first + count {
            dev_err!(pdev, "refused: source and target overlap\n");
            return Err(EINVAL);
        }

        let Some((blocks, bytes)) = usize::try_from(count)
            .ok()
            .and_then(|blocks| Some((blocks, blocks.checked_mul(1 << shift)?)))
        else {
            dev_err!(
                pdev,
                "refused: this CPU cannot count the bytes, copy less at once\n"
            );
            return Err(EOVERFLOW);
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
}
