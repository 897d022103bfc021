// SPDX-License-Identifier: GPL-2.0

//! What drivers leave to inference, for the constructors of both kinds.
//!
//! `make contract` compiles this file. A constructor that exists for `T` and for `[T]` under one
//! name fails here with E0034.

use kernel::{
    alloc::Flags,
    device::{
        Bound,
        Device, //
    },
    dma::{
        attrs::DMA_ATTR_NO_WARN,
        bound,
        Coherent,
        CoherentBox,
        CoherentHandle,
        DmaAddress,
        NoMapping, //
    },
    io::{
        io_read,
        io_write, //
    },
    prelude::*, //
};

type Dev = Device<Bound>;

/// The type of a variable.
pub fn annotated(dev: &Dev) -> Result {
    let _: Coherent<[u32; 16], NoMapping> = Coherent::new(dev, GFP_KERNEL)?;
    let _: Coherent<[u32; 16], NoMapping> = Coherent::new_zeroed(dev, GFP_KERNEL)?;
    let _: Coherent<u8, NoMapping> = Coherent::new_with_attrs(dev, GFP_KERNEL, DMA_ATTR_NO_WARN)?;
    let _: Coherent<u8, NoMapping> =
        Coherent::new_zeroed_with_attrs(dev, GFP_KERNEL, DMA_ATTR_NO_WARN)?;
    let _: Coherent<[u32], NoMapping> = Coherent::alloc(dev, 16, GFP_KERNEL)?;
    let _: Coherent<[u32], NoMapping> = Coherent::alloc_zeroed(dev, 16, GFP_KERNEL)?;
    let _: CoherentHandle = Coherent::alloc(dev, 4096, GFP_KERNEL)?;
    let _: CoherentHandle = CoherentHandle::alloc(dev, 4096, GFP_KERNEL)?;
    let _: Coherent<[u32; 16]> = Coherent::zeroed(dev, GFP_KERNEL)?;
    let _: Coherent<[u32]> = Coherent::from_slice(dev, &[1, 2], GFP_KERNEL)?;
    let _: CoherentBox<[u32]> = CoherentBox::zeroed_slice(dev, 16, GFP_KERNEL)?;
    Ok(())
}

/// The type of a field.
pub struct Data {
    scratch: Coherent<[u32; 16], NoMapping>,
    ring: Coherent<[u64; 16]>,
    heap: CoherentHandle,
}

impl Data {
    /// Allocates the fields.
    pub fn new(dev: &Dev) -> Result<Self> {
        Ok(Self {
            scratch: Coherent::new(dev, GFP_KERNEL)?,
            ring: Coherent::zeroed(dev, GFP_KERNEL)?,
            heap: Coherent::alloc(dev, 4096, GFP_KERNEL)?,
        })
    }
}

/// A field in the form of Linux 7.4.
#[pin_data]
pub struct BoundData<'bound> {
    dma: bound::Coherent<'bound, u64>,
}

impl<'bound> BoundData<'bound> {
    /// As the edu driver that is proposed upstream.
    pub fn new(dev: &'bound Dev) -> impl PinInit<Self, Error> + 'bound {
        try_pin_init!(Self {
            dma: bound::Coherent::zeroed(dev, GFP_KERNEL)?,
            _: {
                io_write!(&dma, , 0x0123_4567_89ab_cdef);
                if io_read!(&dma,) != 0x0123_4567_89ab_cdef || dma.dma_address() == 0 {
                    return Err(EIO);
                }
            },
        })
    }
}

/// The type that a function returns.
pub fn returned(dev: &Dev) -> Result<Coherent<[u32; 16], NoMapping>> {
    Coherent::new_zeroed(dev, GFP_KERNEL)
}

/// The type that a function returns, after `?`.
pub fn returned_after_check(dev: &Dev) -> Result<Coherent<[u32; 16], NoMapping>> {
    let scratch = Coherent::new(dev, GFP_KERNEL)?;
    Ok(scratch)
}

/// `_` for the type that the length or the contents tell.
pub fn underscore(dev: &Dev) -> Result<DmaAddress> {
    let scratch = Coherent::<_, NoMapping>::new(dev, GFP_KERNEL)?;
    takes_scratch(&scratch);
    let data = Coherent::<_>::from_slice(dev, &[1_u32, 2], GFP_KERNEL)?;
    Ok(data.dma_address())
}

fn takes_scratch(_: &Coherent<[u32; 16], NoMapping>) {}

/// A helper that is generic over the type.
pub fn helper<T>(dev: &Dev, flags: Flags) -> Result<Coherent<T, NoMapping>> {
    Coherent::new_zeroed(dev, flags)
}

/// Callers of the helper.
pub fn helped(dev: &Dev) -> Result<Coherent<[u32; 16], NoMapping>> {
    helper(dev, GFP_KERNEL)
}
