// SPDX-License-Identifier: GPL-2.0

//! The arguments of every constructor reach `dma_alloc_attrs()`, and the kind decides about its own
//! attribute.

use crate::device::{
    Allocation,
    TestDevice, //
};
use kernel::{
    alloc::Flags,
    bindings,
    dma::{
        attrs::*,
        Attrs, //
    },
    prelude::*, //
};

/// The flags that are passed, as the type of the API and as a number.
const FLAGS: [(Flags, u32); 4] = [
    (GFP_KERNEL, bindings::GFP_KERNEL),
    (GFP_ATOMIC, bindings::GFP_ATOMIC),
    (GFP_NOWAIT, bindings::GFP_NOWAIT),
    (GFP_KERNEL_ACCOUNT, bindings::GFP_KERNEL_ACCOUNT),
];

/// Every named attribute; [`RAW_NAMED`] is the same as a number.
fn named() -> Attrs {
    DMA_ATTR_WEAK_ORDERING
        | DMA_ATTR_WRITE_COMBINE
        | DMA_ATTR_SKIP_CPU_SYNC
        | DMA_ATTR_FORCE_CONTIGUOUS
        | DMA_ATTR_ALLOC_SINGLE_PAGES
        | DMA_ATTR_NO_WARN
        | DMA_ATTR_PRIVILEGED
        | DMA_ATTR_MMIO
}

const RAW_NAMED: usize = (bindings::DMA_ATTR_WEAK_ORDERING
    | bindings::DMA_ATTR_WRITE_COMBINE
    | bindings::DMA_ATTR_SKIP_CPU_SYNC
    | bindings::DMA_ATTR_FORCE_CONTIGUOUS
    | bindings::DMA_ATTR_ALLOC_SINGLE_PAGES
    | bindings::DMA_ATTR_NO_WARN
    | bindings::DMA_ATTR_PRIVILEGED
    | bindings::DMA_ATTR_MMIO) as usize;

const MMIO: usize = bindings::DMA_ATTR_MMIO as usize;
const NO_KERNEL_MAPPING: usize = bindings::DMA_ATTR_NO_KERNEL_MAPPING as usize;

/// Every bit but the named ones. Among them are `DMA_ATTR_NO_KERNEL_MAPPING` and bits for which
/// `dma_alloc_attrs()` fails.
fn unnamed() -> Attrs {
    !named()
}

/// Returns the one allocation that `construct` makes, which it frees as well.
fn allocation<T>(
    dev: &TestDevice,
    construct: impl FnOnce() -> Result<T>, //
) -> Result<Allocation> {
    let (before, frees) = (dev.allocations().1, dev.frees());
    drop(construct()?);
    let (last, calls) = dev.allocations();
    if (calls, dev.frees()) == (before + 1, frees + 1) {
        Ok(last)
    } else {
        Err(EIO)
    }
}

/// Calls a constructor with all [`FLAGS`] and compares what reaches the C API.
macro_rules! check {
    ($dev:expr, size $size:expr, flags $zero:expr, attrs $attrs:expr, |$gfp:ident| $made:expr) => {
        for ($gfp, raw) in FLAGS {
            let made = allocation(&$dev, || $made)?;
            assert_eq!(made.size, $size);
            assert_eq!(made.gfp_flags, raw | $zero);
            assert_eq!(made.attrs, $attrs);
        }
    };
}

/// Defines a function that calls every constructor of a set of types.
macro_rules! constructors {
    ($name:ident: $buffer:ident, $boxed:ident, $handle:ident) => {
        fn $name() -> Result {
            let (dev, zero, raw) = (TestDevice::normal()?, bindings::__GFP_ZERO, RAW_NAMED);
            let data = [1u16, 2, 3];

            check!(dev, size 8, flags zero, attrs 0, |gfp| $buffer::<u64>::zeroed(&dev, gfp));
            check!(dev, size 8, flags zero, attrs raw,
                |gfp| $buffer::<u64>::zeroed_with_attrs(&dev, gfp, named()));
            check!(dev, size 4, flags 0, attrs 0, |gfp| $buffer::<u32>::init(&dev, gfp, 7));
            check!(dev, size 4, flags 0, attrs raw,
                |gfp| $buffer::<u32>::init_with_attrs(&dev, gfp, named(), 7));
            check!(dev, size 40, flags zero, attrs 0,
                |gfp| $buffer::<u64>::zeroed_slice(&dev, 5, gfp));
            check!(dev, size 40, flags zero, attrs raw,
                |gfp| $buffer::<u64>::zeroed_slice_with_attrs(&dev, 5, gfp, named()));
            check!(dev, size 6, flags 0, attrs 0, |gfp| $buffer::from_slice(&dev, &data, gfp));
            check!(dev, size 6, flags 0, attrs raw,
                |gfp| $buffer::from_slice_with_attrs(&dev, &data, gfp, named()));

            check!(dev, size 8, flags zero, attrs 0, |gfp| $boxed::<u64>::zeroed(&dev, gfp));
            check!(dev, size 8, flags zero, attrs raw,
                |gfp| $boxed::<u64>::zeroed_with_attrs(&dev, gfp, named()));
            check!(dev, size 40, flags zero, attrs 0,
                |gfp| $boxed::<[u64]>::zeroed_slice(&dev, 5, gfp));
            check!(dev, size 40, flags zero, attrs raw,
                |gfp| $boxed::<[u64]>::zeroed_slice_with_attrs(&dev, 5, gfp, named()));
            check!(dev, size 6, flags 0, attrs 0, |gfp| $boxed::from_slice(&dev, &data, gfp));
            check!(dev, size 6, flags 0, attrs raw,
                |gfp| $boxed::from_slice_with_attrs(&dev, &data, gfp, named()));

            let (dev, kind) = (TestDevice::no_mapping()?, NO_KERNEL_MAPPING);
            let with_kind = raw | kind;
            check!(dev, size 100, flags 0, attrs kind,
                |gfp| $buffer::<[u8; 100], NoMapping>::new(&dev, gfp));
            check!(dev, size 100, flags 0, attrs with_kind,
                |gfp| $buffer::<[u8; 100], NoMapping>::new_with_attrs(&dev, gfp, named()));
            check!(dev, size 40, flags 0, attrs kind,
                |gfp| $buffer::<[u64], NoMapping>::alloc(&dev, 5, gfp));
            check!(dev, size 40, flags 0, attrs with_kind,
                |gfp| $buffer::<[u64], NoMapping>::alloc_with_attrs(&dev, 5, gfp, named()));
            check!(dev, size 5, flags 0, attrs kind, |gfp| $handle::alloc(&dev, 5, gfp));

            // Zeroing takes a mapping, so these allocate without the attribute of the kind. With
            // `DMA_ATTR_MMIO`, dma-iommu may not flush the zeroes.
            let (dev, flushed) = (TestDevice::zeroed()?, raw & !MMIO);
            check!(dev, size 100, flags zero, attrs 0,
                |gfp| $buffer::<[u8; 100], NoMapping>::new_zeroed(&dev, gfp));
            check!(dev, size 100, flags zero, attrs flushed,
                |gfp| $buffer::<[u8; 100], NoMapping>::new_zeroed_with_attrs(&dev, gfp, named()));
            check!(dev, size 40, flags zero, attrs 0,
                |gfp| $buffer::<[u64], NoMapping>::alloc_zeroed(&dev, 5, gfp));
            check!(dev, size 40, flags zero, attrs flushed,
                |gfp| $buffer::<[u64], NoMapping>::alloc_zeroed_with_attrs(&dev, 5, gfp, named()));
            Ok(())
        }
    };
}

#[kunit_tests(dma_coherent_attrs)]
mod tests {
    use super::*;
    use kernel::{
        dma::{
            bound,
            Coherent,
            CoherentBox,
            CoherentHandle,
            NoMapping, //
        },
        new_spinlock,
        sync::{
            Arc,
            SpinLock, //
        },
    };

    #[test]
    fn every_constructor() -> Result {
        constructors!(unbound: Coherent, CoherentBox, CoherentHandle);
        unbound()
    }

    #[test]
    fn every_constructor_with_a_lifetime() -> Result {
        use bound::{
            Coherent,
            CoherentBox,
            CoherentHandle, //
        };
        constructors!(bound: Coherent, CoherentBox, CoherentHandle);
        bound()
    }

    /// With `CONFIG_DEBUG_ATOMIC_SLEEP`, an allocation that may sleep warns here.
    #[test]
    fn atomic_under_a_spinlock() -> Result {
        let (normal, device) = (TestDevice::normal()?, TestDevice::no_mapping()?);
        let zeroed = TestDevice::zeroed()?;
        let lock: Arc<SpinLock<()>> = Arc::pin_init(new_spinlock!(()), GFP_KERNEL)?;

        let guard = lock.lock();
        let shared = Coherent::<u64>::zeroed(&normal, GFP_ATOMIC);
        let frame = Coherent::<[u8; 64], NoMapping>::new(&device, GFP_ATOMIC);
        let heap = CoherentHandle::alloc_zeroed(&zeroed, 64, GFP_ATOMIC);
        drop(guard);
        // Dropping may sleep.
        shared?;
        frame?;
        heap?;
        Ok(())
    }

    /// `dma_alloc_attrs()` fails for these attributes, and records them.
    #[test]
    fn caller_cannot_add_the_attribute() -> Result {
        let (dev, all) = (TestDevice::normal()?, unnamed());
        macro_rules! refused {
            ($construct:expr) => {
                assert_eq!($construct.err(), Some(ENOMEM));
                let (made, _) = dev.allocations();
                assert_eq!(made.attrs & NO_KERNEL_MAPPING, 0);
                assert_ne!(made.attrs, 0);
            };
        }

        refused!(Coherent::<u64>::zeroed_with_attrs(&dev, GFP_KERNEL, all));
        refused!(Coherent::<u32>::init_with_attrs(&dev, GFP_KERNEL, all, 7));
        refused!(Coherent::<u64>::zeroed_slice_with_attrs(
            &dev, 3, GFP_KERNEL, all
        ));
        refused!(Coherent::from_slice_with_attrs(
            &dev,
            &[1u8],
            GFP_KERNEL,
            all
        ));
        refused!(CoherentBox::<u64>::zeroed_with_attrs(&dev, GFP_KERNEL, all));
        refused!(CoherentBox::<[u64]>::zeroed_slice_with_attrs(
            &dev, 3, GFP_KERNEL, all
        ));
        refused!(CoherentBox::from_slice_with_attrs(
            &dev,
            &[1u8],
            GFP_KERNEL,
            all
        ));
        refused!(Coherent::<u64, NoMapping>::new_zeroed_with_attrs(
            &dev, GFP_KERNEL, all
        ));
        refused!(CoherentHandle::alloc_zeroed_with_attrs(
            &dev, 64, GFP_KERNEL, all
        ));
        assert_eq!(dev.allocations().1, 9);
        Ok(())
    }

    #[test]
    fn caller_cannot_mask_the_attribute() -> Result {
        let (dev, all) = (TestDevice::no_mapping()?, unnamed());
        let none = DMA_ATTR_NO_WARN & DMA_ATTR_MMIO;
        CoherentHandle::alloc_with_attrs(&dev, 64, GFP_KERNEL, none)?;
        assert_eq!(dev.allocations().0.attrs, NO_KERNEL_MAPPING);
        let c = CoherentHandle::alloc_with_attrs(&dev, 64, GFP_KERNEL, all);
        assert_eq!(c.err(), Some(ENOMEM));
        Ok(())
    }
}
