// SPDX-License-Identifier: GPL-2.0

//! Memory for the device alone that holds zeroes at first.
//!
//! Without a mapping there is nothing to clear memory through, and the direct path does not clear
//! it. What has no `DMA_ATTR_NO_KERNEL_MAPPING` is zeroed by the C side: by the direct path, its
//! atomic and restricted pools, the pools of a device or of all devices, and dma-iommu in any case;
//! by some implementations of `struct dma_map_ops` (`ibmebus_alloc_coherent()` on powerpc,
//! `xen_grant_dma_alloc()`) if `__GFP_ZERO` is given. What is left is the atomic pool of arm.
//!
//! So memory is allocated with that flag and without that attribute here, and zeroed once more on
//! arm. That it has a mapping then is nobody's concern but that of whoever frees it.

use super::*;
use core::{
    mem::ManuallyDrop,
    ptr, //
};

/// Buffers for the device alone that are zeroed, with a layout of fixed size.
impl<T> Coherent<T, NoMapping> {
    /// Allocates memory for a `T` that only the device reaches, and which it reads as zeroes.
    ///
    /// This is for a device that must not see what the kernel had in the memory before. It holds
    /// whatever DMA backend the device has, and it is about the bytes of the `T`: the rest of the
    /// last page is zeroed on most roads and not on all (see `__dma_alloc_from_coherent()` in
    /// `kernel/dma/coherent.c`). As with everything in coherent memory, the device has to be told
    /// of the buffer in a way that is ordered after the writes to it, such as by an [`Io`] write to
    /// its registers.
    ///
    /// The price is that of [`Coherent::zeroed`]: clearing, and the mapping that the kind saves
    /// otherwise, on those platforms that have to make one. For the kind does not say how memory is
    /// allocated but who reaches it, and this allocates it without `DMA_ATTR_NO_KERNEL_MAPPING`;
    /// `dma_attrs` are other attributes.
    ///
    /// Errors and context are those of
    /// [`Coherent<T, NoMapping>::new_with_attrs`](Coherent::new_with_attrs).
    ///
    /// [`Io`]: crate::io::Io
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
    ///     Coherent,
    ///     NoMapping, //
    /// };
    ///
    /// # fn test(dev: &Device<Bound>) -> Result {
    /// let scratch = Coherent::<[u8; 8192], NoMapping>::new_zeroed_with_attrs(
    ///     dev,
    ///     GFP_KERNEL,
    ///     DMA_ATTR_WRITE_COMBINE,
    /// )?;
    /// assert_eq!(scratch.size(), 8192);
    /// # Ok::<(), Error>(()) }
    /// ```
    #[inline]
    pub fn new_zeroed_with_attrs(
        dev: &Device<Bound>,
        gfp_flags: Flags,
        dma_attrs: Attrs,
    ) -> Result<Self> {
        let mapped = Coherent::<T>::alloc_value(dev, gfp_flags | __GFP_ZERO, dma_attrs)?;
        Ok(mapped.zero_fresh().without_mapping())
    }

    /// Same as [`Self::new_zeroed_with_attrs`], but with no attributes.
    #[inline]
    pub fn new_zeroed(dev: &Device<Bound>, gfp_flags: Flags) -> Result<Self> {
        Self::new_zeroed_with_attrs(dev, gfp_flags, Attrs(0))
    }
}

/// Buffers for the device alone that are zeroed, of a length that is known at run time.
impl<T> Coherent<[T], NoMapping> {
    /// Allocates memory for `len` elements that only the device reaches, and which it reads as
    /// zeroes.
    ///
    /// `len` counts elements; for [`CoherentHandle`] these are bytes. What is zeroed, and at which
    /// price, is said at
    /// [`Coherent<T, NoMapping>::new_zeroed_with_attrs`](Coherent::new_zeroed_with_attrs).
    ///
    /// Errors and context are those of
    /// [`Coherent<[T], NoMapping>::alloc_with_attrs`](Coherent::alloc_with_attrs).
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
    ///     CoherentHandle, //
    /// };
    ///
    /// # fn test(dev: &Device<Bound>, size: usize) -> Result {
    /// let heap =
    ///     CoherentHandle::alloc_zeroed_with_attrs(dev, size, GFP_KERNEL, DMA_ATTR_NO_WARN)?;
    /// assert_eq!(heap.size(), size);
    /// # Ok::<(), Error>(()) }
    /// ```
    #[inline]
    pub fn alloc_zeroed_with_attrs(
        dev: &Device<Bound>,
        len: usize,
        gfp_flags: Flags,
        dma_attrs: Attrs,
    ) -> Result<Self> {
        let mapped = Coherent::<[T]>::alloc_elements(dev, len, gfp_flags | __GFP_ZERO, dma_attrs)?;
        Ok(mapped.zero_fresh().without_mapping())
    }

    /// Same as [`Self::alloc_zeroed_with_attrs`], but with no attributes.
    #[inline]
    pub fn alloc_zeroed(dev: &Device<Bound>, len: usize, gfp_flags: Flags) -> Result<Self> {
        Self::alloc_zeroed_with_attrs(dev, len, gfp_flags, Attrs(0))
    }
}

impl<T: KnownSize + ?Sized> Coherent<T> {
    /// Zeroes fresh memory where the C side does not.
    #[inline]
    fn zero_fresh(self) -> Self {
        // `__alloc_from_pool()` in `arch/arm/mm/dma-mapping.c`, for a device that is not coherent
        // and an allocation that must not block.
        if cfg!(CONFIG_ARM) {
            // SAFETY: By the type invariants for `Normal`, the memory is valid for writes of
            // `size()` bytes. It is new: nobody else knows it, and it holds no value of `T`.
            unsafe { self.as_mut_ptr().cast::<u8>().write_bytes(0, self.size()) };
        }
        self
    }

    /// Forgets that there is a mapping.
    #[inline]
    fn without_mapping(self) -> Coherent<T, NoMapping> {
        let this = ManuallyDrop::new(self);

        // INVARIANT: It is the same allocation, made for the same device, with the size, address
        // and attributes that it had. For `NoMapping` the address is a cookie, whatever is there.
        Coherent {
            // SAFETY: `this` is not dropped, so the reference that it holds moves.
            dev: unsafe { ptr::read(&this.dev) },
            dma_addr: this.dma_addr,
            cpu_addr: this.cpu_addr,
            dma_attrs: this.dma_attrs,
            kind: PhantomData,
        }
    }
}
