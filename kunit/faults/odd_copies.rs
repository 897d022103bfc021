// SPDX-License-Identifier: GPL-2.0

//! Device writes to misaligned addresses, to the end of a buffer, and of wrong lengths.

use kernel::prelude::*;

#[kunit_tests(dma_faults_wrong)]
mod tests {
    use super::*;
    use crate::device::{
        check,
        skip,
        Edu, //
    };
    use kernel::{
        dma::Coherent,
        io::{
            io_read,
            io_write, //
        },
        page::PAGE_SIZE, //
    };

    const OLD: u8 = 0x5a;

    /// A buffer full of old bytes.
    fn old(edu: &Edu, size: usize) -> Result<Coherent<[u8]>> {
        let c = Coherent::zeroed_slice(edu, size, GFP_KERNEL)?;
        for i in 0..size {
            io_write!(&c, [try: i], OLD);
        }
        Ok(c)
    }

    /// Fills the device's own buffer with new bytes.
    fn load(edu: &Edu) -> Result {
        let source: Coherent<[u8]> = Coherent::zeroed_slice(edu, Edu::MOST, GFP_KERNEL)?;
        for i in 0..Edu::MOST {
            io_write!(&source, [try: i], new(i));
        }
        edu.fetch(source.dma_address(), Edu::MOST)
    }

    /// Has the device write `bytes` bytes at `at` of two pages, and looks at all of them.
    fn only_these_change(edu: &Edu, at: usize, bytes: usize) -> Result {
        let pages = old(edu, 2 * PAGE_SIZE)?;
        load(edu)?;
        edu.put(pages.dma_range().address_at(at)?, bytes)?;

        for i in 0..pages.len() {
            let expected = match i.checked_sub(at) {
                Some(i) if i < bytes => new(i),
                _ => OLD,
            };
            check!(io_read!(&pages, [try: i]) == expected);
        }
        Ok(())
    }

    /// A byte that is not the old one.
    fn new(i: usize) -> u8 {
        // CAST: The remainder is less than 64.
        (i % 64) as u8
    }

    #[test]
    fn end_of_a_page_is_not_passed() -> Result {
        let Some(edu) = Edu::lock() else {
            return skip(c"no driver is bound to an edu device");
        };
        only_these_change(&edu, PAGE_SIZE - Edu::MOST, Edu::MOST)?;
        only_these_change(&edu, 2 * PAGE_SIZE - 1, 1)
    }

    #[test]
    fn misaligned_place_gets_what_is_for_it() -> Result {
        let Some(edu) = Edu::lock() else {
            return skip(c"no driver is bound to an edu device");
        };
        only_these_change(&edu, 1, 3)?;
        only_these_change(&edu, PAGE_SIZE - 5, 13)
    }

    #[test]
    fn count_need_not_be_of_whole_words() -> Result {
        let Some(edu) = Edu::lock() else {
            return skip(c"no driver is bound to an edu device");
        };
        for bytes in [1, 3, 6, 1021] {
            only_these_change(&edu, 8, bytes)?;
        }
        Ok(())
    }

    /// The allocation ends with a page, so a count that is too large for the buffer and not for the
    /// page does no harm to others. An IOMMU does not see it either.
    #[test]
    fn count_beyond_a_buffer_stays_in_its_page() -> Result {
        const SIZE: usize = 100;

        let Some(edu) = Edu::lock() else {
            return skip(c"no driver is bound to an edu device");
        };
        let mut others = KVec::new();
        for _ in 0..4 {
            others.push(old(&edu, PAGE_SIZE)?, GFP_KERNEL)?;
        }
        let small = old(&edu, SIZE)?;
        for _ in 0..4 {
            others.push(old(&edu, PAGE_SIZE)?, GFP_KERNEL)?;
        }
        load(&edu)?;

        edu.put(small.dma_address(), Edu::MOST)?;

        for i in 0..SIZE {
            check!(io_read!(&small, [try: i]) == new(i));
        }
        for other in &others {
            for i in 0..PAGE_SIZE {
                check!(io_read!(other, [try: i]) == OLD);
            }
        }
        Ok(())
    }
}
