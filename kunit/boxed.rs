// SPDX-License-Identifier: GPL-2.0

//! Memory that the CPU has to itself until it is shared.

use kernel::prelude::*;

#[kunit_tests(dma_coherent_box)]
mod tests {
    use super::*;
    use crate::device::TestDevice;
    use core::ops::Deref;
    use kernel::{
        dma::{
            attrs::DMA_ATTR_NO_WARN,
            Coherent,
            CoherentBox, //
        },
        io::{
            io_read,
            Io, //
        },
    };

    #[test]
    fn zeroed_and_written_by_reference() -> Result {
        let dev = TestDevice::zeroed()?;
        let mut value = CoherentBox::<u64>::zeroed(&dev, GFP_KERNEL)?;
        assert_eq!(*value, 0);
        *value = 42;
        assert_eq!(*value, 42);

        let mut list =
            CoherentBox::<[u16]>::zeroed_slice_with_attrs(&dev, 5, GFP_KERNEL, DMA_ATTR_NO_WARN)?;
        assert!(*list == [0; 5]);
        list[4] = 9;
        assert!(*list == [0, 0, 0, 0, 9]);
        Ok(())
    }

    #[test]
    fn sharing_keeps_memory_and_content() -> Result {
        let dev = TestDevice::normal()?;
        let mut list = CoherentBox::<[u32]>::zeroed_slice(&dev, 3, GFP_KERNEL)?;
        list[2] = 9;
        let before = list.deref().as_ptr();
        let shared: Coherent<_> = list.into();
        assert_eq!(shared.as_ptr().addr(), before.addr());
        assert_eq!(shared.len(), 3);
        assert_eq!(io_read!(&shared, [try: 2]), 9);

        let value = CoherentBox::<u32>::zeroed_with_attrs(&dev, GFP_KERNEL, DMA_ATTR_NO_WARN)?;
        let shared: Coherent<u32> = value.into();
        assert_eq!(shared.read_val(), 0);
        Ok(())
    }

    #[test]
    fn from_slice_is_a_copy() -> Result {
        let dev = TestDevice::normal()?;
        let data = [2u8, 7, 1, 8];
        let list = CoherentBox::from_slice(&dev, &data, GFP_KERNEL)?;
        assert!(*list == data);
        let list =
            CoherentBox::from_slice_with_attrs(&dev, &data[1..], GFP_KERNEL, DMA_ATTR_NO_WARN)?;
        assert!(*list == data[1..]);
        Ok(())
    }

    #[test]
    fn init_at_initializes_one_element() -> Result {
        let dev = TestDevice::normal()?;
        let mut list = CoherentBox::<[u32]>::zeroed_slice(&dev, 4, GFP_KERNEL)?;
        list.init_at(0, 1)?;
        list.init_at(3, 4)?;
        assert!(*list == [1, 0, 0, 4]);
        assert_eq!(list.init_at(4, 5), Err(EINVAL));
        assert_eq!(list.init_at(usize::MAX, 5), Err(EINVAL));
        assert!(*list == [1, 0, 0, 4]);

        // SAFETY: An initializer may fail without having written anything.
        let init = unsafe { pin_init::init_from_closure::<u32, Error>(|_| Err(EBUSY)) };
        assert_eq!(list.init_at(1, init), Err(EBUSY));
        assert!(*list == [1, 0, 0, 4]);
        Ok(())
    }
}
