// SPDX-License-Identifier: GPL-2.0

//! A pair of a submission and a completion queue.

use super::{
    commands::{
        CommandStatus,
        CompletionEntry,
        SubmissionEntry, //
    },
    registers::{
        Registers,
        DOORBELLS, //
    },
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    dma::{
        bound::Coherent,
        DmaAddress, //
    },
    io::{
        io_project,
        io_read,
        Io, //
    },
    prelude::*,
    sync::barrier::{
        dma_mb,
        Read, //
    },
};

/// The memory of both queues, and where their doorbells are.
pub(super) struct Queues<'bound, const N: usize> {
    submission: Coherent<'bound, [SubmissionEntry; N]>,
    completion: Coherent<'bound, [CompletionEntry; N]>,
    /// How many entries of each are used: at most `N`.
    entries: u16,
    submission_doorbell: usize,
    completion_doorbell: usize,
}

/// How far both sides are.
pub(super) struct Position {
    tail: u16,
    head: u16,
    phase: u16,
}

/// The completion of a command.
pub(super) struct Completion {
    pub(super) id: u16,
    pub(super) status: CommandStatus,
    pub(super) result: u32,
}

impl Position {
    pub(super) const START: Self = Self {
        tail: 0,
        head: 0,
        phase: 1,
    };
}

impl<'bound, const N: usize> Queues<'bound, N> {
    /// Allocates the queues with identifier `id` for a controller that takes at most `max` entries
    /// and has its doorbells `stride` bytes apart.
    pub(super) fn new(
        dev: &'bound Device<Bound>,
        id: u16,
        max: u32,
        stride: usize,
    ) -> Result<Self> {
        let first = DOORBELLS + 2 * usize::from(id) * stride;

        Ok(Self {
            submission: Coherent::zeroed(dev, GFP_KERNEL)?,
            completion: Coherent::zeroed(dev, GFP_KERNEL)?,
            entries: u16::try_from(N.min(usize::try_from(max)?))?,
            submission_doorbell: first,
            completion_doorbell: first + stride,
        })
    }

    /// Returns how many entries each queue has. There may be one command less at the same time.
    pub(super) fn entries(&self) -> u16 {
        self.entries
    }

    /// Returns the addresses of the submission and of the completion queue.
    pub(super) fn addresses(&self) -> (DmaAddress, DmaAddress) {
        (self.submission.dma_address(), self.completion.dma_address())
    }

    /// Writes a command. The controller looks for it after [`Self::submit`].
    ///
    /// There must not be more commands than entries, less one, that are not completed.
    pub(super) fn push(&self, at: &mut Position, command: SubmissionEntry) -> Result {
        io_project!(self.submission, [try: usize::from(at.tail)]).copy_write(command);
        at.tail = self.following(at.tail);
        Ok(())
    }

    /// Tells the controller of all commands that were written.
    pub(super) fn submit(&self, at: &Position, registers: &Registers) -> Result {
        registers.ring(self.submission_doorbell, u32::from(at.tail))
    }

    /// Returns the next completion, if the controller has written one.
    pub(super) fn pop(&self, at: &mut Position) -> Result<Option<Completion>> {
        let entry = io_project!(self.completion, [try: usize::from(at.head)]);
        let status = u16::from_le(io_read!(entry, .status));
        if status & 1 != at.phase {
            return Ok(None);
        }

        // The controller writes the phase tag last; nothing else may be read before it.
        dma_mb(Read);

        at.head = self.following(at.head);
        if at.head == 0 {
            at.phase ^= 1;
        }

        Ok(Some(Completion {
            id: u16::from_le(io_read!(entry, .command_id)),
            status: CommandStatus::new(status),
            result: u32::from_le(io_read!(entry, .result)),
        }))
    }

    /// Gives all entries that were popped back to the controller.
    pub(super) fn release(&self, at: &Position, registers: &Registers) -> Result {
        registers.ring(self.completion_doorbell, u32::from(at.head))
    }

    fn following(&self, index: u16) -> u16 {
        if index + 1 == self.entries {
            0
        } else {
            index + 1
        }
    }
}
