// SPDX-License-Identifier: GPL-2.0

//! The memory that the data passes through, which no CPU accesses.

use super::{
    commands::prp_entry,
    PAGE, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    dma::{
        bound::Coherent,
        DmaAddress,
        NoMapping,
        Range, //
    },
    io::{
        io_project,
        Io, //
    },
    prelude::*,
    ptr::Alignment, //
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
            for (i, page) in slots.pages(slot)?.skip(1).enumerate() {
                io_project!(slots.lists, [try: slot][try: i]).copy_write(prp_entry(page.base()));
            }
        }

        Ok(slots)
    }

    /// Returns the addresses of all slots.
    pub(super) fn dma_range(&self) -> Range {
        self.data.dma_range()
    }

    /// Returns the pages of a slot.
    fn pages(&self, slot: usize) -> Result<impl Iterator<Item = Range>> {
        let slot = io_project!(self.data, [try: slot]).dma_range()?;
        Ok(slot.split_at_boundary(Alignment::new::<PAGE>()))
    }

    /// Returns both PRP entries of a command that transfers the first `bytes` of a slot.
    ///
    /// The second is that of a page if there are two, and that of the list if there are more.
    pub(super) fn prp(&self, slot: usize, bytes: usize) -> Result<[DmaAddress; 2]> {
        let mut pages = self.pages(slot)?;
        let first = pages.next().ok_or(ERANGE)?.base();
        let second = match bytes.div_ceil(PAGE) {
            0 | 1 => 0,
            2 => pages.next().ok_or(ERANGE)?.base(),
            _ => io_project!(self.lists, [try: slot]).dma_address(),
        };

        Ok([first, second])
    }

    /// Returns the address of the page after all slots, which is not the driver's: a test aid.
    pub(super) fn beyond(&self) -> Result<DmaAddress> {
        Ok(Range::new(self.dma_range().last(), 2)?.last())
    }
}
