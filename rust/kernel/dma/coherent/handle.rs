// SPDX-License-Identifier: GPL-2.0

//! Memory for the device only, with a run-time size.

use super::{
    Coherent,
    NoMapping, //
};

/// A buffer for the device only, with a run-time size in bytes.
///
/// Use this for memory without a layout. If the layout is known, use
/// [`Coherent<Layout, NoMapping>`](Coherent) instead.
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
/// // Fails with `ERANGE` if the byte at `offset` is out of bounds.
/// let firmware = io_project!(&heap, [try: offset]).dma_address();
/// # let _ = firmware;
/// # Ok::<(), Error>(()) }
/// ```
pub type CoherentHandle = Coherent<[u8], NoMapping>;
