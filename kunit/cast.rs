// SPDX-License-Identifier: GPL-2.0

//! Casts of views: a type has to fit, and to be aligned where it is.

use kernel::prelude::*;

#[kunit_tests(dma_coherent_cast)]
mod tests {
    use super::*;
    use crate::{
        device::TestDevice,
        layout::Page, //
    };
    use kernel::{
        dma::{
            Coherent,
            CoherentHandle,
            CoherentView,
            NoMapping, //
        },
        io::{
            io_project,
            io_read,
            Io, //
        },
        page::PAGE_SIZE, //
    };

    #[derive(FromBytes, IntoBytes)]
    #[repr(C)]
    struct Record {
        tag: u32,
        length: u32,
        address: u64,
    }

    #[derive(FromBytes, IntoBytes)]
    #[repr(C, align(4096))]
    struct Block([u8; 4096]);

    #[test]
    fn aligned_and_fitting_is_cast() -> Result {
        let dev = TestDevice::normal()?;
        let c = Coherent::from_slice(
            &dev,
            &[1u8, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0],
            GFP_KERNEL,
        )?;
        let record: CoherentView<'_, Record> = (&c).try_cast()?;
        assert_eq!(record.dma_address(), c.dma_address());
        assert_eq!(io_read!(record, .tag), 1);
        assert_eq!(io_read!(record, .length), 2);
        #[cfg(CONFIG_64BIT)]
        assert_eq!(io_read!(record, .address), 3);

        let dev = TestDevice::no_mapping()?;
        let c = CoherentHandle::alloc(&dev, 64, GFP_KERNEL)?;
        let record: CoherentView<'_, Record, NoMapping> =
            io_project!(&c, [try: 48..]).try_cast()?;
        assert_eq!(record.size(), 16);
        let address = io_project!(record, .address).dma_address();
        assert_eq!(address - c.dma_address(), 48 + 8);
        Ok(())
    }

    #[test]
    fn misaligned_is_invalid() -> Result {
        let dev = TestDevice::normal()?;
        let c: Coherent<[u8]> = Coherent::zeroed_slice(&dev, 64, GFP_KERNEL)?;
        for offset in [1, 2, 4, 7] {
            let part = io_project!(&c, [try: offset..]);
            assert_eq!(part.try_cast::<Record>().err(), Some(EINVAL));
        }

        let dev = TestDevice::no_mapping()?;
        let c = CoherentHandle::alloc(&dev, 64, GFP_KERNEL)?;
        for offset in [1, 2, 4, 7] {
            let part = io_project!(&c, [try: offset..]);
            assert_eq!(part.try_cast::<Record>().err(), Some(EINVAL));
        }
        Ok(())
    }

    #[test]
    fn too_large_is_invalid() -> Result {
        let dev = TestDevice::normal()?;
        let c: Coherent<[u8]> = Coherent::zeroed_slice(&dev, 15, GFP_KERNEL)?;
        assert_eq!((&c).try_cast::<Record>().err(), Some(EINVAL));

        let dev = TestDevice::no_mapping()?;
        let c = CoherentHandle::alloc(&dev, 64, GFP_KERNEL)?;
        assert!(io_project!(&c, [try: 48..]).try_cast::<Record>().is_ok());
        assert_eq!(
            io_project!(&c, [try: 56..]).try_cast::<Record>().err(),
            Some(EINVAL)
        );
        Ok(())
    }

    /// A cookie may be aligned to less than a page, or to more than the part: it does not count.
    #[test]
    fn place_in_the_buffer_decides_and_not_the_cookie() -> Result {
        let dev = TestDevice::no_mapping()?;
        // Many buffers, for cookies of many alignments.
        for _ in 0..16 {
            let _hold = CoherentHandle::alloc(&dev, PAGE_SIZE, GFP_KERNEL)?;
            let c = CoherentHandle::alloc(&dev, 3 * PAGE_SIZE, GFP_KERNEL)?;
            assert!(c.try_cast::<Block>().is_ok());
            assert!(io_project!(&c, [try: PAGE_SIZE..])
                .try_cast::<Block>()
                .is_ok());
            for offset in [64, PAGE_SIZE / 2, PAGE_SIZE + 64] {
                let part = io_project!(&c, [try: offset..]);
                assert_eq!(part.try_cast::<Block>().err(), Some(EINVAL));
            }
        }
        Ok(())
    }

    #[test]
    fn place_decides_with_mapping_too() -> Result {
        let dev = TestDevice::normal()?;
        let c: Coherent<[u8]> = Coherent::zeroed_slice(&dev, 3 * PAGE_SIZE, GFP_KERNEL)?;
        assert!((&c).try_cast::<Block>().is_ok());
        assert!(io_project!(&c, [try: PAGE_SIZE..])
            .try_cast::<Block>()
            .is_ok());
        for offset in [64, PAGE_SIZE / 2, PAGE_SIZE + 64] {
            let part = io_project!(&c, [try: offset..]);
            assert_eq!(part.try_cast::<Block>().err(), Some(EINVAL));
        }
        Ok(())
    }

    /// No CPU reads memory without a mapping, so a layout may have padding and invalid values.
    #[test]
    fn layout_without_bytes() -> Result {
        struct Padded {
            _valid: bool,
            address: u64,
        }

        let dev = TestDevice::no_mapping()?;
        let c = CoherentHandle::alloc(&dev, 64, GFP_KERNEL)?;
        let padded: CoherentView<'_, Padded, NoMapping> = c.try_cast()?;
        let address = io_project!(padded, .address).dma_address();
        let offset = core::mem::offset_of!(Padded, address) as u64;
        assert_eq!(address - c.dma_address(), offset);
        let last = io_project!(&c, [try: 48..]).try_cast::<Padded>()?;
        assert_eq!(last.dma_address() - c.dma_address(), 48);
        for offset in [1, 4, 56, 64] {
            let part = io_project!(&c, [try: offset..]);
            assert_eq!(part.try_cast::<Padded>().err(), Some(EINVAL));
        }
        Ok(())
    }

    /// An alignment of a page is the largest that can be had.
    #[test]
    fn type_as_aligned_as_a_page() -> Result {
        let dev = TestDevice::no_mapping()?;
        let c = Coherent::<[Page], NoMapping>::alloc(&dev, 3, GFP_KERNEL)?;
        assert_eq!(c.size(), 3 * PAGE_SIZE);
        let last = io_project!(&c, [try: 2].0[build: 1]);
        let offset = 2 * PAGE_SIZE as u64 + 1;
        assert_eq!(last.dma_address() - c.dma_address(), offset);
        Ok(())
    }
}
