// SPDX-License-Identifier: GPL-2.0

//! The ranges of buffers and of their parts.

use super::{
    super::{
        Coherent,
        CoherentKind,
        CoherentView, //
    },
    Range, //
};
use crate::{
    io::Io,
    prelude::*,
    ptr::KnownSize, //
};

impl<T: KnownSize + ?Sized, Kind: CoherentKind> Coherent<T, Kind> {
    /// Returns the DMA addresses of this allocation.
    ///
    /// A driver takes addresses from here where the offset is a number: [`Range::address_at`]
    /// checks it. Where a type says what is at which offset, see
    /// [`io_project!`](crate::io::io_project).
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
    ///         CoherentHandle,
    ///         DmaAddress, //
    ///     },
    ///     page::PAGE_SIZE, //
    /// };
    ///
    /// # fn test(dev: &Device<Bound>, offset: usize) -> Result {
    /// let heap = CoherentHandle::alloc(dev, 16 * PAGE_SIZE, GFP_KERNEL)?;
    ///
    /// // An offset beyond the buffer fails with `ERANGE`.
    /// let firmware: DmaAddress = heap.dma_range().address_at(offset)?;
    /// # let _ = firmware;
    /// # Ok::<(), Error>(()) }
    /// ```
    #[inline]
    pub fn dma_range(&self) -> Range {
        // INVARIANT: By the type invariants of `Coherent`, an allocation is not empty, and does not
        // wrap around the end of the address space.
        Range {
            base: self.dma_address(),
            size: self.size(),
        }
    }
}

impl<T: KnownSize + ?Sized, Kind: CoherentKind> CoherentView<'_, T, Kind> {
    /// Returns the DMA addresses of this part of the allocation.
    ///
    /// Returns [`EINVAL`] if the part is empty: it has a size of zero, as what `[try: offset..]`
    /// projects to if `offset` is the length of the slice.
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
    ///         NoMapping, //
    ///     },
    ///     io::io_project, //
    /// };
    ///
    /// # fn test(dev: &Device<Bound>, index: usize) -> Result {
    /// let frames = Coherent::<[[u8; 4096]], NoMapping>::alloc(dev, 8, GFP_KERNEL)?;
    /// let frame = io_project!(&frames, [try: index]).dma_range()?;
    /// assert_eq!(frames.dma_range().offset_of(frame.base()), Some(index * 4096));
    /// assert_eq!(frame.size(), 4096);
    /// # Ok::<(), Error>(()) }
    /// ```
    #[inline]
    pub fn dma_range(self) -> Result<Range> {
        let size = self.size();
        if size == 0 {
            return Err(EINVAL);
        }

        // INVARIANT: `size` is not zero. The part is one of an allocation, which does not wrap
        // around the end of the address space, by the type invariants of `Coherent`.
        Ok(Range {
            base: self.dma_address(),
            size,
        })
    }
}
