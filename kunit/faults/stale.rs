// SPDX-License-Identifier: GPL-2.0

//! What a fresh buffer holds, as the device sees it.
//!
//! This measures, and prints a line for each kind. What is expected without a mapping depends on
//! the road that the allocation takes, so whoever reads the line has to know.

use crate::device::{
    check,
    Edu, //
};
use kernel::{
    dma::{
        Coherent,
        Range, //
    },
    ffi::{
        c_int,
        c_uint, //
    },
    io::{
        io_read,
        io_write, //
    },
    page::PAGE_SIZE,
    prelude::*, //
};

extern "C" {
    fn coherent_faults_leave(byte: u8, order: c_uint, blocks: c_uint) -> c_int;
}

/// What the kernel had in its memory.
const SECRET: u8 = 0xa7;
const ORDER: u32 = 2;
const SIZE: usize = PAGE_SIZE << ORDER;
/// At most 2 GiB: less than nearly all that is free would be found again only by chance.
const BLOCKS: u32 = 1 << 17;
/// How many fresh buffers are looked at, ...
const BUFFERS: usize = 8;
/// ... how much of each to tell whether there is the secret, ...
const SAMPLE: usize = 64;
/// ... and how much, each time at another place, to tell whether there is anything. All of these
/// are as much as one buffer.
const PART: usize = SIZE / BUFFERS;

/// Fills memory with a secret and gives it back to the kernel.
fn leave_secrets(edu: &Edu) -> Result {
    // SAFETY: The function may be called from any context that may sleep.
    kernel::error::to_result(unsafe { coherent_faults_leave(SECRET, ORDER, BLOCKS) })?;

    // A device may have memory that the kernel does not hand out to others.
    let mut held = KVec::with_capacity(BUFFERS, GFP_KERNEL)?;
    for _ in 0..BUFFERS {
        let c = Coherent::from_slice(edu, &[SECRET; SIZE], GFP_KERNEL)?;
        held.push(c, GFP_KERNEL)?;
    }
    Ok(())
}

/// Has the device copy what it finds at `from`, and hands it byte by byte to `see`.
fn look(edu: &Edu, from: Range, mut see: impl FnMut(u8)) -> Result {
    let bytes = from.size();
    let found: Coherent<[u8]> = Coherent::zeroed_slice(edu, bytes, GFP_KERNEL)?;
    for i in 0..bytes {
        io_write!(&found, [try: i], !SECRET);
    }
    let copies = found.dma_range().chunks(Edu::MOST)?;
    for (from, to) in from.chunks(Edu::MOST)?.zip(copies) {
        edu.fetch(from.base(), from.size())?;
        edu.put(to.base(), to.size())?;
    }

    let mut untouched = 0;
    for i in 0..bytes {
        let byte = io_read!(&found, [try: i]);
        see(byte);
        untouched += usize::from(byte == !SECRET);
    }
    // Else nothing was copied. Some of these bytes may stand in old data.
    check!(untouched < bytes);
    Ok(())
}

/// Whether the device finds the secret in the middle of the buffer.
fn is_secret(edu: &Edu, buffer: Range, _number: usize) -> Result<bool> {
    let mut secret = 0;
    look(edu, buffer.subrange(SIZE / 2, SAMPLE)?, |byte| {
        secret += usize::from(byte == SECRET);
    })?;
    Ok(secret == SAMPLE)
}

/// Whether the device finds anything in one part of the buffer.
fn is_old(edu: &Edu, buffer: Range, number: usize) -> Result<bool> {
    let mut old = 0;
    look(edu, buffer.subrange(number * PART, PART)?, |byte| {
        old += usize::from(byte != 0);
    })?;
    Ok(old > 0)
}

/// Counts in how many buffers that `alloc` makes the device finds what `is` tells, and prints that.
fn measure<T>(
    edu: &Edu,
    name: &str,
    is: fn(&Edu, Range, usize) -> Result<bool>,
    alloc: impl Fn(&Edu) -> Result<(T, Range)>,
) -> Result<usize> {
    leave_secrets(edu)?;
    let mut held = KVec::with_capacity(BUFFERS, GFP_KERNEL)?;
    for _ in 0..BUFFERS {
        held.push(alloc(edu)?, GFP_KERNEL)?;
    }
    let mut old = 0;
    for (number, (_, range)) in held.iter().enumerate() {
        old += usize::from(is(edu, *range, number)?);
    }
    pr_info!("stale {name}: {old} of {BUFFERS} buffers\n");
    Ok(old)
}

#[kunit_tests(dma_faults_stale)]
mod tests {
    use super::*;
    use crate::device::skip;
    use kernel::{
        alloc::Flags,
        dma::{
            CoherentHandle,
            NoMapping, //
        }, //
    };

    const NO_EDU: &CStr = c"no driver is bound to an edu device";

    fn no_mapping(edu: &Edu, flags: Flags) -> Result<(CoherentHandle, Range)> {
        let c = CoherentHandle::alloc(edu, SIZE, flags)?;
        let range = c.dma_range();
        Ok((c, range))
    }

    /// So the method finds what is there.
    #[test]
    fn secret_is_found() -> Result {
        let Some(edu) = Edu::lock() else {
            return skip(NO_EDU);
        };
        let c = Coherent::from_slice(&edu, &[SECRET; SIZE], GFP_KERNEL)?;
        check!(is_secret(&edu, c.dma_range(), 0)?);

        // One byte is enough, also the last one.
        let c: Coherent<[u8]> = Coherent::zeroed_slice(&edu, SIZE, GFP_KERNEL)?;
        check!(!is_old(&edu, c.dma_range(), BUFFERS - 1)?);
        io_write!(&c, [try: SIZE - 1], SECRET);
        check!(is_old(&edu, c.dma_range(), BUFFERS - 1)?);
        Ok(())
    }

    #[test]
    fn normal_is_clear() -> Result {
        let Some(edu) = Edu::lock() else {
            return skip(NO_EDU);
        };
        let old = measure(&edu, "Normal", is_old, |edu| {
            let c = Coherent::<u8>::zeroed_slice(edu, SIZE, GFP_KERNEL)?;
            let range = c.dma_range();
            Ok((c, range))
        })?;
        check!(old == 0);
        Ok(())
    }

    #[test]
    fn no_mapping_is_measured() -> Result {
        let Some(edu) = Edu::lock() else {
            return skip(NO_EDU);
        };
        measure(&edu, "NoMapping", is_secret, |edu| {
            no_mapping(edu, GFP_KERNEL)
        })
        .map(drop)
    }

    /// The flag asks for what not every road can give.
    #[test]
    fn no_mapping_with_zero_flag_is_measured() -> Result {
        let Some(edu) = Edu::lock() else {
            return skip(NO_EDU);
        };
        measure(&edu, "NoMapping with __GFP_ZERO", is_secret, |edu| {
            no_mapping(edu, GFP_KERNEL | __GFP_ZERO)
        })
        .map(drop)
    }
    /// The promise of the constructor, on every road.
    #[test]
    fn zeroed_is_clear() -> Result {
        let Some(edu) = Edu::lock() else {
            return skip(NO_EDU);
        };
        let old = measure(&edu, "NoMapping, zeroed", is_old, |edu| {
            let c = CoherentHandle::alloc_zeroed(edu, SIZE, GFP_KERNEL)?;
            let range = c.dma_range();
            Ok((c, range))
        })?;
        check!(old == 0);
        Ok(())
    }

    /// What may not block comes from other places, on some roads.
    #[test]
    fn zeroed_without_blocking_is_clear() -> Result {
        let Some(edu) = Edu::lock() else {
            return skip(NO_EDU);
        };
        let old = measure(&edu, "NoMapping, zeroed, GFP_ATOMIC", is_old, |edu| {
            let c = Coherent::<[u8; SIZE], NoMapping>::new_zeroed(edu, GFP_ATOMIC)?;
            let range = c.dma_range();
            Ok((c, range))
        })?;
        check!(old == 0);
        Ok(())
    }
}
