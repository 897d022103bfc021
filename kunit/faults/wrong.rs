// SPDX-License-Identifier: GPL-2.0

//! Copies to odd places, and to the very end of a buffer.

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

    /// Has the device write `bytes` bytes at `at` of two pages, and looks at all of them.
    fn only_these_change(edu: &Edu, at: usize, bytes: usize) -> Result {
        let source: Coherent<[u8]> = Coherent::zeroed_slice(edu, bytes, GFP_KERNEL)?;
        let pages: Coherent<[u8]> = Coherent::zeroed_slice(edu, 2 * PAGE_SIZE, GFP_KERNEL)?;
        for i in 0..bytes {
            io_write!(&source, [try: i], new(i));
        }
        for i in 0..pages.len() {
            io_write!(&pages, [try: i], OLD);
        }

        edu.fetch(source.dma_address(), bytes)?;
        edu.put(pages.dma_address() + at as u64, bytes)?;

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
}
