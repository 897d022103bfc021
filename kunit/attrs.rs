// SPDX-License-Identifier: GPL-2.0

//! The attribute of a kind comes from the kind alone.
//!
//! What reached the C API is judged from the trace events of the run, for these and all other
//! allocations: by the name of the device.

use kernel::prelude::*;

#[kunit_tests(dma_coherent_attrs)]
mod tests {
    use super::*;
    use crate::device::TestDevice;
    use kernel::{
        dma::{
            attrs::*,
            Attrs,
            Coherent,
            CoherentBox,
            CoherentHandle,
            NoMapping, //
        },
        io::{
            io_read,
            io_write,
            Io, //
        },
        page::PAGE_SIZE, //
    };

    /// Every bit but the named ones: among them `DMA_ATTR_NO_KERNEL_MAPPING`, and bits that make
    /// `dma_alloc_attrs()` refuse.
    fn unnamed() -> Attrs {
        !(DMA_ATTR_WEAK_ORDERING
            | DMA_ATTR_WRITE_COMBINE
            | DMA_ATTR_SKIP_CPU_SYNC
            | DMA_ATTR_FORCE_CONTIGUOUS
            | DMA_ATTR_ALLOC_SINGLE_PAGES
            | DMA_ATTR_NO_WARN
            | DMA_ATTR_PRIVILEGED
            | DMA_ATTR_MMIO)
    }

    /// The attribute alone, which no safe code can make: `unnamed()` has it besides others.
    fn no_kernel_mapping() -> Attrs {
        const BIT: u32 = kernel::bindings::DMA_ATTR_NO_KERNEL_MAPPING;
        // SAFETY: `Attrs` is a transparent wrapper of a `u32`, for which every value is valid.
        unsafe { core::mem::transmute::<u32, Attrs>(BIT) }
    }

    #[test]
    fn unnamed_attributes_have_that_of_the_kind() {
        assert!(unnamed().contains(no_kernel_mapping()));
    }

    #[test]
    fn caller_cannot_add_the_attribute() -> Result {
        let dev = TestDevice::normal()?;
        let c = Coherent::<u32>::zeroed_with_attrs(&dev, GFP_KERNEL, no_kernel_mapping())?;
        // A cookie need not be an address of memory; where it is one of a `struct page`, what is
        // written below would silently go there.
        assert_eq!(c.as_ptr().addr() % PAGE_SIZE, 0);
        c.write_val(1);
        assert_eq!(c.read_val(), 1);
        Ok(())
    }

    /// The alignment tells a mapping from the address of a `struct page`, of which only every 64th
    /// would pass; the trace tells them apart for sure.
    #[test]
    fn no_constructor_lets_the_attribute_in() -> Result {
        let dev = TestDevice::normal()?;
        let attrs = no_kernel_mapping() | DMA_ATTR_NO_WARN;

        let a = Coherent::<[u64]>::from(CoherentBox::zeroed_slice_with_attrs(
            &dev, 3, GFP_KERNEL, attrs,
        )?);
        assert_eq!(a.as_ptr().addr() % PAGE_SIZE, 0);
        let b = Coherent::<u64>::from(CoherentBox::zeroed_with_attrs(&dev, GFP_KERNEL, attrs)?);
        assert_eq!(b.as_ptr().addr() % PAGE_SIZE, 0);
        let c = Coherent::<u64>::zeroed_slice_with_attrs(&dev, 3, GFP_KERNEL, attrs)?;
        assert_eq!(c.as_ptr().addr() % PAGE_SIZE, 0);

        // These write to the memory.
        let d = Coherent::<u32>::init_with_attrs(&dev, GFP_KERNEL, attrs, 7)?;
        assert_eq!(d.as_ptr().addr() % PAGE_SIZE, 0);
        assert_eq!(d.read_val(), 7);
        let e = Coherent::from_slice_with_attrs(&dev, &[1u8, 2, 3], GFP_KERNEL, attrs)?;
        assert_eq!(e.as_ptr().addr() % PAGE_SIZE, 0);
        assert_eq!(io_read!(&e, [try: 2]), 3);
        Ok(())
    }

    #[test]
    fn caller_cannot_take_the_attribute() -> Result {
        let dev = TestDevice::no_mapping()?;
        let attrs = DMA_ATTR_NO_WARN & !no_kernel_mapping();
        CoherentHandle::alloc_with_attrs(&dev, 64, GFP_KERNEL, attrs)?;
        Coherent::<u64, NoMapping>::new_with_attrs(&dev, GFP_KERNEL, attrs)?;
        Ok(())
    }

    #[test]
    fn other_attributes_are_passed_on() -> Result {
        let dev = TestDevice::normal()?;
        let attrs = DMA_ATTR_WRITE_COMBINE | DMA_ATTR_NO_WARN;
        let c = Coherent::<[u32; 4]>::zeroed_with_attrs(&dev, GFP_KERNEL, attrs)?;
        io_write!(&c, [build: 1], 5);
        assert_eq!(io_read!(&c, [build: 1]), 5);

        let dev = TestDevice::no_mapping()?;
        CoherentHandle::alloc_with_attrs(&dev, 64, GFP_KERNEL, attrs)?;
        Ok(())
    }

    /// The C API refuses attributes that are not for allocations: that is an error and no panic.
    #[test]
    fn refused_attributes_are_no_memory() -> Result {
        let dev = TestDevice::normal()?;
        let c = Coherent::<u64>::zeroed_with_attrs(&dev, GFP_KERNEL, unnamed());
        assert_eq!(c.err(), Some(ENOMEM));

        let dev = TestDevice::no_mapping()?;
        let c = CoherentHandle::alloc_with_attrs(&dev, 64, GFP_KERNEL, unnamed());
        assert_eq!(c.err(), Some(ENOMEM));
        Ok(())
    }
}
