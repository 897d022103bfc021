// SPDX-License-Identifier: GPL-2.0

//! DMA-coherent memory that is not shared with the device yet.

use super::{
    Allocation,
    Coherent, //
};
use crate::{
    alloc::Flags,
    device::{
        Bound,
        Device, //
    },
    dma::Attrs,
    prelude::*,
    ptr::KnownSize,
    transmute::{
        AsBytes,
        FromBytes, //
    }, //
};
use core::ops::{
    Deref,
    DerefMut, //
};

/// A [`Coherent`] buffer that is not shared with the device yet.
///
/// A `CoherentBox` does not give out its DMA address, so only the CPU accesses the memory, by plain
/// references. Convert it to a [`Coherent`] to get the DMA address.
///
/// Its kind is [`Normal`](super::Normal). Context and errors are those of [`Coherent`].
///
/// # Examples
///
/// ```
/// # use kernel::device::{
/// #     Bound,
/// #     Device,
/// # };
/// use kernel::dma::{
///     Coherent,
///     CoherentBox, //
/// };
///
/// # fn test(dev: &Device<Bound>) -> Result {
/// let mut value: CoherentBox<u64> = CoherentBox::zeroed(dev, GFP_KERNEL)?;
/// *value = 42;
/// let value: Coherent<u64> = value.into();
/// # Ok::<(), Error>(()) }
/// ```
///
/// A slice:
///
/// ```
/// # use kernel::device::{
/// #     Bound,
/// #     Device,
/// # };
/// use kernel::dma::{
///     Coherent,
///     CoherentBox, //
/// };
///
/// # fn test(dev: &Device<Bound>) -> Result {
/// let mut table: CoherentBox<[u64]> = CoherentBox::zeroed_slice(dev, 4, GFP_KERNEL)?;
/// table.fill(42);
/// table.init_at(1, 43)?;
/// let table: Coherent<[u64]> = table.into();
/// # Ok::<(), Error>(()) }
/// ```
///
/// # Invariants
///
/// The device does not know the DMA address of the memory.
pub struct CoherentBox<T: KnownSize + ?Sized>(Coherent<T>);

impl<T: AsBytes + FromBytes> CoherentBox<[T]> {
    /// Allocates memory for `count` elements, see [`Coherent::zeroed_slice_with_attrs`].
    #[inline]
    pub fn zeroed_slice_with_attrs(
        dev: &Device<Bound>,
        count: usize,
        gfp_flags: Flags,
        dma_attrs: Attrs,
    ) -> Result<Self> {
        // INVARIANT: The allocation is new.
        Coherent::zeroed_slice_with_attrs(dev, count, gfp_flags, dma_attrs).map(Self)
    }

    /// Same as [`Self::zeroed_slice_with_attrs`], but with no attributes.
    #[inline]
    pub fn zeroed_slice(dev: &Device<Bound>, count: usize, gfp_flags: Flags) -> Result<Self> {
        Self::zeroed_slice_with_attrs(dev, count, gfp_flags, Attrs(0))
    }

    /// Initializes the element at index `i` with `init`.
    ///
    /// Returns [`EINVAL`] if `i` is out of bounds, or the error of `init`. If `init` fails, the
    /// element may be written in part.
    pub fn init_at<E>(&mut self, i: usize, init: impl Init<T, E>) -> Result
    where
        Error: From<E>,
    {
        init_at(self, i, init)
    }

    /// Allocates memory for a copy of `data`, see [`Coherent::from_slice_with_attrs`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use kernel::device::{
    /// #     Bound,
    /// #     Device,
    /// # };
    /// use kernel::dma::{
    ///     attrs::*,
    ///     CoherentBox, //
    /// };
    ///
    /// # fn test(dev: &Device<Bound>) -> Result {
    /// let c: CoherentBox<[u8]> =
    ///     CoherentBox::from_slice_with_attrs(dev, &[0, 1, 2, 3], GFP_KERNEL, DMA_ATTR_NO_WARN)?;
    /// assert_eq!(*c, [0, 1, 2, 3]);
    /// # Ok::<(), Error>(()) }
    /// ```
    pub fn from_slice_with_attrs(
        dev: &Device<Bound>,
        data: &[T],
        gfp_flags: Flags,
        dma_attrs: Attrs,
    ) -> Result<Self>
    where
        T: Copy,
    {
        let dmem = Allocation::elements(dev, data.len(), gfp_flags, dma_attrs)?;
        // INVARIANT: The allocation is new.
        let mut dmem = Self(dmem.into_coherent());
        fill(&mut dmem, data);
        Ok(dmem)
    }

    /// Same as [`Self::from_slice_with_attrs`], but with no attributes.
    #[inline]
    pub fn from_slice(dev: &Device<Bound>, data: &[T], gfp_flags: Flags) -> Result<Self>
    where
        T: Copy,
    {
        Self::from_slice_with_attrs(dev, data, gfp_flags, Attrs(0))
    }
}

impl<T: AsBytes + FromBytes> CoherentBox<T> {
    /// Allocates memory for a `T`, see [`Coherent::zeroed_with_attrs`].
    #[inline]
    pub fn zeroed_with_attrs(
        dev: &Device<Bound>,
        gfp_flags: Flags,
        dma_attrs: Attrs,
    ) -> Result<Self> {
        // INVARIANT: The allocation is new.
        Coherent::zeroed_with_attrs(dev, gfp_flags, dma_attrs).map(Self)
    }

    /// Same as [`Self::zeroed_with_attrs`], but with no attributes.
    #[inline]
    pub fn zeroed(dev: &Device<Bound>, gfp_flags: Flags) -> Result<Self> {
        Self::zeroed_with_attrs(dev, gfp_flags, Attrs(0))
    }
}

/// Copies `data` to a slice of the same length.
///
/// `copy_from_slice` checks the length, and leaves a panic path where it is not inlined.
#[inline]
pub(super) fn fill<T: Copy>(slice: &mut [T], data: &[T]) {
    slice.iter_mut().zip(data).for_each(|(to, of)| *to = *of);
}

/// Initializes the element of `slice` at index `i`.
pub(super) fn init_at<T: FromBytes, E>(slice: &mut [T], i: usize, init: impl Init<T, E>) -> Result
where
    Error: From<E>,
{
    let element: *mut T = slice.get_mut(i).ok_or(EINVAL)?;

    // SAFETY:
    // - `element` comes from a mutable reference, so it is aligned, valid and not aliased.
    // - If this fails, the element may be written in part. `T: FromBytes` makes that a valid value.
    unsafe { pin_init::raw_try_init(element, init)? };

    Ok(())
}

impl<T: KnownSize + ?Sized> Deref for CoherentBox<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &Self::Target {
        // SAFETY:
        // - By the type invariant, the device does not access the memory.
        // - The CPU accesses it through `self` only, which is borrowed.
        unsafe { self.0.as_ref() }
    }
}

impl<T: AsBytes + FromBytes + KnownSize + ?Sized> DerefMut for CoherentBox<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut Self::Target {
        // SAFETY:
        // - By the type invariant, the device does not access the memory.
        // - The CPU accesses it through `self` only, which is mutably borrowed.
        unsafe { self.0.as_mut() }
    }
}

impl<T: AsBytes + FromBytes + KnownSize + ?Sized> From<CoherentBox<T>> for Coherent<T> {
    #[inline]
    fn from(value: CoherentBox<T>) -> Self {
        value.0
    }
}
