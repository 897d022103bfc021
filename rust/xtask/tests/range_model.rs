// SPDX-License-Identifier: GPL-2.0

//! The arithmetic of `kernel::dma::Range`, for small integers and all of their values.
//!
//! The file of the library is compiled for each pair of types. What its functions return is compared
//! with mathematics in `i64`, where nothing wraps around.

#![allow(clippy::duplicate_mod, reason = "the same text for other types")]

/// Compiles the arithmetic for a pair of types, and the tests for it.
///
/// `$bases` are the bases to try, besides all of them for the end of a range.
macro_rules! model {
    ($name:ident, $Address:ty, $Size:ty, $bases:expr) => {
        // The directory for the paths in here.
        #[path = "."]
        mod $name {
            type Address = $Address;
            type Size = $Size;

            #[path = "../../kernel/dma/coherent/range/arithmetic.rs"]
            mod arithmetic;

            use std::num::NonZero;

            /// The number of addresses, hence the first number that is none.
            const SPACE: i64 = 1 << Address::BITS;

            fn sizes() -> impl Iterator<Item = Size> {
                0..=Size::MAX
            }

            /// All masks of low bits, none of them and all included.
            fn masks() -> impl Iterator<Item = Address> {
                (0..=Address::BITS).map(|bits| ((1i64 << bits) - 1) as Address)
            }

            /// Ranges in the sense of the arithmetic, with their first and last address.
            fn ranges() -> impl Iterator<Item = (Address, Size, i64, i64)> {
                let bases = $bases;
                bases.flat_map(|base| {
                    let sizes = sizes().take_while(|size| i64::from(*size) <= SPACE);
                    let ends = sizes.map(move |size| {
                        (
                            base,
                            size,
                            i64::from(base),
                            i64::from(base) + i64::from(size) - 1,
                        )
                    });
                    ends.filter(|(_, size, _, last)| *size > 0 && *last < SPACE)
                })
            }

            #[test]
            fn a_range_is_not_empty_and_ends_in_the_address_space() {
                let mut valid = 0u64;
                for base in 0..=Address::MAX {
                    for size in sizes() {
                        let last = i64::from(base) + i64::from(size) - 1;
                        let expected = (size > 0 && last < SPACE).then_some(last);
                        let found = arithmetic::last(base, size).map(i64::from);
                        assert_eq!(found, expected, "{base} {size}");
                        valid += u64::from(found.is_some());
                    }
                }
                assert!(valid > 0);
            }

            #[test]
            fn addresses_and_offsets_are_inverse() {
                for (base, size, first, last) in ranges() {
                    for offset in 0..size {
                        let address = arithmetic::address_at(base, offset);
                        assert_eq!(
                            i64::from(address),
                            first + i64::from(offset),
                            "{base} {size}"
                        );
                        assert!(i64::from(address) <= last);
                        assert_eq!(arithmetic::offset_of(base, size, address), Some(offset));
                    }
                }
            }

            #[test]
            fn an_address_outside_has_no_offset() {
                // With 16 bits, all addresses of all ranges are too many.
                let step = if Address::BITS > 8 { 61 } else { 1 };
                for (base, size, first, last) in ranges() {
                    let near = [first - 1, last + 1]
                        .into_iter()
                        .filter(|a| (0..SPACE).contains(a));
                    for address in (0..SPACE).step_by(step).chain(near) {
                        let expected = (first..=last).contains(&address).then_some(address - first);
                        let found = arithmetic::offset_of(base, size, address as Address);
                        assert_eq!(found.map(i64::from), expected, "{base} {size} {address}");
                    }
                }
            }

            #[test]
            fn a_part_is_inside_if_it_starts_and_ends_inside() {
                let step = if Size::BITS > 8 { 253 } else { 1 };
                for whole in sizes().step_by(step).chain([Size::MAX]) {
                    for offset in sizes().step_by(step).chain([Size::MAX, whole]) {
                        for size in sizes().step_by(step).chain([Size::MAX, whole]) {
                            let expected = i64::from(offset) + i64::from(size) <= i64::from(whole);
                            let found = arithmetic::is_inside(whole, offset, size);
                            assert_eq!(found, expected, "{whole} {offset} {size}");
                        }
                    }
                }
            }

            #[test]
            fn aligned_addresses_are_multiples() {
                for base in 0..=Address::MAX {
                    for bits in 0..Size::BITS {
                        let alignment: Size = 1 << bits;
                        let mask = arithmetic::low_bits(alignment);
                        let expected = i64::from(base) % i64::from(alignment) == 0;
                        let found = arithmetic::is_aligned(base, mask);
                        assert_eq!(found, expected, "{base} {alignment}");
                    }
                }
            }

            #[test]
            fn pieces_end_before_each_boundary_and_at_the_end() {
                for (base, size, first, last) in ranges() {
                    for mask in masks() {
                        let boundary = i64::from(mask) + 1;
                        let mut count = 0;
                        let (mut base, mut size, mut start) = (base, size, first);
                        let found = arithmetic::pieces(base, size, mask);
                        loop {
                            let offset = arithmetic::before_boundary(base, size, mask);
                            let next = (start / boundary + 1) * boundary;
                            let end = last.min(next - 1);
                            assert_eq!(i64::from(offset), end - start, "{base} {size} {mask}");
                            count += 1;
                            if end == last {
                                break;
                            }
                            start = end + 1;
                            base = arithmetic::address_at(base, offset + 1);
                            size -= offset + 1;
                        }
                        assert_eq!(i64::from(found), count, "{first} {last} {mask}");
                    }
                }
            }

            #[test]
            fn chunks_are_counted_with_the_short_one() {
                let step = if Size::BITS > 8 { 61 } else { 1 };
                for size in (1..=Size::MAX).step_by(step) {
                    for chunk in (1..=Size::MAX).step_by(step).filter_map(NonZero::new) {
                        let wide = (i64::from(size), i64::from(chunk.get()));
                        let expected = (wide.0 + wide.1 - 1) / wide.1;
                        let found = arithmetic::chunks(size, chunk);
                        assert_eq!(i64::from(found), expected, "{size} {chunk}");
                    }
                }
            }
        }
    };
}

model!(same, u8, u8, 0..=Address::MAX);
// As on a machine with 64 bits whose addresses have 32, ...
model!(wide_size, u8, u16, 0..=Address::MAX);
// ... and one with 32 bits whose addresses have 64.
model!(
    wide_address,
    u16,
    u8,
    (0..=20).chain(32_750..=32_770).chain(65_270..=Address::MAX)
);
