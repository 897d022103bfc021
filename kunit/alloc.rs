// SPDX-License-Identifier: GPL-2.0

//! Sizes, and how an allocation fails.

use kernel::prelude::*;

#[kunit_tests(dma_coherent_alloc)]
mod tests {
    use super::*;
    use crate::device::TestDevice;
    use core::mem::size_of;
    use kernel::{
        dma::{
            attrs::DMA_ATTR_NO_WARN,
            Coherent,
            CoherentBox,
            CoherentHandle,
            NoMapping,
            Normal, //
        },
        page::PAGE_SIZE, //
    };

    const SIZES: [usize; 5] = [1, PAGE_SIZE - 1, PAGE_SIZE, PAGE_SIZE + 1, 4 << 20];

    #[test]
    fn sizes_with_mapping() -> Result {
        let dev = TestDevice::normal()?;
        for size in SIZES {
            let c: Coherent<[u8]> = Coherent::zeroed_slice(&dev, size, GFP_KERNEL)?;
            assert_eq!(c.size(), size);
            assert_eq!(c.len(), size);
            assert_eq!(c.as_ptr().addr() % PAGE_SIZE, 0);
            assert_eq!(c.dma_address() % PAGE_SIZE as u64, 0);
        }
        Ok(())
    }

    #[test]
    fn sizes_without() -> Result {
        let dev = TestDevice::no_mapping()?;
        for size in SIZES {
            let c = CoherentHandle::alloc(&dev, size, GFP_KERNEL)?;
            assert_eq!(c.size(), size);
            assert_eq!(c.len(), size);
            assert_eq!(c.dma_address() % PAGE_SIZE as u64, 0);
        }
        Ok(())
    }

    #[test]
    fn size_of_a_type() -> Result {
        let dev = TestDevice::normal()?;
        assert_eq!(Coherent::<u8>::zeroed(&dev, GFP_KERNEL)?.size(), 1);
        assert_eq!(Coherent::<[u64; 3]>::zeroed(&dev, GFP_KERNEL)?.size(), 24);

        let dev = TestDevice::no_mapping()?;
        let c = Coherent::<[u8; PAGE_SIZE + 1], NoMapping>::new(&dev, GFP_KERNEL)?;
        assert_eq!(c.size(), PAGE_SIZE + 1);
        let c = Coherent::<[u8; 4 << 20], NoMapping>::new(&dev, GFP_KERNEL)?;
        assert_eq!(c.size(), 4 << 20);
        Ok(())
    }

    #[test]
    fn length_counts_elements_and_size_bytes() -> Result {
        let dev = TestDevice::normal()?;
        let c = Coherent::<u32>::zeroed_slice(&dev, 5, GFP_KERNEL)?;
        assert_eq!((c.len(), c.size()), (5, 20));

        let dev = TestDevice::no_mapping()?;
        let c = Coherent::<[u64], NoMapping>::alloc(&dev, 7, GFP_KERNEL)?;
        assert_eq!((c.len(), c.size()), (7, 56));
        Ok(())
    }

    #[test]
    fn length_zero_is_invalid() -> Result {
        let dev = TestDevice::normal()?;
        let none: [u8; 0] = [];
        assert_eq!(
            Coherent::<u8>::zeroed_slice(&dev, 0, GFP_KERNEL).err(),
            Some(EINVAL)
        );
        assert_eq!(
            Coherent::from_slice(&dev, &none, GFP_KERNEL).err(),
            Some(EINVAL)
        );
        assert_eq!(
            CoherentBox::<[u8]>::zeroed_slice(&dev, 0, GFP_KERNEL).err(),
            Some(EINVAL)
        );
        assert_eq!(
            CoherentBox::from_slice(&dev, &none, GFP_KERNEL).err(),
            Some(EINVAL)
        );

        let dev = TestDevice::no_mapping()?;
        assert_eq!(
            CoherentHandle::alloc(&dev, 0, GFP_KERNEL).err(),
            Some(EINVAL)
        );
        assert_eq!(
            Coherent::<[u64], NoMapping>::alloc(&dev, 0, GFP_KERNEL).err(),
            Some(EINVAL)
        );
        Ok(())
    }

    #[test]
    fn size_that_overflows_is_no_memory() -> Result {
        let half = usize::MAX / 2;
        let dev = TestDevice::normal()?;
        assert_eq!(
            Coherent::<u64>::zeroed_slice(&dev, half, GFP_KERNEL).err(),
            Some(ENOMEM)
        );
        assert_eq!(
            Coherent::<u8>::zeroed_slice(&dev, usize::MAX, GFP_KERNEL).err(),
            Some(ENOMEM)
        );
        let c = CoherentBox::<[u16]>::zeroed_slice(&dev, half + 1, GFP_KERNEL);
        assert_eq!(c.err(), Some(ENOMEM));

        let dev = TestDevice::no_mapping()?;
        assert_eq!(
            Coherent::<[u64], NoMapping>::alloc(&dev, half, GFP_KERNEL).err(),
            Some(ENOMEM)
        );
        assert_eq!(
            CoherentHandle::alloc(&dev, usize::MAX, GFP_KERNEL).err(),
            Some(ENOMEM)
        );
        // One more than the largest size that an object in Rust can have.
        assert_eq!(
            CoherentHandle::alloc(&dev, half + 1, GFP_KERNEL).err(),
            Some(ENOMEM)
        );
        Ok(())
    }

    /// A size that is computed with wrapping could be allocated here: it would be eight bytes.
    #[test]
    fn size_that_wraps_around_is_no_memory() -> Result {
        const LEN: usize = usize::MAX / 8 + 2;
        const { core::assert!(LEN.wrapping_mul(8) == 8) };

        let dev = TestDevice::normal()?;
        assert_eq!(
            Coherent::<u64>::zeroed_slice(&dev, LEN, GFP_KERNEL).err(),
            Some(ENOMEM)
        );
        assert_eq!(
            CoherentBox::<[u64]>::zeroed_slice(&dev, LEN, GFP_KERNEL).err(),
            Some(ENOMEM)
        );

        let dev = TestDevice::no_mapping()?;
        assert_eq!(
            Coherent::<[u64], NoMapping>::alloc(&dev, LEN, GFP_KERNEL).err(),
            Some(ENOMEM)
        );
        Ok(())
    }

    /// The kernel is asked, says no, and does not warn: the log of the run has to be clean.
    #[test]
    fn impossible_size_is_no_memory() -> Result {
        const SIZE: usize = 1 << if usize::BITS == 64 { 40 } else { 30 };

        let dev = TestDevice::normal()?;
        let c = Coherent::<u8>::zeroed_slice_with_attrs(&dev, SIZE, GFP_KERNEL, DMA_ATTR_NO_WARN);
        assert_eq!(c.err(), Some(ENOMEM));

        let dev = TestDevice::no_mapping()?;
        let c = CoherentHandle::alloc_with_attrs(&dev, SIZE, GFP_KERNEL, DMA_ATTR_NO_WARN);
        assert_eq!(c.err(), Some(ENOMEM));
        let c =
            Coherent::<[u8; SIZE], NoMapping>::new_with_attrs(&dev, GFP_KERNEL, DMA_ATTR_NO_WARN);
        assert_eq!(c.err(), Some(ENOMEM));
        Ok(())
    }

    #[test]
    fn allocations_do_not_overlap() -> Result {
        let dev = TestDevice::no_mapping()?;
        let a = CoherentHandle::alloc(&dev, PAGE_SIZE + 1, GFP_KERNEL)?;
        let b = CoherentHandle::alloc(&dev, PAGE_SIZE + 1, GFP_KERNEL)?;
        let distance = a.dma_address().abs_diff(b.dma_address());
        assert!(distance >= 2 * PAGE_SIZE as u64);
        Ok(())
    }

    #[test]
    fn kind_costs_no_space() {
        assert_eq!(
            size_of::<Coherent<u32>>(),
            size_of::<Coherent<u32, NoMapping>>()
        );
        assert_eq!(
            size_of::<Coherent<[u8], Normal>>(),
            size_of::<CoherentHandle>()
        );
        assert_eq!(size_of::<Coherent<[u8]>>(), size_of::<CoherentBox<[u8]>>());
    }
}
