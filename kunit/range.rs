// SPDX-License-Identifier: GPL-2.0

//! Ranges of DMA addresses: of numbers, up to the end of the address space, and of buffers.
//!
//! `rust/xtask/tests/range_model.rs` tries the same arithmetic for all integers of 8 bits.

use kernel::prelude::*;

#[kunit_tests(dma_coherent_range)]
mod tests {
    use super::*;
    use crate::{
        device::TestDevice,
        layout::{
            Inner,
            Outer, //
        },
    };
    use core::mem::{
        offset_of,
        size_of, //
    };
    use kernel::{
        dma::{
            bound,
            lower_32_bits,
            upper_32_bits,
            Coherent,
            CoherentHandle,
            CoherentKind,
            DmaAddress,
            DmaMask,
            NoMapping,
            Range, //
        },
        io::{
            io_project,
            IoBase, //
        },
        page::PAGE_SIZE,
        ptr::Alignment, //
    };

    const TOP: DmaAddress = DmaAddress::MAX;

    #[test]
    fn empty_or_wrapping_is_invalid() -> Result {
        assert_eq!(Range::new(0, 0), Err(EINVAL));
        assert_eq!(Range::new(0x1000, 0), Err(EINVAL));
        assert_eq!(Range::new(TOP, 0), Err(EINVAL));

        assert_eq!(Range::new(TOP, 2), Err(EINVAL));
        assert_eq!(Range::new(TOP - 0xfff, 0x1001), Err(EINVAL));
        assert_eq!(Range::new(TOP, usize::MAX), Err(EINVAL));

        // A size that fits only if it is cut off is refused as well.
        let largest = Range::new(0, usize::MAX);
        assert_eq!(
            largest.is_ok(),
            DmaAddress::try_from(usize::MAX - 1).is_ok()
        );
        Ok(())
    }

    #[test]
    fn the_last_address_may_be_that_of_the_address_space() -> Result {
        for size in [1, 2, 0x1000] {
            let base = TOP - (size as DmaAddress - 1);
            let range = Range::new(base, size)?;
            assert_eq!((range.base(), range.size()), (base, size));
            assert_eq!(range.last(), TOP);
            assert_eq!(range.address_at(size - 1), Ok(TOP));
            assert_eq!(range.address_at(size), Err(ERANGE));
            assert_eq!(range.subrange(size - 1, 1), Range::new(TOP, 1));
            assert_eq!(range.subrange(size - 1, 2), Err(ERANGE));
            assert_eq!(range.subrange(size, 1), Err(ERANGE));
            assert_eq!(range.offset_of(TOP), Some(size - 1));
            assert!(!range.contains(0));
            assert!(!range.contains(base - 1));
        }
        Ok(())
    }

    #[test]
    fn addresses_are_inside() -> Result {
        let range = Range::new(0x1000, 0x80)?;
        assert_eq!(range.last(), 0x107f);
        assert_eq!(range.address_at(0), Ok(0x1000));
        assert_eq!(range.address_at(0x7f), Ok(0x107f));
        assert_eq!(range.address_at(0x80), Err(ERANGE));
        assert_eq!(range.address_at(usize::MAX), Err(ERANGE));
        Ok(())
    }

    #[test]
    fn subranges_are_inside() -> Result {
        let range = Range::new(0x1000, 0x80)?;
        assert_eq!(range.subrange(0, 0x80), Ok(range));
        assert_eq!(range.subrange(0x7f, 1), Range::new(0x107f, 1));
        assert_eq!(
            range.subrange(0x40, 0x20)?.subrange(8, 8),
            Range::new(0x1048, 8)
        );

        for (offset, size) in [
            (0, 0x81),
            (1, 0x80),
            (0x7f, 2),
            (0x80, 1),
            (0x81, 1),
            (1, usize::MAX),
            (usize::MAX, 1),
            (usize::MAX, usize::MAX),
        ] {
            assert_eq!(range.subrange(offset, size), Err(ERANGE));
        }

        // No range is empty, wherever it is.
        for offset in [0, 0x7f, 0x80, 0x81, usize::MAX] {
            assert_eq!(range.subrange(offset, 0), Err(EINVAL));
        }
        Ok(())
    }

    #[test]
    fn an_address_is_looked_up() -> Result {
        let range = Range::new(0x1000, 0x80)?;
        for (address, offset) in [
            (0, None),
            (0xfff, None),
            (0x1000, Some(0)),
            (0x107f, Some(0x7f)),
            (0x1080, None),
            (TOP, None),
        ] {
            assert_eq!(range.offset_of(address), offset);
            assert_eq!(range.contains(address), offset.is_some());
        }

        let first = Range::new(0, 1)?;
        assert_eq!(first.offset_of(0), Some(0));
        assert_eq!(first.offset_of(1), None);
        assert_eq!(first.offset_of(TOP), None);

        // What is lost if the distance is cut off to a `usize` of 32 bits.
        #[cfg(CONFIG_ARCH_DMA_ADDR_T_64BIT)]
        assert_eq!(range.offset_of(0x1_0000_1000), None);
        Ok(())
    }

    #[test]
    fn the_base_is_aligned() -> Result {
        let range = Range::new(0x1_8000, 1)?;
        assert!(range.is_aligned(Alignment::new::<1>()));
        assert!(range.is_aligned(Alignment::new::<0x8000>()));
        assert!(!range.is_aligned(Alignment::new::<0x1_0000>()));
        assert!(!Range::new(0x1_8001, 0x8000)?.is_aligned(Alignment::new::<2>()));

        #[cfg(CONFIG_64BIT)]
        {
            let range = Range::new(1 << 32, 1)?;
            assert!(range.is_aligned(Alignment::new::<{ 1 << 32 }>()));
            assert!(!range.is_aligned(Alignment::new::<{ 1 << 33 }>()));
        }

        // Zero is a multiple of everything.
        let largest = Alignment::new::<{ 1 << (usize::BITS - 1) }>();
        assert!(Range::new(0, 1)?.is_aligned(largest));
        assert!(!range.is_aligned(largest));
        Ok(())
    }

    /// Checks that pieces follow each other from begin to end, and that their number is known.
    fn check(
        range: Range,
        mut pieces: impl ExactSizeIterator<Item = Range> + Clone,
        expected: &[usize],
    ) -> Result {
        let mut offset = 0;
        for (i, size) in expected.iter().enumerate() {
            assert_eq!(pieces.len(), expected.len() - i);
            assert_eq!(pieces.next(), Some(range.subrange(offset, *size)?));
            offset += size;
        }
        assert_eq!(offset, range.size());
        assert_eq!(pieces.len(), 0);
        assert_eq!(pieces.next(), None);
        assert_eq!(pieces.next(), None);
        Ok(())
    }

    #[test]
    fn chunks_have_the_same_size_but_the_last() -> Result {
        let range = Range::new(0x1234, 10)?;
        check(range, range.chunks(4)?, &[4, 4, 2])?;
        check(range, range.chunks(5)?, &[5, 5])?;
        check(range, range.chunks(9)?, &[9, 1])?;
        check(range, range.chunks(10)?, &[10])?;
        check(range, range.chunks(11)?, &[10])?;
        check(range, range.chunks(usize::MAX)?, &[10])?;
        check(range, range.chunks(1)?, &[1; 10])?;
        assert_eq!(range.chunks(0).err(), Some(EINVAL));

        let range = Range::new(TOP - 9, 10)?;
        check(range, range.chunks(4)?, &[4, 4, 2])?;
        check(range, range.chunks(5)?, &[5, 5])
    }

    #[test]
    fn no_piece_crosses_a_boundary() -> Result {
        let page = Alignment::new::<0x1000>();
        let range = Range::new(0x1e00, 0x2400)?;
        check(
            range,
            range.split_at_boundary(page),
            &[0x200, 0x1000, 0x1000, 0x200],
        )?;
        let range = Range::new(0x1000, 0x2000)?;
        check(range, range.split_at_boundary(page), &[0x1000, 0x1000])?;
        let range = Range::new(0x1001, 0xfff)?;
        check(range, range.split_at_boundary(page), &[0xfff])?;
        let range = Range::new(0x1fff, 2)?;
        check(range, range.split_at_boundary(page), &[1, 1])?;
        let range = Range::new(0x1ffe, 3)?;
        check(
            range,
            range.split_at_boundary(Alignment::new::<1>()),
            &[1; 3],
        )?;

        let range = Range::new(TOP - 0x1fff, 0x2000)?;
        check(range, range.split_at_boundary(page), &[0x1000, 0x1000])?;
        let range = Range::new(TOP - 0x10ff, 0x1100)?;
        check(range, range.split_at_boundary(page), &[0x100, 0x1000])?;
        check(
            range,
            range.split_at_boundary(Alignment::new::<0x2000>()),
            &[0x1100],
        )
    }

    /// A boundary of 4 GiB does not fit into a `usize` of 32 bits, its mask does not need one.
    #[test]
    fn a_boundary_is_a_mask_as_well() -> Result {
        let range = Range::new(0x1_fff0, 0x20)?;
        check(
            range,
            range.split_at_boundary_mask(DmaMask::new::<16>()),
            &[0x10, 0x10],
        )?;
        check(
            range,
            range.split_at_boundary_mask(DmaMask::new::<0>()),
            &[1; 0x20],
        )?;
        check(
            range,
            range.split_at_boundary_mask(DmaMask::new::<32>()),
            &[0x20],
        )?;
        check(
            range,
            range.split_at_boundary_mask(DmaMask::new::<64>()),
            &[0x20],
        )?;

        #[cfg(CONFIG_ARCH_DMA_ADDR_T_64BIT)]
        {
            let range = Range::new(0xffff_f000, 0x3000)?;
            check(
                range,
                range.split_at_boundary_mask(DmaMask::new::<32>()),
                &[0x1000, 0x2000],
            )?;
            check(
                range,
                range.split_at_boundary_mask(DmaMask::new::<33>()),
                &[0x3000],
            )?;
        }
        Ok(())
    }

    #[test]
    fn the_whole_range_has_to_fit() -> Result {
        assert_eq!(Range::new(0xff00, 0x100)?.fits::<16>()?.get(), 0xff00);
        assert_eq!(Range::new(0xff00, 0x101)?.fits::<16>().err(), Some(ERANGE));
        assert_eq!(Range::new(0x1_0000, 1)?.fits::<16>().err(), Some(ERANGE));
        assert_eq!(Range::new(0, 1)?.fits::<1>()?.get(), 0);
        assert_eq!(Range::new(0, 3)?.fits::<1>().err(), Some(ERANGE));

        let top = Range::new(TOP, 1)?;
        // CAST: The halves of the value.
        let value = top.fits::<64>()?.get();
        assert_eq!(value as u32, lower_32_bits(TOP));
        assert_eq!((value >> 32) as u32, upper_32_bits(TOP));
        assert_eq!(top.fits::<31>().err(), Some(ERANGE));
        Ok(())
    }

    #[test]
    fn halves() {
        assert_eq!(
            (upper_32_bits(0x9abc_def0), lower_32_bits(0x9abc_def0)),
            (0, 0x9abc_def0)
        );
        #[cfg(CONFIG_ARCH_DMA_ADDR_T_64BIT)]
        {
            let address = 0x1234_5678_9abc_def0;
            assert_eq!(upper_32_bits(address), 0x1234_5678);
            assert_eq!(lower_32_bits(address), 0x9abc_def0);
        }
    }

    /// Compares the ranges of a buffer and its parts with their addresses and sizes.
    fn parts<Kind: CoherentKind>(c: &Coherent<Outer, Kind>, i: usize) -> Result {
        let all = c.dma_range();
        assert_eq!(
            (all.base(), all.size()),
            (c.dma_address(), size_of::<Outer>())
        );
        assert_eq!(c.as_view().dma_range(), Ok(all));

        let entry = all.subrange(
            offset_of!(Outer, table) + i * size_of::<Inner>(),
            size_of::<Inner>(),
        )?;
        assert_eq!(io_project!(c, .table[try: i]).dma_range(), Ok(entry));
        let last = entry.address_at(offset_of!(Inner, last))?;
        assert_eq!(io_project!(c, .table[try: i].last).dma_address(), last);

        let bytes = all.subrange(offset_of!(Outer, bytes), 4096)?;
        assert_eq!(
            io_project!(c, .bytes[try: i..]).dma_range(),
            bytes.subrange(i, 4096 - i)
        );
        assert_eq!(
            io_project!(c, .bytes[try: 4095..]).dma_range(),
            bytes.subrange(4095, 1)
        );

        // What is empty has an address, and no range.
        assert_eq!(io_project!(c, .bytes[try: 4096..]).dma_range(), Err(EINVAL));
        assert_eq!(io_project!(c, .bytes[try: i..i]).dma_range(), Err(EINVAL));
        Ok(())
    }

    #[test]
    fn ranges_of_parts_with_mapping() -> Result {
        let dev = TestDevice::normal()?;
        let c = Coherent::<Outer>::zeroed(&dev, GFP_KERNEL)?;
        parts(&c, 1)?;
        parts(&c, 7)
    }

    #[test]
    fn ranges_of_parts_without() -> Result {
        let dev = TestDevice::no_mapping()?;
        let c = Coherent::<Outer, NoMapping>::new(&dev, GFP_KERNEL)?;
        parts(&c, 1)?;
        parts(&c, 7)
    }

    #[test]
    fn ranges_of_slices() -> Result {
        let dev = TestDevice::normal()?;
        let c = Coherent::<u32>::zeroed_slice(&dev, 5, GFP_KERNEL)?;
        let range = c.dma_range();
        assert_eq!((range.base(), range.size()), (c.dma_address(), 20));
        assert!(range.is_aligned(Alignment::new::<PAGE_SIZE>()));

        let dev = TestDevice::no_mapping()?;
        let c = CoherentHandle::alloc(&dev, PAGE_SIZE + 1, GFP_KERNEL)?;
        let range = c.dma_range();
        assert_eq!(
            (range.base(), range.size()),
            (c.dma_address(), PAGE_SIZE + 1)
        );
        assert_eq!(range.chunks(PAGE_SIZE)?.len(), 2);
        for i in [0, 1, PAGE_SIZE] {
            assert_eq!(
                range.address_at(i),
                Ok(io_project!(&c, [try: i]).dma_address())
            );
        }

        // `[try: i..]` accepts one offset more than this.
        assert_eq!(range.address_at(PAGE_SIZE + 1), Err(ERANGE));
        assert!(io_project!(&c, [try: PAGE_SIZE + 1..]).dma_range().is_err());
        Ok(())
    }

    #[test]
    fn ranges_of_bound_buffers() -> Result {
        let dev = TestDevice::no_mapping()?;
        let c = bound::Coherent::<[u64; 3], NoMapping>::new(&dev, GFP_KERNEL)?;
        let range = c.dma_range();
        assert_eq!((range.base(), range.size()), (c.dma_address(), 24));
        let last = io_project!(&c, [build: 2]).dma_range();
        assert_eq!(last, range.subrange(16, 8));
        Ok(())
    }

    /// The mask of the device is of 32 bits, and no buffer is beyond it.
    #[test]
    fn a_buffer_fits_into_the_mask() -> Result {
        let dev = TestDevice::no_mapping()?;
        let c = CoherentHandle::alloc(&dev, 3 * PAGE_SIZE, GFP_KERNEL)?;
        let base = c.dma_range().fits::<32>()?;
        assert_eq!(base.get(), u64::from(lower_32_bits(c.dma_address())));
        assert_eq!(upper_32_bits(c.dma_range().last()), 0);
        Ok(())
    }

    /// A part of size zero that a type has.
    #[test]
    fn a_type_without_size_has_no_range() -> Result {
        #[repr(C)]
        struct Tagged {
            head: u64,
            tag: [u32; 0],
        }

        let dev = TestDevice::no_mapping()?;
        let c = Coherent::<Tagged, NoMapping>::new(&dev, GFP_KERNEL)?;
        assert_eq!(io_project!(&c, .tag).dma_range(), Err(EINVAL));
        assert_eq!(
            io_project!(&c, .head).dma_range(),
            c.dma_range().subrange(0, 8)
        );
        Ok(())
    }
}
