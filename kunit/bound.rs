// SPDX-License-Identifier: GPL-2.0

//! Buffers with the lifetime of the binding, in the form of Linux 7.4.

use kernel::prelude::*;

#[kunit_tests(dma_coherent_bound)]
mod tests {
    use super::*;
    use crate::{
        device::TestDevice,
        layout::Outer, //
    };
    use core::mem::offset_of;
    use kernel::{
        device::{
            Bound,
            Device, //
        },
        dma::{
            self,
            attrs::DMA_ATTR_NO_WARN,
            bound::{
                Coherent,
                CoherentBox,
                CoherentHandle, //
            },
            CoherentView,
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

    /// The private data of a driver.
    struct Data<'bound> {
        shared: Coherent<'bound, [u32; 16]>,
        frames: Coherent<'bound, [[u8; 4096]; 4], NoMapping>,
        heap: CoherentHandle<'bound>,
    }

    impl<'bound> Data<'bound> {
        fn new(
            normal: &'bound Device<Bound>,
            no_mapping: &'bound Device<Bound>, //
        ) -> Result<Self> {
            Ok(Self {
                shared: Coherent::zeroed(normal, GFP_KERNEL)?,
                frames: Coherent::new(no_mapping, GFP_KERNEL)?,
                heap: CoherentHandle::alloc(no_mapping, PAGE_SIZE, GFP_KERNEL)?,
            })
        }
    }

    #[test]
    fn used_like_the_unbound_types() -> Result {
        let (normal, no_mapping) = (TestDevice::normal()?, TestDevice::no_mapping()?);
        let data = Data::new(&normal, &no_mapping)?;

        io_write!(&data.shared, [build: 3], 42);
        assert_eq!(io_read!(&data.shared, [try: 3]), 42);
        assert_eq!(data.shared.size(), 64);

        let second = io_project!(&data.frames, [build: 1]).dma_address();
        assert_eq!(second - data.frames.dma_address(), 4096);
        assert_eq!(data.frames.dma_address_at::<4097>() - second, 1);
        let rest = io_project!(&data.heap, [try: 64..]).dma_address();
        assert_eq!(rest - data.heap.dma_address(), 64);
        assert_eq!(data.heap.len(), PAGE_SIZE);
        Ok(())
    }

    /// A function that takes any `Io`, or an unbound buffer, takes a reference to a bound one.
    #[test]
    fn passed_to_functions() -> Result {
        fn sum<'a>(io: impl Io<'a, Target = [u32; 2], Backend = dma::CoherentIoBackend>) -> u32 {
            io_read!(io, [build: 0]) + io_read!(io, [build: 1])
        }
        fn size<Kind: dma::CoherentKind>(c: &dma::Coherent<[u32; 2], Kind>) -> usize {
            c.size()
        }

        let dev = TestDevice::normal()?;
        let c = Coherent::<[u32; 2]>::init(&dev, GFP_KERNEL, [3, 4])?;
        assert_eq!(sum(&c), 7);
        assert_eq!(size(&c), 8);
        Ok(())
    }

    #[test]
    fn zeroed() -> Result {
        let dev = TestDevice::zeroed()?;
        let a: Coherent<'_, u32> = Coherent::zeroed(&dev, GFP_KERNEL)?;
        assert_eq!(io_read!(&a,), 0);
        let b = Coherent::<u32>::zeroed_with_attrs(&dev, GFP_KERNEL, DMA_ATTR_NO_WARN)?;
        assert_eq!(b.read_val(), 0);
        let c: Coherent<'_, [u32]> = Coherent::zeroed_slice(&dev, 3, GFP_KERNEL)?;
        assert_eq!((c.len(), io_read!(&c, [try: 2])), (3, 0));
        let d: CoherentBox<'_, u32> = CoherentBox::zeroed(&dev, GFP_KERNEL)?;
        assert_eq!(*d, 0);
        let e = CoherentBox::<'_, [u64]>::zeroed_slice(&dev, 3, GFP_KERNEL)?;
        assert_eq!(*e, [0, 0, 0]);
        assert_eq!(
            Coherent::<u32>::zeroed_slice(&dev, 0, GFP_KERNEL).err(),
            Some(EINVAL)
        );
        Ok(())
    }

    #[test]
    fn content_of_the_caller() -> Result {
        let dev = TestDevice::normal()?;
        let copy = Coherent::from_slice(&dev, &[1u8, 2, 3], GFP_KERNEL)?;
        assert_eq!((copy.len(), io_read!(&copy, [try: 2])), (3, 3));

        let mut own = CoherentBox::from_slice(&dev, &[5u32, 6], GFP_KERNEL)?;
        own[0] = 7;
        own.init_at(1, 8)?;
        assert_eq!(own.init_at(2, 9).err(), Some(EINVAL));
        let shared: Coherent<'_, [u32]> = own.into();
        assert_eq!(io_read!(&shared, [try: 0]), 7);
        assert_eq!(io_read!(&shared, [try: 1]), 8);
        Ok(())
    }

    #[test]
    fn init_that_fails() -> Result {
        let dev = TestDevice::normal()?;
        // SAFETY: The initializer only fails, which is allowed with any content.
        let fails = unsafe { pin_init::init_from_closure::<u32, Error>(|_| Err(EBUSY)) };
        assert_eq!(
            Coherent::<u32>::init(&dev, GFP_KERNEL, fails).err(),
            Some(EBUSY)
        );
        Ok(())
    }

    #[test]
    fn without_mapping() -> Result {
        let dev = TestDevice::no_mapping()?;
        let a: Coherent<'_, Outer, NoMapping> = Coherent::new(&dev, GFP_KERNEL)?;
        let end = io_project!(&a, .end).dma_address();
        assert_eq!(end - a.dma_address(), offset_of!(Outer, end) as u64);
        let b = CoherentHandle::alloc_with_attrs(&dev, 64, GFP_KERNEL, DMA_ATTR_NO_WARN)?;
        let view: CoherentView<'_, (bool, u32), NoMapping> = b.try_cast()?;
        assert_eq!(view.dma_address(), b.dma_address());
        assert_eq!(
            CoherentHandle::alloc(&dev, 0, GFP_KERNEL).err(),
            Some(EINVAL)
        );
        Ok(())
    }

    #[test]
    fn without_mapping_zeroed() -> Result {
        let dev = TestDevice::zeroed()?;
        let a: Coherent<'_, [u8; 64], NoMapping> = Coherent::new_zeroed(&dev, GFP_KERNEL)?;
        assert_eq!(a.size(), 64);
        let b = CoherentHandle::alloc_zeroed(&dev, 64, GFP_KERNEL)?;
        assert_eq!(b.len(), 64);
        Ok(())
    }

    #[test]
    fn lifetimes_get_shorter() -> Result {
        fn shorter<'short>(
            buffer: Coherent<'static, u32>,
            _until: &'short (),
        ) -> Coherent<'short, u32> {
            buffer
        }
        let _ = shorter;
        Ok(())
    }
}
