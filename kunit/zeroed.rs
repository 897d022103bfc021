// SPDX-License-Identifier: GPL-2.0

//! Memory for the device alone that is zeroed: sizes, errors and projection.
//!
//! `attrs.rs` checks the flags and attributes; `faults/` has a device look at the content.

use kernel::prelude::*;

#[kunit_tests(dma_coherent_zeroed)]
mod tests {
    use super::*;
    use crate::{
        device::TestDevice,
        layout::Outer, //
    };
    use core::mem::size_of;
    use kernel::{
        dma::{
            attrs::*,
            Coherent,
            CoherentHandle,
            NoMapping, //
        },
        io::io_project,
        page::PAGE_SIZE, //
    };

    const SIZES: [usize; 5] = [1, PAGE_SIZE - 1, PAGE_SIZE, PAGE_SIZE + 1, 4 << 20];

    #[test]
    fn sizes() -> Result {
        let dev = TestDevice::zeroed()?;
        for size in SIZES {
            let c = CoherentHandle::alloc_zeroed(&dev, size, GFP_KERNEL)?;
            assert_eq!((c.size(), c.len()), (size, size));
            assert_eq!(c.dma_address() % PAGE_SIZE as u64, 0);
        }
        let c = Coherent::<[u64], NoMapping>::alloc_zeroed(&dev, 7, GFP_KERNEL)?;
        assert_eq!((c.size(), c.len()), (56, 7));
        let c = Coherent::<Outer, NoMapping>::new_zeroed(&dev, GFP_KERNEL)?;
        assert_eq!(c.size(), size_of::<Outer>());
        Ok(())
    }

    #[test]
    fn failures_are_those_of_other_constructors() -> Result {
        let dev = TestDevice::zeroed()?;
        let c = CoherentHandle::alloc_zeroed(&dev, 0, GFP_KERNEL);
        assert_eq!(c.err(), Some(EINVAL));
        let c = Coherent::<[u64], NoMapping>::alloc_zeroed(&dev, usize::MAX / 2, GFP_KERNEL);
        assert_eq!(c.err(), Some(ENOMEM));
        let c = CoherentHandle::alloc_zeroed_with_attrs(
            &dev,
            1 << if usize::BITS == 64 { 40 } else { 30 },
            GFP_KERNEL,
            DMA_ATTR_NO_WARN, //
        );
        assert_eq!(c.err(), Some(ENOMEM));
        Ok(())
    }

    #[test]
    fn it_is_projected_like_others() -> Result {
        let dev = TestDevice::zeroed()?;
        let c = Coherent::<[[u8; 512]; 16], NoMapping>::new_zeroed(&dev, GFP_KERNEL)?;
        let third = io_project!(&c, [build: 2]).dma_address();
        assert_eq!(c.dma_range().address_at(1024), Ok(third));
        let h = CoherentHandle::alloc_zeroed(&dev, 4096, GFP_KERNEL)?;
        let rest = io_project!(&h, [try: 64..]).dma_address();
        assert_eq!(h.dma_range().address_at(64), Ok(rest));
        let beyond = || -> Result<u64> { Ok(io_project!(&h, [try: 4096 + 1..]).dma_address()) };
        assert_eq!(beyond().err(), Some(ERANGE));
        Ok(())
    }
}
