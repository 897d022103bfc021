// SPDX-License-Identifier: GPL-2.0

//! Constant indices and offsets: the same addresses as with numbers, and the form that is checked
//! at run time.

use kernel::prelude::*;

#[kunit_tests(dma_coherent_at)]
mod tests {
    use super::*;
    use crate::{
        device::TestDevice,
        layout::Outer, //
    };
    use core::mem::offset_of;
    use kernel::{
        dma::{
            At,
            Coherent,
            CoherentHandle,
            CoherentKind,
            DmaAddress,
            NoMapping,
            Span, //
        },
        io::{
            io_project,
            io_read,
            io_write, //
        }, //
    };

    /// Finds the same places by constants and by numbers.
    fn check<Kind: CoherentKind>(c: &Coherent<Outer, Kind>) -> Result {
        let range = c.dma_range();
        assert_eq!(
            io_project!(c, .table[build: At::<7>].last).dma_address(),
            io_project!(c, .table[try: 7].last).dma_address()
        );
        assert_eq!(
            io_project!(c, .table[try: At::<0>]).dma_address(),
            io_project!(c, .table[panic: At::<0>]).dma_address()
        );

        let part = io_project!(c, .bytes[build: Span::<4000, 96>]);
        let expected = range.subrange(offset_of!(Outer, bytes) + 4000, 96)?;
        assert_eq!(part.dma_range(), Ok(expected));
        assert_eq!(
            io_project!(part, [build: At::<95>]).dma_address(),
            expected.last()
        );

        let end = c.dma_address_at::<{ offset_of!(Outer, end) }>();
        assert_eq!(end, io_project!(c, .end).dma_address());
        Ok(())
    }

    #[test]
    fn addresses_with_mapping() -> Result {
        let dev = TestDevice::normal()?;
        let c = Coherent::<Outer>::zeroed(&dev, GFP_KERNEL)?;
        check(&c)
    }

    #[test]
    fn addresses_without() -> Result {
        let dev = TestDevice::no_mapping()?;
        let c = Coherent::<Outer, NoMapping>::new(&dev, GFP_KERNEL)?;
        check(&c)
    }

    #[test]
    fn what_is_written_is_where_it_is_read() -> Result {
        let dev = TestDevice::normal()?;
        let c = Coherent::<[u32; 16]>::zeroed(&dev, GFP_KERNEL)?;
        io_write!(&c, [build: At::<15>], 42);
        assert_eq!(io_read!(&c, [try: 15]), 42);
        Ok(())
    }

    /// The size of a handle is known when the program runs, and so an offset is checked then.
    #[test]
    fn offset_is_checked() -> Result {
        fn at(c: &CoherentHandle, offset: usize) -> Result<DmaAddress> {
            Ok(io_project!(c, [try: offset]).dma_address())
        }

        let dev = TestDevice::no_mapping()?;
        let c = CoherentHandle::alloc(&dev, 100, GFP_KERNEL)?;
        assert_eq!(at(&c, 0), Ok(c.dma_address()));
        assert_eq!(at(&c, 99), Ok(c.dma_range().last()));
        assert_eq!(at(&c, 100), Err(ERANGE));
        assert_eq!(at(&c, usize::MAX), Err(ERANGE));
        Ok(())
    }
}
