// SPDX-License-Identifier: GPL-2.0

//! Projections, for both kinds: the address of a part is the address of the whole and the offset.

use kernel::prelude::*;

#[kunit_tests(dma_coherent_project)]
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
            Coherent,
            CoherentHandle,
            CoherentIoBackend,
            CoherentKind,
            CoherentView,
            NoMapping, //
        },
        io::{
            io_project,
            Io,
            IoBackend, //
        },
        page::PAGE_SIZE, //
    };

    const TABLE: usize = offset_of!(Outer, table);
    const MATRIX: usize = offset_of!(Outer, matrix);
    const BYTES: usize = offset_of!(Outer, bytes);

    /// The offset in the buffer that the DMA address of a view says.
    fn offset<T: ?Sized, Kind: CoherentKind>(
        c: &Coherent<Outer, Kind>,
        view: CoherentView<'_, T, Kind>,
    ) -> usize {
        (view.dma_address() - c.dma_address()) as usize
    }

    /// What is found at the projections, beside what should be there. Generic over the kind, as a
    /// driver's code may be.
    fn places<Kind: CoherentKind>(
        c: &Coherent<Outer, Kind>,
        i: usize,
    ) -> Result<[(usize, usize); 16]> {
        let table = io_project!(c, .table);
        let entry = io_project!(table, [try: i]);
        Ok([
            (offset(c, io_project!(c, .header)), 0),
            (
                offset(c, io_project!(c, .header.first)),
                offset_of!(Inner, first),
            ),
            (
                offset(c, io_project!(c, .header.pair)),
                offset_of!(Inner, pair),
            ),
            (
                offset(c, io_project!(c, .header.pair.1)),
                offset_of!(Inner, pair.1),
            ),
            (
                offset(c, io_project!(c, .header.last)),
                offset_of!(Inner, last),
            ),
            (offset(c, table), TABLE),
            (offset(c, io_project!(c, .table[build: 0])), TABLE),
            (
                offset(c, io_project!(c, .table[build: 7])),
                TABLE + 7 * size_of::<Inner>(),
            ),
            (
                offset(c, io_project!(c, .table[try: i].last)),
                TABLE + i * 16 + 8,
            ),
            (
                offset(c, io_project!(c, .table[panic: i].pair.1)),
                TABLE + i * 16 + 6,
            ),
            // A view of a view of a view.
            (offset(c, entry), TABLE + i * 16),
            (offset(c, io_project!(entry, .last)), TABLE + i * 16 + 8),
            (
                offset(c, io_project!(c, .matrix[build: 15][build: 3])),
                MATRIX + 127 - 1,
            ),
            (offset(c, io_project!(c, .bytes[build: 1..])), BYTES + 1),
            (offset(c, io_project!(c, .bytes[try: i..i + 2])), BYTES + i),
            (offset(c, io_project!(c, .end)), offset_of!(Outer, end)),
        ])
    }

    #[test]
    fn addresses_with_mapping() -> Result {
        let dev = TestDevice::normal()?;
        let c = Coherent::<Outer>::zeroed(&dev, GFP_KERNEL)?;
        for i in [0, 3, 7] {
            for (found, expected) in places(&c, i)? {
                assert_eq!(found, expected);
            }
        }
        Ok(())
    }

    #[test]
    fn addresses_without() -> Result {
        let dev = TestDevice::no_mapping()?;
        let c = Coherent::<Outer, NoMapping>::new(&dev, GFP_KERNEL)?;
        for i in [0, 3, 7] {
            for (found, expected) in places(&c, i)? {
                assert_eq!(found, expected);
            }
        }
        Ok(())
    }

    #[test]
    fn sizes_and_lengths() -> Result {
        let dev = TestDevice::no_mapping()?;
        let c = Coherent::<Outer, NoMapping>::new(&dev, GFP_KERNEL)?;
        assert_eq!(Io::size(&c), size_of::<Outer>());
        assert_eq!(io_project!(&c, .table).size(), 8 * 16);
        assert_eq!(io_project!(&c, .bytes[build: 10..30]).size(), 20);
        assert_eq!(io_project!(&c, .bytes[build: 10..30]).len(), 20);
        assert_eq!(io_project!(&c, .matrix[build: ..3]).len(), 3);
        assert_eq!(io_project!(&c, .matrix[build: ..3]).size(), 24);
        assert!(io_project!(&c, .bytes[build: 5..5]).is_empty());
        assert!(!io_project!(&c, .bytes[build: 5..6]).is_empty());
        Ok(())
    }

    #[test]
    fn first_and_last_byte_of_a_handle() -> Result {
        let dev = TestDevice::no_mapping()?;
        let c = CoherentHandle::alloc(&dev, PAGE_SIZE + 1, GFP_KERNEL)?;
        let range = c.dma_range();
        for i in [0, 17, PAGE_SIZE] {
            let address = range.address_at(i)?;
            assert_eq!(io_project!(&c, [try: i]).dma_address(), address);
            assert_eq!(io_project!(&c, [try: i..]).dma_address(), address);
        }
        assert_eq!(io_project!(&c, [try: 17..]).size(), PAGE_SIZE + 1 - 17);
        Ok(())
    }

    /// The error of a projection with `try`.
    fn outside(c: &CoherentHandle, index: usize) -> Result {
        io_project!(c, [try: index]);
        Ok(())
    }

    fn outside_range(c: &CoherentHandle, start: usize, end: usize) -> Result {
        io_project!(c, [try: start..end]);
        Ok(())
    }

    fn outside_table<Kind: CoherentKind>(c: &Coherent<Outer, Kind>, index: usize) -> Result {
        io_project!(c, .table[try: index].first);
        Ok(())
    }

    #[test]
    fn out_of_bounds_is_erange() -> Result {
        let dev = TestDevice::no_mapping()?;
        let c = CoherentHandle::alloc(&dev, 100, GFP_KERNEL)?;
        assert_eq!(outside(&c, 99), Ok(()));
        assert_eq!(outside(&c, 100), Err(ERANGE));
        assert_eq!(outside(&c, usize::MAX), Err(ERANGE));
        assert_eq!(outside_range(&c, 0, 100), Ok(()));
        assert_eq!(outside_range(&c, 100, 100), Ok(()));
        assert_eq!(outside_range(&c, 99, 101), Err(ERANGE));
        assert_eq!(outside_range(&c, 3, 2), Err(ERANGE));

        let c = Coherent::<Outer, NoMapping>::new(&dev, GFP_KERNEL)?;
        assert_eq!(outside_table(&c, 7), Ok(()));
        assert_eq!(outside_table(&c, 8), Err(ERANGE));

        let dev = TestDevice::normal()?;
        let c = Coherent::<Outer>::zeroed(&dev, GFP_KERNEL)?;
        assert_eq!(outside_table(&c, 7), Ok(()));
        assert_eq!(outside_table(&c, 8), Err(ERANGE));
        Ok(())
    }

    /// With a mapping, the pointer of a part and its DMA address are at the same offset.
    #[test]
    fn pointer_and_address_agree() -> Result {
        let dev = TestDevice::normal()?;
        let c = Coherent::<Outer>::zeroed(&dev, GFP_KERNEL)?;
        let view = io_project!(&c, .table[build: 5].pair.1);
        let pointer = view.as_sys_mem().as_ptr().addr() - c.as_ptr().addr();
        assert_eq!(pointer, TABLE + 5 * 16 + 6);
        assert_eq!(offset(&c, view), pointer);
        Ok(())
    }

    /// Without one, what a view has for a pointer is its offset: the cookie stays in the buffer.
    #[test]
    fn view_carries_no_cookie() -> Result {
        let dev = TestDevice::no_mapping()?;
        let c = Coherent::<Outer, NoMapping>::new(&dev, GFP_KERNEL)?;
        let whole = io_project!(&c, .header);
        assert_eq!(CoherentIoBackend::<NoMapping>::as_ptr(whole).addr(), 0);
        let part = io_project!(&c, .bytes[build: 9]);
        assert_eq!(
            CoherentIoBackend::<NoMapping>::as_ptr(part).addr(),
            BYTES + 9
        );

        let c = CoherentHandle::alloc(&dev, 64, GFP_KERNEL)?;
        let part = io_project!(&c, [try: 60..]);
        assert_eq!(CoherentIoBackend::<NoMapping>::as_ptr(part).addr(), 60);
        Ok(())
    }
}
