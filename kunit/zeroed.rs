// SPDX-License-Identifier: GPL-2.0

//! Zeroed memory for the device only.
//!
//! The CPU cannot read it. The trace check of the run judges the flags and attributes of each
//! allocation, by the name of the device.

use crate::device::TestDevice;
use kernel::prelude::*;

/// A device for zeroed allocations that only the device can access: without
/// `DMA_ATTR_NO_KERNEL_MAPPING` and with `__GFP_ZERO`.
fn device() -> Result<TestDevice> {
    TestDevice::new(c"zeroed-no-mapping")
}

#[kunit_tests(dma_coherent_zeroed)]
mod tests {
    use super::*;
    use crate::layout::Outer;
    use core::mem::size_of;
    use kernel::{
        dma::{
            attrs::*,
            Attrs,
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
        let dev = device()?;
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
    fn it_need_not_block() -> Result {
        let dev = device()?;
        Coherent::<[u8; 4 * PAGE_SIZE], NoMapping>::new_zeroed(&dev, GFP_ATOMIC)?;
        CoherentHandle::alloc_zeroed(&dev, 4 * PAGE_SIZE, GFP_ATOMIC)?;
        Ok(())
    }

    #[test]
    fn failures_are_those_of_other_constructors() -> Result {
        let dev = device()?;
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

    /// Neither attribute that prevents zeroing reaches the C API: the trace shows `NO_WARN` alone.
    #[test]
    fn attributes_that_prevent_zeroing_are_masked() -> Result {
        let dev = device()?;
        const BIT: u32 = kernel::bindings::DMA_ATTR_NO_KERNEL_MAPPING;
        // SAFETY: `Attrs` is a transparent wrapper of a `u32`, for which every value is valid.
        let no_kernel_mapping = unsafe { core::mem::transmute::<u32, Attrs>(BIT) };
        let attrs = no_kernel_mapping | DMA_ATTR_MMIO | DMA_ATTR_NO_WARN;
        Coherent::<u64, NoMapping>::new_zeroed_with_attrs(&dev, GFP_KERNEL, attrs)?;
        CoherentHandle::alloc_zeroed_with_attrs(&dev, 64, GFP_KERNEL, attrs)?;
        Ok(())
    }

    #[test]
    fn it_is_projected_like_others() -> Result {
        let dev = device()?;
        let c = Coherent::<[[u8; 512]; 16], NoMapping>::new_zeroed(&dev, GFP_KERNEL)?;
        let third = io_project!(&c, [build: 2]).dma_address();
        assert_eq!(third - c.dma_address(), 1024);
        let h = CoherentHandle::alloc_zeroed(&dev, 4096, GFP_KERNEL)?;
        let rest = io_project!(&h, [try: 64..]).dma_address();
        assert_eq!(rest - h.dma_address(), 64);
        let beyond = || -> Result<u64> { Ok(io_project!(&h, [try: 4096 + 1..]).dma_address()) };
        assert_eq!(beyond().err(), Some(ERANGE));
        Ok(())
    }
}
