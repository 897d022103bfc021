// SPDX-License-Identifier: GPL-2.0

//! Buffers that are tied to the binding of their device.

use kernel::prelude::*;

#[kunit_tests(dma_coherent_bound)]
mod tests {
    use super::*;
    use crate::device::TestDevice;
    use core::mem::size_of_val;
    use kernel::{
        device::{
            Bound,
            Device, //
        },
        dma::{
            Coherent,
            CoherentBound,
            CoherentBox,
            CoherentHandle,
            NoMapping, //
        },
        io::{
            io_project,
            io_read,
            io_write,
            Io, //
        },
        page::PAGE_SIZE, //
    };

    /// What a driver would have as its private data.
    struct Data<'bound> {
        shared: CoherentBound<'bound, [u32; 16]>,
        frames: CoherentBound<'bound, [[u8; 4096]; 4], NoMapping>,
        heap: CoherentBound<'bound, [u8], NoMapping>,
    }

    impl<'bound> Data<'bound> {
        fn new(
            shared: &'bound Device<Bound>,
            alone: &'bound Device<Bound>, //
        ) -> Result<Self> {
            let frames = Coherent::<[[u8; 4096]; 4], NoMapping>::new(alone, GFP_KERNEL)?;
            Ok(Self {
                shared: Coherent::zeroed(shared, GFP_KERNEL)?.bind(shared)?,
                frames: frames.bind(alone)?,
                heap: CoherentHandle::alloc(alone, PAGE_SIZE, GFP_KERNEL)?.bind(alone)?,
            })
        }
    }

    #[test]
    fn it_is_used_like_any_other() -> Result {
        let (normal, alone) = (TestDevice::normal()?, TestDevice::no_mapping()?);
        let data = Data::new(&normal, &alone)?;

        io_write!(&data.shared, [build: 3], 42);
        assert_eq!(io_read!(&data.shared, [try: 3]), 42);
        assert_eq!(data.shared.size(), 64);

        let second = io_project!(&data.frames, [build: 1]).dma_address();
        assert_eq!(second, data.frames.dma_address() + 4096);
        assert_eq!(data.frames.dma_address_at::<4097>(), second + 1);
        let rest = io_project!(&data.heap, [try: 64..]).dma_address();
        assert_eq!(rest, data.heap.dma_address() + 64);
        assert_eq!(data.heap.len(), PAGE_SIZE);

        // Where a trait asks for a buffer, the buffer itself is what there is.
        fn read<'a>(io: impl Io<'a, Target = u32>) -> usize {
            size_of_val(&io)
        }
        assert!(read(io_project!(&data.shared, [build: 0])) > 0);
        Ok(())
    }

    /// By whatever constructor it was made.
    #[test]
    fn boxes_and_copies_are_bound_as_well() -> Result {
        let dev = TestDevice::normal()?;
        let copy = Coherent::from_slice(&dev, &[1u8, 2, 3], GFP_KERNEL)?.bind(&dev)?;
        assert_eq!(io_read!(&copy, [try: 2]), 3);

        let mut own: CoherentBox<u32> = CoherentBox::zeroed(&dev, GFP_KERNEL)?;
        *own = 7;
        let own = Coherent::from(own).bind(&dev)?;
        assert_eq!(own.read_val(), 7);
        Ok(())
    }

    /// It is freed, as the trace shows: there is no one to free it later.
    #[test]
    fn another_device_is_refused() -> Result {
        let (dev, other) = (TestDevice::no_mapping()?, TestDevice::normal()?);
        let c = CoherentHandle::alloc(&dev, 64, GFP_KERNEL)?;
        assert_eq!(c.bind(&other).err(), Some(EINVAL));
        Coherent::<u32>::zeroed(&other, GFP_KERNEL)?.bind(&other)?;
        Ok(())
    }

    /// A reference to a buffer that lives for shorter is enough for those who ask for less.
    #[test]
    fn lifetimes_get_shorter() -> Result {
        fn shorter<'short>(
            buffer: CoherentBound<'static, u32>,
            _until: &'short (),
        ) -> CoherentBound<'short, u32> {
            buffer
        }
        let _ = shorter;
        let dev = TestDevice::normal()?;
        let c: CoherentBound<'_, u32> = Coherent::zeroed(&dev, GFP_KERNEL)?.bind(&dev)?;
        assert_eq!(c.read_val(), 0);
        Ok(())
    }
}
