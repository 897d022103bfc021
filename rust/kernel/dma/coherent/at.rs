// SPDX-License-Identifier: GPL-2.0

//! Constant indices and offsets.
//!
//! The bounds check of `[build: i]` in [`io_project!`] has to be removed by the optimizer; if `i`
//! is out of bounds, the only diagnostic is an undefined symbol at modpost. An index or offset that
//! is part of a type is checked by the compiler, whose error has the line, the index and the
//! length.
//!
//! [`io_project!`]: crate::io::io_project

use super::{
    Coherent,
    CoherentKind, //
};
use crate::{
    dma::DmaAddress,
    prelude::*,
    ptr::projection::ProjectIndex, //
};

/// A constant index into an array, for [`io_project!`].
///
/// An index out of bounds does not compile, with every flavor of index: `[try: At::<8>]` never
/// fails at run time and `[panic: At::<8>]` never panics, so prefer `[build: At::<8>]`.
///
/// The length of a slice is not known at compile time. Use `[try: i]` for a
/// [`CoherentHandle`](super::CoherentHandle), which fails with [`ERANGE`].
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
///         At,
///         Coherent,
///         NoMapping, //
///     },
///     io::io_project, //
/// };
///
/// # fn test(dev: &Device<Bound>) -> Result {
/// let frames: Coherent<[[u8; 4096]; 8], NoMapping> = Coherent::new(dev, GFP_KERNEL)?;
/// let last = io_project!(&frames, [build: At::<7>]).dma_address();
/// assert_eq!(last - frames.dma_address(), 7 * 4096);
/// # Ok::<(), Error>(()) }
/// ```
///
/// [`io_project!`]: crate::io::io_project
pub struct At<const INDEX: usize>;

/// A constant range of an array, for [`io_project!`]: `LEN` elements from `START` on, at least one.
///
/// The projection is an array of `LEN` elements. Otherwise like [`At`].
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
///         At,
///         Coherent,
///         CoherentView,
///         NoMapping,
///         Span, //
///     },
///     io::io_project, //
/// };
///
/// # fn test(dev: &Device<Bound>) -> Result {
/// let buf: Coherent<[u8; 4096], NoMapping> = Coherent::new(dev, GFP_KERNEL)?;
/// let part: CoherentView<'_, [u8; 64], NoMapping> = io_project!(&buf, [build: Span::<128, 64>]);
/// let byte = io_project!(part, [build: At::<63>]).dma_address();
/// assert_eq!(byte - buf.dma_address(), 191);
/// # Ok::<(), Error>(()) }
/// ```
///
/// [`io_project!`]: crate::io::io_project
pub struct Span<const START: usize, const LEN: usize>;

/// Fails to compile if `index` is not below `len`.
///
/// The compiler's message for an index out of bounds has both numbers; `panic!` cannot format them
/// in a constant. A type of `N` elements would do for `At`, but not for a size.
#[inline]
const fn assert_in_bounds(index: usize, len: usize) {
    [(); usize::MAX].split_at(len).0[index]
}

// Each function has its own check, so that the compiler's error is at the driver's line.
//
// SAFETY: The output is `slice` plus the offset of an element that is in the array, or this does
// not compile.
unsafe impl<T, const INDEX: usize, const N: usize> ProjectIndex<[T; N]> for At<INDEX> {
    type Output = T;

    #[inline(always)]
    fn get(self, slice: *mut [T; N]) -> Option<*mut T> {
        const { assert_in_bounds(INDEX, N) };
        Some(self.build_index(slice))
    }

    #[inline(always)]
    fn index(self, slice: *mut [T; N]) -> *mut T {
        const { assert_in_bounds(INDEX, N) };
        self.build_index(slice)
    }

    #[inline(always)]
    fn build_index(self, slice: *mut [T; N]) -> *mut T {
        const { assert_in_bounds(INDEX, N) };
        slice.cast::<T>().wrapping_add(INDEX)
    }
}

// SAFETY: The output is `slice` plus the offset of an element, and its last element is in the
// array, or this does not compile.
unsafe impl<T, const START: usize, const LEN: usize, const N: usize> ProjectIndex<[T; N]>
    for Span<START, LEN>
{
    type Output = [T; LEN];

    #[inline(always)]
    fn get(self, slice: *mut [T; N]) -> Option<*mut [T; LEN]> {
        const { assert_in_bounds(START + (LEN - 1), N) };
        Some(self.build_index(slice))
    }

    #[inline(always)]
    fn index(self, slice: *mut [T; N]) -> *mut [T; LEN] {
        const { assert_in_bounds(START + (LEN - 1), N) };
        self.build_index(slice)
    }

    #[inline(always)]
    fn build_index(self, slice: *mut [T; N]) -> *mut [T; LEN] {
        const { assert_in_bounds(START + (LEN - 1), N) };
        slice.cast::<T>().wrapping_add(START).cast()
    }
}

impl<T, Kind: CoherentKind> Coherent<T, Kind> {
    /// Returns the DMA address of the byte at a constant offset.
    ///
    /// An offset out of bounds does not compile.
    ///
    /// # Examples
    ///
    /// ```
    /// # use kernel::device::{
    /// #     Bound,
    /// #     Device,
    /// # };
    /// use core::mem::offset_of;
    /// use kernel::dma::{
    ///     Coherent,
    ///     NoMapping, //
    /// };
    ///
    /// #[repr(C)]
    /// struct Firmware {
    ///     header: [u8; 256],
    ///     heap: [u8; 0x8000],
    /// }
    ///
    /// # fn test(dev: &Device<Bound>) -> Result {
    /// let fw: Coherent<Firmware, NoMapping> = Coherent::new(dev, GFP_KERNEL)?;
    /// let stack = fw.dma_address_at::<{ offset_of!(Firmware, heap) + 0x4000 }>();
    /// assert_eq!(stack - fw.dma_address(), 256 + 0x4000);
    /// # Ok::<(), Error>(()) }
    /// ```
    #[inline]
    pub fn dma_address_at<const OFFSET: usize>(&self) -> DmaAddress {
        const { assert_in_bounds(OFFSET, size_of::<T>()) };

        // CAST: An offset in an allocation fits into a DMA address, as the allocation does. By the
        // type invariants, the sum does not wrap.
        self.dma_addr.wrapping_add(OFFSET as DmaAddress)
    }
}
