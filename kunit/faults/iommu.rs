// SPDX-License-Identifier: GPL-2.0

//! An IOMMU between the device and memory: what it maps, and what it stops.
//!
//! A fault is reported by the IOMMU driver on the console. Each test that provokes one says so
//! before, for whoever judges the log:
//!
//! ```text
//! coherent_faults: fault expected at 0xfffd000
//! ```

use crate::device::{
    check,
    skip,
    Edu,
    TestDevice, //
};
use kernel::{
    dma::{
        Coherent,
        CoherentHandle,
        DmaAddress,
        Range, //
    },
    ffi::c_void,
    io::{
        io_read,
        io_write, //
    },
    page::PAGE_SIZE,
    prelude::*,
    ptr::Alignment,
    time::{
        delay::fsleep,
        Delta, //
    }, //
};

extern "C" {
    fn coherent_faults_physical(addr: *const c_void) -> u64;
}

const PAGE: DmaAddress = PAGE_SIZE as DmaAddress;
const OLD: u8 = 0x5a;
const NEW: u8 = 0xc3;

/// Returns the edu device if an IOMMU translates for it.
fn translated_edu() -> Option<Edu> {
    Edu::lock().filter(|edu| edu.translated())
}

const NO_IOMMU: &CStr = c"no IOMMU translates for an edu device";

/// The physical address of the start of a buffer.
fn physical(c: &Coherent<[u8]>) -> u64 {
    // SAFETY: The buffer is mapped.
    unsafe { coherent_faults_physical(c.as_ptr().cast()) }
}

/// A page that is full of old bytes.
fn old_page(dev: &TestDevice) -> Result<Coherent<[u8]>> {
    let page: Coherent<[u8]> = Coherent::zeroed_slice(dev, PAGE_SIZE, GFP_KERNEL)?;
    for i in 0..PAGE_SIZE {
        io_write!(&page, [try: i], OLD);
    }
    Ok(page)
}

/// Counts the bytes from `start` on that are `byte`.
fn count(c: &Coherent<[u8]>, start: usize, byte: u8) -> Result<usize> {
    let mut count = 0;
    for i in start..c.len() {
        count += usize::from(io_read!(c, [try: i]) == byte);
    }
    Ok(count)
}

/// Fills the device's own buffer with new bytes.
fn load(edu: &Edu) -> Result {
    let source: Coherent<[u8]> = Coherent::zeroed_slice(edu, Edu::MOST, GFP_KERNEL)?;
    for i in 0..Edu::MOST {
        io_write!(&source, [try: i], NEW);
    }
    edu.fetch(source.dma_address(), Edu::MOST)
}

/// Announces a copy that is to fault.
fn expect_fault(at: DmaAddress) {
    // The driver of an SMMU reports a few faults in 5 seconds and drops the rest.
    fsleep(Delta::from_secs(6));
    pr_info!("fault expected at {:#x}\n", at & !(PAGE - 1));
}

/// Takes the page at `at` from `pages`.
fn take(pages: &mut KVec<Coherent<[u8]>>, at: DmaAddress) -> Option<Coherent<[u8]>> {
    let index = pages.iter().position(|page| page.dma_address() == at)?;
    pages.remove(index).ok()
}

/// Two pages, and between them one where nothing is mapped for the device.
struct Gap {
    before: Coherent<[u8]>,
    at: DmaAddress,
    after: Coherent<[u8]>,
}

/// Makes three pages that follow one another for the device, and frees the one in the middle.
fn make_gap(edu: &Edu) -> Result<Gap> {
    // Addresses that were in use before come first, in any order.
    const MOST_PAGES: usize = 2048;

    let mut pages = KVec::new();
    let three = loop {
        check!(pages.len() < MOST_PAGES);
        let page = old_page(edu)?;
        let at = page.dma_address();
        pages.push(page, GFP_KERNEL)?;

        let has = |at| pages.iter().any(|page| page.dma_address() == at);
        // The new one may be any of the three.
        let starts = (0..3).filter_map(|n| at.checked_sub(n * PAGE));
        let mut threes = starts.filter_map(|start| Range::new(start, 3 * PAGE_SIZE).ok());
        let page = Alignment::new::<PAGE_SIZE>();
        if let Some(three) =
            threes.find(|three| three.split_at_boundary(page).all(|page| has(page.base())))
        {
            break three;
        }
    };

    let before = take(&mut pages, three.base()).ok_or(ENOENT)?;
    let after = take(&mut pages, three.address_at(2 * PAGE_SIZE)?).ok_or(ENOENT)?;
    // The middle is dropped here, as is the rest.
    Ok(Gap {
        before,
        at: three.address_at(PAGE_SIZE)?,
        after,
    })
}

#[kunit_tests(dma_faults_iommu)]
mod tests {
    use super::*;

    #[test]
    fn dma_address_is_not_physical() -> Result {
        let Some(edu) = translated_edu() else {
            return skip(NO_IOMMU);
        };
        let c = old_page(&edu)?;
        pr_info!(
            "Normal: dma_address {:#x} is translated to {:#x}\n",
            c.dma_address(),
            physical(&c)
        );
        check!(c.dma_address() != physical(&c));
        check!(edu.reached(c.dma_address()) == physical(&c));

        let c = CoherentHandle::alloc(&edu, PAGE_SIZE, GFP_KERNEL)?;
        let reached = edu.reached(c.dma_address());
        pr_info!(
            "NoMapping: dma_address {:#x} is translated to {reached:#x}\n",
            c.dma_address()
        );
        check!(reached != 0 && reached != c.dma_address());
        Ok(())
    }

    /// What is inside arrives, what is beyond is stopped, and the page after that is untouched.
    #[test]
    fn copy_beyond_the_end_faults() -> Result {
        const INSIDE: usize = 1024;

        let Some(edu) = translated_edu() else {
            return skip(NO_IOMMU);
        };
        load(&edu)?;
        let gap = make_gap(&edu)?;
        check!(edu.reached(gap.at) == 0);

        expect_fault(gap.at);
        let end = gap.before.dma_range().address_at(PAGE_SIZE - INSIDE)?;
        edu.put(end, Edu::MOST)?;

        check!(count(&gap.before, PAGE_SIZE - INSIDE, NEW)? == INSIDE);
        check!(count(&gap.before, 0, OLD)? == PAGE_SIZE - INSIDE);
        check!(count(&gap.after, 0, OLD)? == PAGE_SIZE);
        Ok(())
    }

    /// Memory without a mapping is out of reach of the device, too, as soon as it is freed.
    #[test]
    fn copy_to_a_freed_buffer_faults() -> Result {
        let Some(edu) = translated_edu() else {
            return skip(NO_IOMMU);
        };
        load(&edu)?;
        let c = CoherentHandle::alloc(&edu, PAGE_SIZE, GFP_KERNEL)?;
        let at = c.dma_address();
        check!(edu.reached(at) != 0);
        drop(c);
        check!(edu.reached(at) == 0);

        expect_fault(at);
        edu.put(at, Edu::MOST)
    }
}
