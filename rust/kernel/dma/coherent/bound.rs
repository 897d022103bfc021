// SPDX-License-Identifier: GPL-2.0

//! DMA-coherent memory that cannot outlive the binding of its device.

use super::*;
use core::ops::Deref;

/// A [`Coherent`] allocation that ends before its device is unbound.
///
/// A [`Coherent`] keeps its device alive, but not bound to a driver. After unbinding, the DMA
/// operations of the device are reset and its mappings in an IOMMU may be gone, and then it is too
/// late to free. This holds the lifetime of a `&'bound Device<Bound>` as well, like `pci::Bar`
/// does: in the bus device private data of a driver (e.g. `pci::Driver::Data`) it is fine, and to
/// store it where it may stay for longer does not compile.
///
/// It dereferences to the [`Coherent`], so all methods and projections are there. Constructors are
/// those of [`Coherent`], followed by [`Coherent::bind`].
///
/// It can be leaked, e.g. by [`core::mem::forget`]. Then the memory is never freed, hence not too
/// late either.
///
/// Context and errors are those of [`Coherent`].
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
///         Coherent,
///         CoherentBound,
///         DmaAddress,
///         NoMapping, //
///     },
///     io::io_project, //
/// };
///
/// struct Ring<'bound> {
///     slots: CoherentBound<'bound, [[u8; 512]; 64], NoMapping>,
/// }
///
/// impl<'bound> Ring<'bound> {
///     fn new(dev: &'bound Device<Bound>) -> Result<Self> {
///         let slots = Coherent::<[[u8; 512]; 64], NoMapping>::new(dev, GFP_KERNEL)?;
///         Ok(Self {
///             slots: slots.bind(dev)?,
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
/// `buffer` is an allocation for a device that is bound during `'bound`.
pub struct CoherentBound<'bound, T: KnownSize + ?Sized, Kind: CoherentKind = Normal> {
    buffer: Coherent<T, Kind>,
    dev: PhantomData<&'bound Device<Bound>>,
}

impl<T: KnownSize + ?Sized, Kind: CoherentKind> Coherent<T, Kind> {
    /// Ties this allocation to the binding of its device.
    ///
    /// Returns [`EINVAL`] if it was made for another device than `dev`, and frees it.
    #[inline]
    pub fn bind<'bound>(
        self,
        dev: &'bound Device<Bound>,
    ) -> Result<CoherentBound<'bound, T, Kind>> {
        if self.dev.as_raw() != dev.as_raw() {
            return Err(EINVAL);
        }

        // INVARIANT: It is the same device, and it is bound as long as there is a reference that
        // says so.
        Ok(CoherentBound {
            buffer: self,
            dev: PhantomData,
        })
    }
}

impl<T: KnownSize + ?Sized, Kind: CoherentKind> Deref for CoherentBound<'_, T, Kind> {
    type Target = Coherent<T, Kind>;

    #[inline]
    fn deref(&self) -> &Self::Target {
        &self.buffer
    }
}

// There is no `DerefMut`, by which another `Coherent` could be exchanged for the one in here.

/// Without this, a value could be dropped when `'bound` is over: to drop `buffer` takes nothing
/// that has this lifetime, so the compiler would allow it.
impl<T: KnownSize + ?Sized, Kind: CoherentKind> Drop for CoherentBound<'_, T, Kind> {
    #[inline]
    fn drop(&mut self) {}
}
