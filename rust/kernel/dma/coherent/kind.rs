// SPDX-License-Identifier: GPL-2.0

//! The kinds of [`Coherent`](super::Coherent) allocations.
//!
//! A kind is the type that says who may reach a buffer. It is settled when the buffer is allocated
//! and stays the same until the buffer is freed, hence it is a type and not a value.

use crate::{
    bindings,
    dma::Attrs, //
};

/// Marker trait for the kinds of a [`Coherent`] allocation.
///
/// A kind is what its [`ATTRS`](CoherentKind::ATTRS) are: they, and they alone, decide whether the
/// allocation gets a mapping for the CPU. Methods that touch memory from the CPU exist for
/// [`Normal`] only; a kind without a mapping does not refuse them at run time, it does not have
/// them.
///
/// This trait is sealed: [`Normal`] and [`NoMapping`] are its only implementations.
///
/// [`Coherent`]: crate::dma::Coherent
pub trait CoherentKind: private::Sealed {
    /// The attributes that this kind implies.
    ///
    /// They are settled after the ones that a caller passes to a constructor: a caller can neither
    /// add an attribute that decides about the kind nor mask it away.
    const ATTRS: Attrs;
}

/// The default [`CoherentKind`]: memory that both the CPU and the device can reach.
///
/// Methods for access by the CPU, such as [`Coherent::zeroed`] or [`io_read!`], exist for this kind
/// only.
///
/// [`Coherent::zeroed`]: crate::dma::Coherent::zeroed
/// [`io_read!`]: crate::io::io_read
pub struct Normal;

/// The [`CoherentKind`] of memory that only the device reaches.
///
/// The memory is allocated with `DMA_ATTR_NO_KERNEL_MAPPING`. In place of an address for the CPU the
/// C API returns an opaque cookie, which is kept to free the allocation and never handed out.
///
/// What a driver can do with such a buffer is to tell the device where it is: of the whole by
/// [`Coherent::dma_address`], of a part by [`io_project!`] and [`CoherentView::dma_address`].
///
/// "No mapping" is a promise about this API and not about the machine: some DMA backends ignore the
/// attribute and map the memory nevertheless (e.g. `iommu_dma_alloc()` in
/// `drivers/iommu/dma-iommu.c`), and on an architecture whose kernel maps all of its memory the
/// pages stay part of that mapping.
///
/// [`Coherent::dma_address`]: crate::dma::Coherent::dma_address
/// [`CoherentView::dma_address`]: crate::dma::CoherentView::dma_address
/// [`io_project!`]: crate::io::io_project
pub struct NoMapping;

/// The attribute that a kind decides about, and which a caller therefore cannot.
pub(super) const NO_KERNEL_MAPPING: Attrs = Attrs(bindings::DMA_ATTR_NO_KERNEL_MAPPING);

impl CoherentKind for Normal {
    const ATTRS: Attrs = Attrs(0);
}

impl CoherentKind for NoMapping {
    const ATTRS: Attrs = NO_KERNEL_MAPPING;
}

mod private {
    pub trait Sealed {}

    impl Sealed for super::Normal {}
    impl Sealed for super::NoMapping {}
}
