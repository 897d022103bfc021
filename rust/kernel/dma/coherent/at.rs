// SPDX-License-Identifier: GPL-2.0

//! Projections by constants.
//!
//! `[build: i]` of [`io_project!`] leaves it to the optimizer to find out that `i` is in bounds,
//! and one that is not is an undefined symbol when the driver is linked. An index or an offset that
//! is part of a type is checked when the type is used, and the error says where and by how much.
//!
//! [`io_project!`]: crate::io::io_project

use super::*;
use crate::ptr::projection::ProjectIndex;

/// A constant index into an array, for projections.
///
/// It goes where the index of [`io_project!`] goes. An index out of bounds is an error of the
/// compiler at the line of the projection, whatever the optimizer does.
///
/// An array knows its length, a slice does not until the program runs. So this is not for a
/// [`CoherentHandle`](super::CoherentHandle): there, `[try: i]` checks the index and fails with
/// [`ERANGE`].
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
/// let frames = Coherent::<[[u8; 4096]; 8], NoMapping>::new(dev, GFP_KERNEL)?;
/// let last = io_project!(&frames, [build: At::<7>]).dma_address();
/// assert_eq!(last, frames.dma_address() + 7 * 4096);
/// # Ok::<(), Error>(()) }
/// ```
///
/// [`io_project!`]: crate::io::io_project
pub struct At<const INDEX: usize>;

/// A constant range of an array, for projections: `LEN` elements from `START` on, at least one.
///
/// What it projects to is an array again, whose length the compiler knows. Otherwise this is like
/// [`At`].
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
/// let buf = Coherent::<[u8; 4096], NoMapping>::new(dev, GFP_KERNEL)?;
/// let part: CoherentView<'_, [u8; 64], NoMapping> = io_project!(&buf, [build: Span::<128, 64>]);
/// let byte = io_project!(part, [build: At::<63>]).dma_address();
/// assert_eq!(byte, buf.dma_address() + 191);
/// # Ok::<(), Error>(()) }
/// ```
pub struct Span<const START: usize, const LEN: usize>;

/// Fails to compile if `index` is not below `len`.
///
/// The compiler's own message for an array has both numbers in it; `panic!` could not format them.
#[inline]
const fn assert_in_bounds(index: usize, len: usize) {
    [(); usize::MAX].split_at(len).0[index]
}

// The check stands in each function, so that the place that the compiler names is the driver's.
//
// SAFETY: The output is `slice` and the offset of an element, which is in the array: else this does
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

// SAFETY: The output is `slice` and the offset of an element, and the last element of the output is
// in the array: else this does not compile.
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
    /// An offset that is not inside of a `T` does not compile. To name a part by its type instead
    /// of its offset, see [`io_project!`](crate::io::io_project).
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
    /// let fw = Coherent::<Firmware, NoMapping>::new(dev, GFP_KERNEL)?;
    /// let stack = fw.dma_address_at::<{ offset_of!(Firmware, heap) + 0x4000 }>();
    /// assert_eq!(stack, fw.dma_address() + 256 + 0x4000);
    /// # Ok::<(), Error>(()) }
    /// ```
    #[inline]
    pub fn dma_address_at<const OFFSET: usize>(&self) -> DmaAddress {
        const { assert_in_bounds(OFFSET, size_of::<T>()) };

        // CAST: An offset in an allocation fits into a DMA address, as the allocation itself does,
        // which does not wrap around either.
        self.dma_addr.wrapping_add(OFFSET as DmaAddress)
    }
}
