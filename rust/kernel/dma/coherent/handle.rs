// SPDX-License-Identifier: GPL-2.0

//! Memory for the device only, with a run-time size.

use super::{
    Coherent,
    NoMapping, //
};

/// A buffer of bytes for the device alone, of a size that is known at run time.
///
/// This is the case of [`Coherent<T, NoMapping>`](Coherent) for memory that has no layout, or one
/// that only the device knows. Where the layout is known, let the type say it.
///
/// # Examples
///
/// ```
/// # use kernel::device::{
/// #     Bound,
/// #     Device,
/// # };
/// use kernel::{
///     dma::CoherentHandle,
///     io::io_project,
///     page::PAGE_SIZE, //
/// };
///
/// # fn test(dev: &Device<Bound>, offset: usize) -> Result {
/// let heap = CoherentHandle::alloc(dev, 16 * PAGE_SIZE, GFP_KERNEL)?;
/// assert_eq!(heap.size(), 16 * PAGE_SIZE);
///
/// // An offset beyond the buffer fails with `ERANGE`.
/// let firmware = io_project!(&heap, [try: offset..]).dma_address();
/// # let _ = firmware;
/// # Ok::<(), Error>(()) }
/// ```
pub type CoherentHandle = Coherent<[u8], NoMapping>;
