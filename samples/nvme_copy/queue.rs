// SPDX-License-Identifier: GPL-2.0

//! A pair of a submission and a completion queue.

use super::{
    commands::{
        CompletionEntry,
        SubmissionEntry, //
    },
    registers::{
        Capabilities,
        Registers,
        DOORBELLS, //
    },
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    dma::bound::Coherent,
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
    pub(super) submission: Coherent<'bound, [SubmissionEntry; N]>,
    pub(super) completion: Coherent<'bound, [CompletionEntry; N]>,
    /// How many entries of each are used: at most `N`.
    pub(super) entries: u16,
    submission_doorbell: usize,
    completion_doorbell: usize,
}

/// How far both sides are.
pub(super) struct Position {
    tail: u16,
    /// The tail that the controller knows.
    submitted: u16,
    head: u16,
    phase: u16,
}

impl Position {
    pub(super) const START: Self = Self {
        tail: 0,
        submitted: 0,
        head: 0,
        phase: 1,
    };
}

impl<'bound, const N: usize> Queues<'bound, N> {
    /// Allocates the queues with identifier `id`.
    pub(super) fn new(
        dev: &'bound Device<Bound>,
        id: u16,
        capabilities: &Capabilities,
    ) -> Result<Self> {
        let stride = capabilities.doorbell_stride;
        let submission_doorbell = DOORBELLS + 2 * usize::from(id) * stride;

        Ok(Self {
            submission: Coherent::zeroed(dev, GFP_KERNEL)?,
            completion: Coherent::zeroed(dev, GFP_KERNEL)?,
            entries: u16::try_from(N.min(capabilities.max_entries))?,
            submission_doorbell,
            completion_doorbell: submission_doorbell + stride,
        })
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
    pub(super) fn submit(&self, at: &mut Position, registers: &Registers) -> Result {
        // A doorbell must not be written with the value that it has.
        if at.tail != at.submitted {
            registers.ring(self.submission_doorbell, at.tail)?;
            at.submitted = at.tail;
        }
        Ok(())
    }

    /// Returns the next completion, if the controller has written one.
    pub(super) fn pop(&self, at: &mut Position) -> Result<Option<CompletionEntry>> {
        let entry = io_project!(self.completion, [try: usize::from(at.head)]);
        if u16::from_le(io_read!(entry, .status)) & 1 != at.phase {
            return Ok(None);
        }

        // The controller writes the phase tag last; nothing else may be read before it.
        dma_mb(Read);
        let completion = entry.copy_read();

        at.head = self.following(at.head);
        if at.head == 0 {
            at.phase ^= 1;
        }
        Ok(Some(completion))
    }

    /// Gives all entries that were popped back to the controller.
    pub(super) fn release(&self, at: &Position, registers: &Registers) -> Result {
        registers.ring(self.completion_doorbell, at.head)
    }

    fn following(&self, index: u16) -> u16 {
        if index + 1 == self.entries {
            0
        } else {
            index + 1
        }
    }
}
