// SPDX-License-Identifier: GPL-2.0

//! The arithmetic of [`Range`](super::Range).
//!
//! These functions depend on nothing but the two integer types that the parent module names, so
//! that a test can compile them for other ones: with 8 bits, all ranges can be tried.
//!
//! A *range* is a `base` and a `size` for which [`last`] returns an address.

use super::{
    Address,
    Size, //
};
use core::num::NonZero;

/// Returns the address of the last byte of `[base, base + size)`.
///
/// Returns [`None`] if there is no such byte, or if the last address wraps around. `base + size`
/// itself may: it is no address of the range.
#[inline]
pub(super) const fn last(base: Address, size: Size) -> Option<Address> {
    let Some(distance) = size.checked_sub(1) else {
        return None;
    };

    // CAST: Either type may be the wider one. What is lost here is missed when casting back.
    let offset = distance as Address;
    if offset as Size != distance {
        return None;
    }

    base.checked_add(offset)
}

/// Whether `[offset, offset + size)` is inside `[0, whole)`.
#[inline]
pub(super) const fn is_inside(whole: Size, offset: Size, size: Size) -> bool {
    match whole.checked_sub(offset) {
        Some(rest) => size <= rest,
        None => false,
    }
}

/// Returns the address at `offset`, which has to be inside the range.
#[inline]
pub(super) const fn address_at(base: Address, offset: Size) -> Address {
    // CAST: An offset inside the range fits into an address, as the last one does. For that reason
    // the sum does not wrap around either; `+` would have a check.
    base.wrapping_add(offset as Address)
}

/// Returns the offset of `address`, or [`None`] if it is outside the range.
#[inline]
pub(super) const fn offset_of(base: Address, size: Size, address: Address) -> Option<Size> {
    // Below `base` this wraps around, to no less than `size`: the range ends before `base` comes
    // again.
    let offset = address.wrapping_sub(base);

    // CAST: The offset of the last byte of a range fits into an address, hence a smaller or equal
    // one into a size.
    if offset <= size.wrapping_sub(1) as Address {
        Some(offset as Size)
    } else {
        None
    }
}

/// Returns a mask of the bits that are zero in the multiples of `alignment`, a power of two.
#[inline]
pub(super) const fn low_bits(alignment: Size) -> Address {
    // CAST: These are the lowest bits. If an address has fewer, it has all of them to be zero.
    alignment.wrapping_sub(1) as Address
}

/// Whether `base` is a multiple of `mask + 1`.
#[inline]
pub(super) const fn is_aligned(base: Address, mask: Address) -> bool {
    base & mask == 0
}

/// Returns the offset of the last byte before the next multiple of `mask + 1`, or of the last byte
/// of the range if that comes first.
#[inline]
pub(super) const fn before_boundary(base: Address, size: Size, mask: Address) -> Size {
    let distance = !base & mask;
    let end = size.wrapping_sub(1);

    // CAST: The offset of the last byte of a range fits into an address, hence a smaller one into
    // a size.
    if distance < end as Address {
        distance as Size
    } else {
        end
    }
}

/// Returns the number of pieces of the range if it is split at the multiples of `mask + 1`.
#[inline]
pub(super) const fn pieces(base: Address, size: Size, mask: Address) -> Size {
    /// Returns the number of the block that has the address.
    #[inline]
    const fn block(address: Address, mask: Address) -> Address {
        match address.checked_shr(mask.count_ones()) {
            Some(number) => number,
            None => 0,
        }
    }

    let last = address_at(base, size.wrapping_sub(1));

    // CAST: A piece has at least a byte, so there are at most `size` pieces.
    (block(last, mask).wrapping_sub(block(base, mask)) as Size).wrapping_add(1)
}

/// Returns the number of chunks of a range if all but the last have `chunk` bytes.
#[inline]
pub(super) const fn chunks(size: Size, chunk: NonZero<Size>) -> Size {
    // The divisor is not zero, which `get` tells the compiler.
    (size.wrapping_sub(1) / chunk.get()).wrapping_add(1)
}
