// SPDX-License-Identifier: GPL-2.0

//! The memory that the data passes through, which no CPU accesses.

use super::PAGE;
use kernel::{
    device::{
        Bound,
        Device, //
    },
    dma::{
        bound::Coherent,
        DmaAddress,
        NoMapping, //
    },
    io::{
        io_project,
        Io, //
    },
    prelude::*, //
};

/// How many slots there are, and so how many commands at the same time.
pub(super) const DEPTH: usize = 32;

/// The size of a slot in bytes: the most that a command transfers.
pub(super) const SLOT: usize = 128 * 1024;

const PAGES: usize = SLOT / PAGE;

/// The slots, and a PRP list for each.
///
/// A PRP list has the addresses of the pages of its slot but for the first. They do not change, so
/// neither does the list. It does not cross a page itself: its size is a power of two.
pub(super) struct Slots<'bound> {
    data: Coherent<'bound, [[u8; SLOT]; DEPTH], NoMapping>,
    lists: Coherent<'bound, [[u64; PAGES]; DEPTH]>,
}

impl<'bound> Slots<'bound> {
    /// Allocates the slots and writes the lists.
    pub(super) fn new(dev: &'bound Device<Bound>) -> Result<Self> {
        let slots = Self {
            data: Coherent::new(dev, GFP_KERNEL)?,
            lists: Coherent::zeroed(dev, GFP_KERNEL)?,
        };

        for slot in 0..DEPTH {
            for page in 1..PAGES {
                let address = io_project!(slots.data, [try: slot][try: page * PAGE]).dma_address();
                io_project!(slots.lists, [try: slot][try: page - 1])
                    .copy_write(u64::from(address).to_le());
            }
        }

        Ok(slots)
    }

    /// Returns the address of all slots.
    pub(super) fn dma_address(&self) -> DmaAddress {
        self.data.dma_address()
    }

    /// Returns both PRP entries of a command that transfers the first `bytes` of a slot.
    ///
    /// The second is that of a page if there are two, and that of the list if there are more.
    pub(super) fn prp(&self, slot: usize, bytes: usize) -> Result<[DmaAddress; 2]> {
        let first = io_project!(self.data, [try: slot]).dma_address();
        let second = match bytes.div_ceil(PAGE) {
            0 | 1 => 0,
            2 => io_project!(self.data, [try: slot][try: PAGE]).dma_address(),
            _ => io_project!(self.lists, [try: slot]).dma_address(),
        };

        Ok([first, second])
    }
}
