// SPDX-License-Identifier: GPL-2.0

//! Stale content of fresh buffers, as the device reads it.
//!
//! A line is printed for each kind of buffer. Without a mapping the content depends on the
//! allocation path, so that is a measurement and not a test.

use crate::device::{
    check,
    Edu, //
};
use kernel::{
    dma::{
        Coherent,
        CoherentHandle,
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

/// What the kernel leaves in its memory.
const SECRET: u8 = 0xa7;
const ORDER: u32 = 2;
const SIZE: usize = PAGE_SIZE << ORDER;
/// At most 2 GiB: less than nearly all that is free would be found again only by chance.
const BLOCKS: u32 = 1 << 17;
/// How many fresh buffers are looked at, ...
const BUFFERS: usize = 4;
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
    // Else nothing was copied. Stale content may have some of these bytes.
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
fn is_stale(edu: &Edu, buffer: Range, number: usize) -> Result<bool> {
    let mut stale = 0;
    look(edu, buffer.subrange(number * PART, PART)?, |byte| {
        stale += usize::from(byte != 0);
    })?;
    Ok(stale > 0)
}

/// Counts the buffers from `alloc` in which the device finds what `is` looks for, and prints that.
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
    let mut stale = 0;
    for (number, (_, range)) in held.iter().enumerate() {
        stale += usize::from(is(edu, *range, number)?);
    }
    pr_info!("stale {name}: {stale} of {BUFFERS} buffers\n");
    Ok(stale)
}

/// Measures buffers whose content is unspecified, if a driver is bound to an edu device.
///
/// `__GFP_ZERO` asks for what not every allocation path gives.
pub(crate) fn measure_no_mapping() -> Result {
    let Some(edu) = Edu::lock() else {
        return Ok(());
    };
    for (name, flags) in [
        ("NoMapping", GFP_KERNEL),
        ("NoMapping with __GFP_ZERO", GFP_KERNEL | __GFP_ZERO),
    ] {
        measure(&edu, name, is_secret, |edu| {
            let c = CoherentHandle::alloc(edu, SIZE, flags)?;
            let range = c.dma_range();
            Ok((c, range))
        })?;
    }
    Ok(())
}

#[kunit_tests(dma_faults_stale)]
mod tests {
    use super::*;
    use crate::device::skip;
    use kernel::dma::NoMapping;

    const NO_EDU: &CStr = c"no driver is bound to an edu device";

    /// The control: the method finds what is there.
    #[test]
    fn secret_is_found() -> Result {
        let Some(edu) = Edu::lock() else {
            return skip(NO_EDU);
        };
        let c = Coherent::from_slice(&edu, &[SECRET; SIZE], GFP_KERNEL)?;
        check!(is_secret(&edu, c.dma_range(), 0)?);

        // One byte is enough, also the last one.
        let c: Coherent<[u8]> = Coherent::zeroed_slice(&edu, SIZE, GFP_KERNEL)?;
        check!(!is_stale(&edu, c.dma_range(), BUFFERS - 1)?);
        io_write!(&c, [try: SIZE - 1], SECRET);
        check!(is_stale(&edu, c.dma_range(), BUFFERS - 1)?);
        Ok(())
    }

    #[test]
    fn normal_is_zeroed() -> Result {
        let Some(edu) = Edu::lock() else {
            return skip(NO_EDU);
        };
        let stale = measure(&edu, "Normal", is_stale, |edu| {
            let c = Coherent::<u8>::zeroed_slice(edu, SIZE, GFP_KERNEL)?;
            let range = c.dma_range();
            Ok((c, range))
        })?;
        check!(stale == 0);
        Ok(())
    }

    /// The promise of the constructor, on every allocation path.
    #[test]
    fn zeroed_is_zeroed() -> Result {
        let Some(edu) = Edu::lock() else {
            return skip(NO_EDU);
        };
        let stale = measure(&edu, "NoMapping, zeroed", is_stale, |edu| {
            let c = CoherentHandle::alloc_zeroed(edu, SIZE, GFP_KERNEL)?;
            let range = c.dma_range();
            Ok((c, range))
        })?;
        check!(stale == 0);
        Ok(())
    }

    /// Allocations that may not block have other paths on some platforms.
    #[test]
    fn zeroed_without_blocking_is_zeroed() -> Result {
        let Some(edu) = Edu::lock() else {
            return skip(NO_EDU);
        };
        let stale = measure(&edu, "NoMapping, zeroed, GFP_ATOMIC", is_stale, |edu| {
            let c = Coherent::<[u8; SIZE], NoMapping>::new_zeroed(edu, GFP_ATOMIC)?;
            let range = c.dma_range();
            Ok((c, range))
        })?;
        check!(stale == 0);
        Ok(())
    }
}
