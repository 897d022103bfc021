// SPDX-License-Identifier: GPL-2.0

//! Zeroed memory for the device only.
//!
//! `dma_direct_alloc_no_mapping()` never zeroes memory. Without `DMA_ATTR_NO_KERNEL_MAPPING`, the C
//! side zeroes it: dma-direct with its atomic and restricted pools, per-device and global pools,
//! and dma-iommu always; some `struct dma_map_ops` (`ibmebus_alloc_coherent()` on powerpc,
//! `xen_grant_dma_alloc()`) only with `__GFP_ZERO`. The exception is the atomic pool of 32-bit arm.
//!
//! So the memory is allocated with that flag and without that attribute, and zeroed again on arm.
//! The mapping is unused; only the free path needs its address.
//!
//! With `CONFIG_ARM_DMA_USE_IOMMU`, nothing helps an allocation of more than a page that must not
//! block, or that is for a coherent device: `arm_iommu_alloc_attrs()` calls
//! `__iommu_alloc_simple()`, which maps the wrong pages behind the first, for every kind.

use super::{
    Allocation,
    Coherent,
    NoMapping,
    Normal, //
};
use crate::{
    alloc::Flags,
    device::{
        Bound,
        Device, //
    },
    dma::{
        attrs::DMA_ATTR_MMIO,
        Attrs, //
    },
    prelude::*,
    ptr::KnownSize, //
};
use core::marker::PhantomData;

impl<'a, T: KnownSize + ?Sized> Allocation<'a, T, Normal> {
    /// Zeroes the memory where the C side does not, and forgets that there is a mapping.
    #[inline]
    fn zeroed_without_mapping(self) -> Allocation<'a, T, NoMapping> {
        // `__alloc_from_pool()` in `arch/arm/mm/dma-mapping.c`, for a device that is not coherent
        // and an allocation that must not block.
        if cfg!(CONFIG_ARM) {
            let size = T::size(self.cpu_addr.as_ptr());
            // SAFETY: By the type invariants for `Normal`, the memory is valid for writes of `size`
            // bytes. It is new: nobody else knows it, and it holds no value of `T`.
            unsafe { self.cpu_addr.cast::<u8>().write_bytes(0, size) };
        }

        // INVARIANT: It is the same allocation. For `NoMapping`, the address is a cookie.
        Allocation {
            dev: self.dev,
            dma_addr: self.dma_addr,
            cpu_addr: self.cpu_addr,
            dma_attrs: self.dma_attrs,
            kind: PhantomData,
        }
    }
}

impl<'a, T> Allocation<'a, T, NoMapping> {
    /// Allocates zeroed memory for a `T`.
    #[inline]
    pub(super) fn zeroed_value(
        dev: &'a Device<Bound>,
        gfp_flags: Flags,
        dma_attrs: Attrs,
    ) -> Result<Self> {
        Allocation::<T, Normal>::value(dev, gfp_flags | __GFP_ZERO, dma_attrs & !DMA_ATTR_MMIO)
            .map(Allocation::zeroed_without_mapping)
    }
}

impl<'a, T> Allocation<'a, [T], NoMapping> {
    /// Allocates zeroed memory for `len` elements.
    #[inline]
    pub(super) fn zeroed_elements(
        dev: &'a Device<Bound>,
        len: usize,
        gfp_flags: Flags,
        dma_attrs: Attrs,
    ) -> Result<Self> {
        let dma_attrs = dma_attrs & !DMA_ATTR_MMIO;
        Allocation::<[T], Normal>::elements(dev, len, gfp_flags | __GFP_ZERO, dma_attrs)
            .map(Allocation::zeroed_without_mapping)
    }
}

/// Zeroed buffers for the device only, with a layout of fixed size.
impl<T> Coherent<T, NoMapping> {
    /// Allocates zeroed memory for a `T` that only the device can access.
    ///
    /// Use this if the device must not see stale kernel memory, and on 32-bit arm for every device
    /// that does not snoop the CPU caches: there, `Coherent::new` does not write the caches back.
    ///
    /// The bytes of the `T` are zeroed. The rest of the last page may be stale in memory of a
    /// per-device pool (`__dma_alloc_from_coherent()` in `kernel/dma/coherent.c` zeroes the
    /// requested size). To order the zeroes before the device's first access, tell the device the
    /// address by an [`Io`] write to its registers that is not relaxed ([`RelaxedMmio`] orders
    /// nothing).
    ///
    /// This costs as much as [`Coherent::zeroed`]: the memory is zeroed, and mapped on platforms
    /// that map it, since it is allocated without `DMA_ATTR_NO_KERNEL_MAPPING`. `DMA_ATTR_MMIO` is
    /// masked as well: with it, dma-iommu may not flush the zeroes.
    ///
    /// Errors and context are those of
    /// [`Coherent<T, NoMapping>::new_with_attrs`](Coherent::new_with_attrs), but allocations do not
    /// fail because of AMD's GART. On 32-bit arm, for a device that does not snoop the CPU caches,
    /// the memory can lie outside the DMA mask, as that of a [`Normal`] buffer can: `__dma_alloc()`
    /// in `arch/arm/mm/dma-mapping.c` does not check the result.
    ///
    /// [`Io`]: crate::io::Io
    /// [`RelaxedMmio`]: crate::io::RelaxedMmio
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
    /// let scratch: Coherent<[u8; 8192], NoMapping> =
    ///     Coherent::new_zeroed_with_attrs(dev, GFP_KERNEL, DMA_ATTR_WRITE_COMBINE)?;
    /// assert_eq!(scratch.size(), 8192);
    /// # Ok::<(), Error>(()) }
    /// ```
    #[inline]
    pub fn new_zeroed_with_attrs(
        dev: &Device<Bound>,
        gfp_flags: Flags,
        dma_attrs: Attrs,
    ) -> Result<Self> {
        Allocation::zeroed_value(dev, gfp_flags, dma_attrs).map(Allocation::into_coherent)
    }

    /// Same as [`Self::new_zeroed_with_attrs`], but with no attributes.
    #[inline]
    pub fn new_zeroed(dev: &Device<Bound>, gfp_flags: Flags) -> Result<Self> {
        Self::new_zeroed_with_attrs(dev, gfp_flags, Attrs(0))
    }
}

/// Zeroed buffers for the device only, with a run-time length.
impl<T> Coherent<[T], NoMapping> {
    /// Allocates zeroed memory for `len` elements that only the device can access.
    ///
    /// Otherwise like
    /// [`Coherent<T, NoMapping>::new_zeroed_with_attrs`](Coherent::new_zeroed_with_attrs). Further
    /// errors are those of
    /// [`Coherent<[T], NoMapping>::alloc_with_attrs`](Coherent::alloc_with_attrs): [`EINVAL`] if
    /// `len` is zero, and [`ENOMEM`] if the size overflows.
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
        Allocation::zeroed_elements(dev, len, gfp_flags, dma_attrs).map(Allocation::into_coherent)
    }

    /// Same as [`Self::alloc_zeroed_with_attrs`], but with no attributes.
    #[inline]
    pub fn alloc_zeroed(dev: &Device<Bound>, len: usize, gfp_flags: Flags) -> Result<Self> {
        Self::alloc_zeroed_with_attrs(dev, len, gfp_flags, Attrs(0))
    }
}
