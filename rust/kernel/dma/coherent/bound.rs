// SPDX-License-Identifier: GPL-2.0

//! DMA-coherent memory that cannot outlive the binding of its device.
//!
//! The types of this module have the names and the constructors of those in [`dma`](crate::dma),
//! and the lifetime of the `&'a Device<Bound>` that they are allocated for. Like `pci::Bar`, they
//! fit into the bus device private data of a driver (e.g. `pci::Driver::Data<'bound>`); storing
//! them where they could outlive the binding does not compile.
//!
//! Linux 7.4 gives this form to the types of `dma` themselves, without kinds. A driver written for
//! it imports them from this module instead.

use super::{
    boxed,
    Allocation,
    CoherentKind,
    CoherentView,
    NoMapping,
    Normal, //
};
use crate::{
    alloc::Flags,
    debugfs,
    device::{
        Bound,
        Device, //
    },
    dma::{
        self,
        Attrs,
        CoherentIoBackend, //
    },
    fs::file,
    io::IoBase,
    prelude::*,
    ptr::KnownSize,
    sync::aref::ARef,
    transmute::{
        AsBytes,
        FromBytes, //
    },
    uaccess::UserSliceWriter, //
};
use core::{
    marker::PhantomData,
    mem::ManuallyDrop,
    ops::{
        Deref,
        DerefMut, //
    },
    ptr::NonNull, //
};

/// A [`dma::Coherent`] that is freed before its device is unbound.
///
/// It dereferences to the [`dma::Coherent`], for all methods and projections. It takes no reference
/// to the device, which outlives `'a`. Constructors, context and errors are those of
/// [`dma::Coherent`].
///
/// Leaking it, e.g. by [`core::mem::forget`], leaks the memory.
///
/// # Examples
///
/// ```
/// # use kernel::device::{
/// #     Bound,
/// #     Device,
/// # };
/// use kernel::{
///     dma::{
///         bound::Coherent,
///         DmaAddress,
///         NoMapping, //
///     },
///     io::io_project, //
/// };
///
/// struct Ring<'bound> {
///     head: Coherent<'bound, u32>,
///     slots: Coherent<'bound, [[u8; 512]; 64], NoMapping>,
/// }
///
/// impl<'bound> Ring<'bound> {
///     fn new(dev: &'bound Device<Bound>) -> Result<Self> {
///         Ok(Self {
///             head: Coherent::zeroed(dev, GFP_KERNEL)?,
///             slots: Coherent::new(dev, GFP_KERNEL)?,
///         })
///     }
///
///     fn address(&self, index: usize) -> Result<DmaAddress> {
///         Ok(io_project!(&self.slots, [try: index]).dma_address())
///     }
/// }
/// ```
///
/// # Invariants
///
/// `buffer` is an allocation for a device that is bound for `'a`. Its `dev` does not own a
/// reference count.
pub struct Coherent<'a, T: KnownSize + ?Sized, Kind: CoherentKind = Normal> {
    buffer: ManuallyDrop<dma::Coherent<T, Kind>>,
    dev: PhantomData<&'a Device<Bound>>,
}

/// A [`dma::CoherentHandle`] that is freed before its device is unbound.
///
/// # Examples
///
/// ```
/// # use kernel::device::{
/// #     Bound,
/// #     Device,
/// # };
/// use kernel::dma::bound::CoherentHandle;
///
/// fn scratch(dev: &Device<Bound>, size: usize) -> Result<CoherentHandle<'_>> {
///     CoherentHandle::alloc(dev, size, GFP_KERNEL)
/// }
/// ```
pub type CoherentHandle<'a> = Coherent<'a, [u8], NoMapping>;

impl<'a, T: KnownSize + ?Sized, Kind: CoherentKind> Allocation<'a, T, Kind> {
    /// Transfers the allocation to a [`Coherent`], without a reference to the device.
    #[inline]
    fn into_bound(self) -> Coherent<'a, T, Kind> {
        let dev: &Device = self.dev;

        // SAFETY:
        // - The reference count is not ours to relinquish, but `buffer` is never dropped, so
        //   nothing is relinquished.
        // - `dev` is valid for `'a`, and `buffer` is not used after that.
        let dev = unsafe { ARef::from_raw(NonNull::from(dev)) };

        // INVARIANT: The type invariants of `buffer` are those of `self`. The device is bound as
        // long as there is a `&'a Device<Bound>`.
        Coherent {
            buffer: ManuallyDrop::new(dma::Coherent {
                dev,
                dma_addr: self.dma_addr,
                cpu_addr: self.cpu_addr,
                dma_attrs: self.dma_attrs,
                kind: PhantomData,
            }),
            dev: PhantomData,
        }
    }
}

impl<T: KnownSize + ?Sized, Kind: CoherentKind> Drop for Coherent<'_, T, Kind> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: `self` is dropped, so the buffer is not used afterwards.
        unsafe { self.buffer.free() }
    }
}

// There is no `DerefMut`: it would allow to swap the buffer with one that owns a reference count.
impl<T: KnownSize + ?Sized, Kind: CoherentKind> Deref for Coherent<'_, T, Kind> {
    type Target = dma::Coherent<T, Kind>;

    #[inline]
    fn deref(&self) -> &Self::Target {
        &self.buffer
    }
}

impl<'a, T: ?Sized + KnownSize, Kind: CoherentKind> IoBase<'a> for &'a Coherent<'_, T, Kind> {
    type Backend = CoherentIoBackend<Kind>;
    type Target = T;

    #[inline]
    fn as_view(self) -> CoherentView<'a, T, Kind> {
        (&**self).as_view()
    }
}

impl<T: KnownSize + AsBytes + ?Sized> debugfs::BinaryWriter for Coherent<'_, T> {
    fn write_to_slice(
        &self,
        writer: &mut UserSliceWriter,
        offset: &mut file::Offset,
    ) -> Result<usize> {
        (**self).write_to_slice(writer, offset)
    }
}

/// Buffers for the device only, with a layout of fixed size.
impl<'a, T> Coherent<'a, T, NoMapping> {
    /// See [`dma::Coherent::new_with_attrs`].
    #[inline]
    pub fn new_with_attrs(
        dev: &'a Device<Bound>,
        gfp_flags: Flags,
        dma_attrs: Attrs,
    ) -> Result<Self> {
        Allocation::value(dev, gfp_flags, dma_attrs).map(Allocation::into_bound)
    }

    /// See [`dma::Coherent::new`].
    #[inline]
    pub fn new(dev: &'a Device<Bound>, gfp_flags: Flags) -> Result<Self> {
        Self::new_with_attrs(dev, gfp_flags, Attrs(0))
    }

    /// See [`dma::Coherent::new_zeroed_with_attrs`].
    #[inline]
    pub fn new_zeroed_with_attrs(
        dev: &'a Device<Bound>,
        gfp_flags: Flags,
        dma_attrs: Attrs,
    ) -> Result<Self> {
        Allocation::zeroed_value(dev, gfp_flags, dma_attrs).map(Allocation::into_bound)
    }

    /// See [`dma::Coherent::new_zeroed`].
    #[inline]
    pub fn new_zeroed(dev: &'a Device<Bound>, gfp_flags: Flags) -> Result<Self> {
        Self::new_zeroed_with_attrs(dev, gfp_flags, Attrs(0))
    }
}

/// Buffers for the device only, with a run-time length.
impl<'a, T> Coherent<'a, [T], NoMapping> {
    /// See [`dma::Coherent::alloc_with_attrs`].
    #[inline]
    pub fn alloc_with_attrs(
        dev: &'a Device<Bound>,
        len: usize,
        gfp_flags: Flags,
        dma_attrs: Attrs,
    ) -> Result<Self> {
        Allocation::elements(dev, len, gfp_flags, dma_attrs).map(Allocation::into_bound)
    }

    /// See [`dma::Coherent::alloc`].
    #[inline]
    pub fn alloc(dev: &'a Device<Bound>, len: usize, gfp_flags: Flags) -> Result<Self> {
        Self::alloc_with_attrs(dev, len, gfp_flags, Attrs(0))
    }

    /// See [`dma::Coherent::alloc_zeroed_with_attrs`].
    #[inline]
    pub fn alloc_zeroed_with_attrs(
        dev: &'a Device<Bound>,
        len: usize,
        gfp_flags: Flags,
        dma_attrs: Attrs,
    ) -> Result<Self> {
        Allocation::zeroed_elements(dev, len, gfp_flags, dma_attrs).map(Allocation::into_bound)
    }

    /// See [`dma::Coherent::alloc_zeroed`].
    #[inline]
    pub fn alloc_zeroed(dev: &'a Device<Bound>, len: usize, gfp_flags: Flags) -> Result<Self> {
        Self::alloc_zeroed_with_attrs(dev, len, gfp_flags, Attrs(0))
    }
}

impl<T: KnownSize + ?Sized> Coherent<'_, T, NoMapping> {
    /// See [`dma::Coherent::try_cast`].
    // The method of `Io`, which has more bounds, would be found before that of `dma::Coherent`.
    #[inline]
    pub fn try_cast<U>(&self) -> Result<CoherentView<'_, U, NoMapping>> {
        (**self).try_cast()
    }
}

/// Buffers for the CPU and the device.
impl<'a, T: AsBytes + FromBytes> Coherent<'a, T> {
    /// See [`dma::Coherent::zeroed_with_attrs`].
    #[inline]
    pub fn zeroed_with_attrs(
        dev: &'a Device<Bound>,
        gfp_flags: Flags,
        dma_attrs: Attrs,
    ) -> Result<Self> {
        Allocation::value(dev, gfp_flags | __GFP_ZERO, dma_attrs).map(Allocation::into_bound)
    }

    /// See [`dma::Coherent::zeroed`].
    #[inline]
    pub fn zeroed(dev: &'a Device<Bound>, gfp_flags: Flags) -> Result<Self> {
        Self::zeroed_with_attrs(dev, gfp_flags, Attrs(0))
    }

    /// See [`dma::Coherent::init_with_attrs`].
    pub fn init_with_attrs<E>(
        dev: &'a Device<Bound>,
        gfp_flags: Flags,
        dma_attrs: Attrs,
        init: impl Init<T, E>,
    ) -> Result<Self>
    where
        Error: From<E>,
    {
        let dmem = Allocation::value(dev, gfp_flags, dma_attrs)?.into_bound();

        // SAFETY:
        // - By the type invariants of `dma::Coherent` for `Normal`, the pointer is aligned and
        //   valid, and nobody else knows it yet.
        // - If this fails, `dmem` is dropped, which does not drop a `T`.
        unsafe { pin_init::raw_try_init(dmem.as_mut_ptr(), init)? };

        Ok(dmem)
    }

    /// See [`dma::Coherent::init`].
    #[inline]
    pub fn init<E>(dev: &'a Device<Bound>, gfp_flags: Flags, init: impl Init<T, E>) -> Result<Self>
    where
        Error: From<E>,
    {
        Self::init_with_attrs(dev, gfp_flags, Attrs(0), init)
    }

    /// See [`dma::Coherent::zeroed_slice_with_attrs`].
    #[inline]
    pub fn zeroed_slice_with_attrs(
        dev: &'a Device<Bound>,
        len: usize,
        gfp_flags: Flags,
        dma_attrs: Attrs,
    ) -> Result<Coherent<'a, [T]>> {
        Allocation::elements(dev, len, gfp_flags | __GFP_ZERO, dma_attrs)
            .map(Allocation::into_bound)
    }

    /// See [`dma::Coherent::zeroed_slice`].
    #[inline]
    pub fn zeroed_slice(
        dev: &'a Device<Bound>,
        len: usize,
        gfp_flags: Flags,
    ) -> Result<Coherent<'a, [T]>> {
        Self::zeroed_slice_with_attrs(dev, len, gfp_flags, Attrs(0))
    }

    /// See [`dma::Coherent::from_slice_with_attrs`].
    #[inline]
    pub fn from_slice_with_attrs(
        dev: &'a Device<Bound>,
        data: &[T],
        gfp_flags: Flags,
        dma_attrs: Attrs,
    ) -> Result<Coherent<'a, [T]>>
    where
        T: Copy,
    {
        CoherentBox::from_slice_with_attrs(dev, data, gfp_flags, dma_attrs).map(Into::into)
    }

    /// See [`dma::Coherent::from_slice`].
    #[inline]
    pub fn from_slice(
        dev: &'a Device<Bound>,
        data: &[T],
        gfp_flags: Flags,
    ) -> Result<Coherent<'a, [T]>>
    where
        T: Copy,
    {
        Self::from_slice_with_attrs(dev, data, gfp_flags, Attrs(0))
    }
}

/// A [`dma::CoherentBox`] that is freed before its device is unbound.
///
/// # Examples
///
/// ```
/// # use kernel::device::{
/// #     Bound,
/// #     Device,
/// # };
/// use kernel::dma::bound::{
///     Coherent,
///     CoherentBox, //
/// };
///
/// fn table(dev: &Device<Bound>, len: usize) -> Result<Coherent<'_, [u64]>> {
///     let mut table = CoherentBox::<'_, [u64]>::zeroed_slice(dev, len, GFP_KERNEL)?;
///     table.fill(42);
///     Ok(table.into())
/// }
/// ```
///
/// # Invariants
///
/// The device does not know the DMA address of the memory.
pub struct CoherentBox<'a, T: KnownSize + ?Sized>(Coherent<'a, T>);

impl<'a, T: AsBytes + FromBytes> CoherentBox<'a, [T]> {
    /// See [`dma::CoherentBox::zeroed_slice_with_attrs`].
    #[inline]
    pub fn zeroed_slice_with_attrs(
        dev: &'a Device<Bound>,
        count: usize,
        gfp_flags: Flags,
        dma_attrs: Attrs,
    ) -> Result<Self> {
        // INVARIANT: The allocation is new.
        Coherent::zeroed_slice_with_attrs(dev, count, gfp_flags, dma_attrs).map(Self)
    }

    /// See [`dma::CoherentBox::zeroed_slice`].
    #[inline]
    pub fn zeroed_slice(dev: &'a Device<Bound>, count: usize, gfp_flags: Flags) -> Result<Self> {
        Self::zeroed_slice_with_attrs(dev, count, gfp_flags, Attrs(0))
    }

    /// See [`dma::CoherentBox::init_at`].
    pub fn init_at<E>(&mut self, i: usize, init: impl Init<T, E>) -> Result
    where
        Error: From<E>,
    {
        boxed::init_at(self, i, init)
    }

    /// See [`dma::CoherentBox::from_slice_with_attrs`].
    pub fn from_slice_with_attrs(
        dev: &'a Device<Bound>,
        data: &[T],
        gfp_flags: Flags,
        dma_attrs: Attrs,
    ) -> Result<Self>
    where
        T: Copy,
    {
        let dmem = Allocation::elements(dev, data.len(), gfp_flags, dma_attrs)?;
        // INVARIANT: The allocation is new.
        let mut dmem = Self(dmem.into_bound());
        boxed::fill(&mut dmem, data);
        Ok(dmem)
    }

    /// See [`dma::CoherentBox::from_slice`].
    #[inline]
    pub fn from_slice(dev: &'a Device<Bound>, data: &[T], gfp_flags: Flags) -> Result<Self>
    where
        T: Copy,
    {
        Self::from_slice_with_attrs(dev, data, gfp_flags, Attrs(0))
    }
}

impl<'a, T: AsBytes + FromBytes> CoherentBox<'a, T> {
    /// See [`dma::CoherentBox::zeroed_with_attrs`].
    #[inline]
    pub fn zeroed_with_attrs(
        dev: &'a Device<Bound>,
        gfp_flags: Flags,
        dma_attrs: Attrs,
    ) -> Result<Self> {
        // INVARIANT: The allocation is new.
        Coherent::zeroed_with_attrs(dev, gfp_flags, dma_attrs).map(Self)
    }

    /// See [`dma::CoherentBox::zeroed`].
    #[inline]
    pub fn zeroed(dev: &'a Device<Bound>, gfp_flags: Flags) -> Result<Self> {
        Self::zeroed_with_attrs(dev, gfp_flags, Attrs(0))
    }
}

impl<T: KnownSize + ?Sized> Deref for CoherentBox<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY:
        // - By the type invariant, the device does not access the memory.
        // - The CPU accesses it through `self` only, which is borrowed.
        unsafe { self.0.as_ref() }
    }
}

impl<T: AsBytes + FromBytes + KnownSize + ?Sized> DerefMut for CoherentBox<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY:
        // - By the type invariant, the device does not access the memory.
        // - The CPU accesses it through `self` only, which is mutably borrowed.
        unsafe { self.0.as_mut() }
    }
}

impl<'a, T: AsBytes + FromBytes + KnownSize + ?Sized> From<CoherentBox<'a, T>> for Coherent<'a, T> {
    #[inline]
    fn from(value: CoherentBox<'a, T>) -> Self {
        value.0
    }
}
