// SPDX-License-Identifier: GPL-2.0

//! Ranges of DMA addresses.
//!
//! A base address and a size, with arithmetic that stays inside.
//!
//! A type of this name is asked for in <https://github.com/Rust-for-Linux/linux/issues/1248>, and a
//! patch for it has been posted. Names in here may change to those that the kernel adopts.

mod arithmetic;
mod buffer;

use super::super::{
    DmaAddress,
    DmaMask, //
};
use crate::{
    num::Bounded,
    prelude::*,
    ptr::Alignment, //
};
use core::{
    iter::FusedIterator,
    num::NonZero, //
};

/// The types that [`arithmetic`] is compiled for.
type Address = DmaAddress;
type Size = usize;

/// A range of DMA addresses, `[base, base + size)`, that is not empty.
///
/// This is what a driver passes on instead of an address and a size: addresses and ranges that are
/// derived from it are inside it, and no sum wraps around. A range may end at the very end of the
/// address space, where `base + size` is no address any more.
///
/// A range says nothing about what is there: like a [`DmaAddress`], it stays the same when the
/// memory is freed.
///
/// [`Coherent::dma_range`] returns the range of a buffer.
///
/// # Examples
///
/// ```
/// use kernel::dma::Range;
///
/// let ring = Range::new(0x1_0000, 0x800)?;
/// assert_eq!(ring.address_at(0x7ff)?, 0x1_07ff);
/// assert_eq!(ring.address_at(0x800), Err(ERANGE));
/// assert_eq!(ring.offset_of(0x1_0040), Some(0x40));
///
/// let entry = ring.subrange(0x7c0, 0x40)?;
/// assert_eq!(entry.base(), 0x1_07c0);
/// assert_eq!(ring.subrange(0x7c0, 0x41), Err(ERANGE));
/// # Ok::<(), Error>(())
/// ```
///
/// # Invariants
///
/// - `size` is not zero.
/// - `base + (size - 1)`, the last address, is representable in a [`DmaAddress`].
///
/// [`Coherent::dma_range`]: crate::dma::Coherent::dma_range
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    base: DmaAddress,
    size: usize,
}

impl Range {
    /// Creates the range of `size` bytes from `base` on.
    ///
    /// Returns [`EINVAL`] if `size` is zero, or if the range wraps around the end of the address
    /// space.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::dma::{
    ///     DmaAddress,
    ///     Range, //
    /// };
    ///
    /// // The last byte of the address space is there, the one that follows is not.
    /// assert!(Range::new(DmaAddress::MAX, 1).is_ok());
    /// assert_eq!(Range::new(DmaAddress::MAX, 2), Err(EINVAL));
    ///
    /// assert_eq!(Range::new(0x1000, 0), Err(EINVAL));
    /// ```
    #[inline]
    pub const fn new(base: DmaAddress, size: usize) -> Result<Self> {
        match arithmetic::last(base, size) {
            // INVARIANT: `last()` returns an address only if `size` is not zero and nothing wraps.
            Some(_) => Ok(Self { base, size }),
            None => Err(EINVAL),
        }
    }

    /// Returns the first address.
    #[inline]
    pub const fn base(self) -> DmaAddress {
        self.base
    }

    /// Returns the number of bytes, which is not zero.
    #[inline]
    pub const fn size(self) -> usize {
        self.size
    }

    /// Returns the last address, for devices whose registers take an inclusive limit.
    #[inline]
    pub const fn last(self) -> DmaAddress {
        arithmetic::address_at(self.base, self.size.wrapping_sub(1))
    }

    /// Returns the address at `offset`, in bytes from the base.
    ///
    /// Returns [`ERANGE`] if `offset` is not inside the range.
    #[inline]
    pub const fn address_at(self, offset: usize) -> Result<DmaAddress> {
        if offset < self.size {
            Ok(arithmetic::address_at(self.base, offset))
        } else {
            Err(ERANGE)
        }
    }

    /// Returns the range of `size` bytes at `offset`, in bytes from the base.
    ///
    /// Returns [`EINVAL`] if `size` is zero, as [`Self::new`] does, and else [`ERANGE`] if not all
    /// of it is inside the range.
    #[inline]
    pub const fn subrange(self, offset: usize, size: usize) -> Result<Self> {
        if size == 0 {
            return Err(EINVAL);
        }
        if !arithmetic::is_inside(self.size, offset, size) {
            return Err(ERANGE);
        }

        // INVARIANT: `size` is not zero, and the last address is one of `self`.
        Ok(Self {
            base: arithmetic::address_at(self.base, offset),
            size,
        })
    }

    /// Whether `address` is inside the range.
    #[inline]
    pub const fn contains(self, address: DmaAddress) -> bool {
        self.offset_of(address).is_some()
    }

    /// Returns the offset of `address` in bytes from the base, or [`None`] if it is outside.
    ///
    /// With this, a driver finds its buffer again by an address that the device returns.
    #[inline]
    pub const fn offset_of(self, address: DmaAddress) -> Option<usize> {
        arithmetic::offset_of(self.base, self.size, address)
    }

    /// Whether the base is a multiple of `alignment`. The size need not be.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::{
    ///     dma::Range,
    ///     ptr::Alignment, //
    /// };
    ///
    /// let range = Range::new(0x1_0200, 0x80)?;
    /// assert!(range.is_aligned(Alignment::new::<0x200>()));
    /// assert!(!range.is_aligned(Alignment::new::<0x400>()));
    /// # Ok::<(), Error>(())
    /// ```
    #[inline]
    pub const fn is_aligned(self, alignment: Alignment) -> bool {
        arithmetic::is_aligned(self.base, arithmetic::low_bits(alignment.as_usize()))
    }

    /// Splits the range into pieces of `size` bytes, the last of which may be shorter.
    ///
    /// Returns [`EINVAL`] if `size` is zero.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::dma::Range;
    ///
    /// let mut chunks = Range::new(0x1_0000, 0x2800)?.chunks(0x1000)?;
    /// assert_eq!(chunks.len(), 3);
    /// assert_eq!(chunks.next(), Some(Range::new(0x1_0000, 0x1000)?));
    /// assert_eq!(chunks.last(), Some(Range::new(0x1_2000, 0x800)?));
    /// # Ok::<(), Error>(())
    /// ```
    #[inline]
    pub const fn chunks(
        self,
        size: usize,
    ) -> Result<impl ExactSizeIterator<Item = Self> + FusedIterator + Clone> {
        match NonZero::new(size) {
            Some(size) => Ok(Chunks {
                rest: Some(self),
                size,
            }),
            None => Err(EINVAL),
        }
    }

    /// Splits the range at the multiples of `boundary`, so that no piece crosses one.
    ///
    /// This is for devices that take a list of pages, or that cannot count across a boundary. For
    /// one that may not fit into a [`usize`], see [`Self::split_at_boundary_mask`].
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::{
    ///     dma::Range,
    ///     ptr::Alignment, //
    /// };
    ///
    /// let page = Alignment::new::<0x1000>();
    /// let mut pages = Range::new(0x1_0e00, 0x1400)?.split_at_boundary(page);
    /// assert_eq!(pages.len(), 3);
    /// assert_eq!(pages.next(), Some(Range::new(0x1_0e00, 0x200)?));
    /// assert_eq!(pages.next(), Some(Range::new(0x1_1000, 0x1000)?));
    /// assert_eq!(pages.next(), Some(Range::new(0x1_2000, 0x200)?));
    /// assert_eq!(pages.next(), None);
    /// # Ok::<(), Error>(())
    /// ```
    #[inline]
    pub const fn split_at_boundary(
        self,
        boundary: Alignment,
    ) -> impl ExactSizeIterator<Item = Self> + FusedIterator + Clone {
        Pieces {
            rest: Some(self),
            mask: arithmetic::low_bits(boundary.as_usize()),
        }
    }

    /// Splits the range at the multiples of `mask + 1`, so that no piece crosses one.
    ///
    /// The mask is that of `dma_set_seg_boundary()` in C. It exists also for a boundary of 4 GiB
    /// where a [`usize`] has 32 bits.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::dma::{
    ///     DmaMask,
    ///     Range, //
    /// };
    ///
    /// let range = Range::new(0xffff_f000, 0xc00)?;
    /// let pieces = range.split_at_boundary_mask(DmaMask::new::<16>());
    /// assert_eq!(pieces.len(), 1);
    /// # Ok::<(), Error>(())
    /// ```
    #[inline]
    pub const fn split_at_boundary_mask(
        self,
        mask: DmaMask,
    ) -> impl ExactSizeIterator<Item = Self> + FusedIterator + Clone {
        Pieces {
            rest: Some(self),
            // CAST: The lowest bits are set. If an address has fewer, there is no boundary in the
            // address space, and all of its bits are set.
            mask: mask.value() as DmaAddress,
        }
    }

    /// Returns the base, if every address of the range fits into `N` bits.
    ///
    /// Returns [`ERANGE`] otherwise.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::dma::Range;
    ///
    /// let range = Range::new(0xff00, 0x100)?;
    /// assert_eq!(range.fits::<16>()?.get(), 0xff00);
    ///
    /// // The base fits into 16 bits here too, but not the last address.
    /// assert!(Range::new(0xff00, 0x101)?.fits::<16>().is_err());
    /// # Ok::<(), Error>(())
    /// ```
    #[allow(clippy::useless_conversion, reason = "a `DmaAddress` may have 32 bits")]
    #[inline]
    pub fn fits<const N: u32>(self) -> Result<Bounded<u64, N>> {
        Bounded::<u64, N>::try_new(self.last().into())
            .and_then(|_| Bounded::try_new(self.base.into()))
            .ok_or(ERANGE)
    }

    /// Splits after the byte at `offset`. There is no second part if no byte follows.
    #[inline]
    const fn split_after(self, offset: usize) -> (Self, Option<Self>) {
        if offset >= self.size.wrapping_sub(1) {
            return (self, None);
        }

        let size = offset.wrapping_add(1);
        // INVARIANT: `0 < size < self.size`, so neither size is zero, and both last addresses are
        // ones of `self`.
        (
            Self {
                base: self.base,
                size,
            },
            Some(Self {
                base: arithmetic::address_at(self.base, size),
                size: self.size.wrapping_sub(size),
            }),
        )
    }
}

/// Iterator over the pieces of a range that have the same size, but for the last.
#[derive(Clone)]
struct Chunks {
    rest: Option<Range>,
    size: NonZero<usize>,
}

impl Iterator for Chunks {
    type Item = Range;

    #[inline]
    fn next(&mut self) -> Option<Range> {
        let (first, rest) = self.rest?.split_after(self.size.get().wrapping_sub(1));
        self.rest = rest;
        Some(first)
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        let count = match self.rest {
            Some(rest) => arithmetic::chunks(rest.size, self.size),
            None => 0,
        };
        (count, Some(count))
    }
}

impl ExactSizeIterator for Chunks {}
impl FusedIterator for Chunks {}

/// Iterator over the pieces of a range that are between multiples of `mask + 1`.
#[derive(Clone)]
struct Pieces {
    rest: Option<Range>,
    mask: DmaAddress,
}

impl Iterator for Pieces {
    type Item = Range;

    #[inline]
    fn next(&mut self) -> Option<Range> {
        let range = self.rest?;
        let end = arithmetic::before_boundary(range.base, range.size, self.mask);
        let (first, rest) = range.split_after(end);
        self.rest = rest;
        Some(first)
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        let count = match self.rest {
            Some(rest) => arithmetic::pieces(rest.base, rest.size, self.mask),
            None => 0,
        };
        (count, Some(count))
    }
}

impl ExactSizeIterator for Pieces {}
impl FusedIterator for Pieces {}

/// Returns the lower half of a DMA address of 64 bits, as `lower_32_bits()` in C.
///
/// # Examples
///
/// ```
/// use kernel::dma::{
///     lower_32_bits,
///     upper_32_bits, //
/// };
///
/// # #[cfg(CONFIG_ARCH_DMA_ADDR_T_64BIT)] {
/// let address = 0x1234_5678_9abc;
/// assert_eq!(lower_32_bits(address), 0x5678_9abc);
/// assert_eq!(upper_32_bits(address), 0x1234);
/// # }
/// ```
#[inline]
pub const fn lower_32_bits(address: DmaAddress) -> u32 {
    // CAST: The upper half is to be lost.
    address as u32
}

/// Returns the upper half of a DMA address of 64 bits, as `upper_32_bits()` in C.
///
/// It is zero where a [`DmaAddress`] has 32 bits.
#[inline]
pub const fn upper_32_bits(address: DmaAddress) -> u32 {
    // CAST: At most 32 bits are left. Shifting a `u32` by all of its bits at once is an error.
    (address >> 16 >> 16) as u32
}
