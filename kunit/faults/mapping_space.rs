// SPDX-License-Identifier: GPL-2.0

//! How much kernel address space a buffer takes.
//!
//! Where a device does not see the caches of the CPU, or an IOMMU makes one buffer of scattered
//! pages, memory for both gets a mapping of its own. `/proc/vmallocinfo` has a line for each.

use crate::device::TestDevice;
use kernel::{
    ffi::{
        c_long,
        c_void, //
    },
    prelude::*, //
};

extern "C" {
    fn coherent_faults_is_vmalloc(addr: *const c_void) -> bool;
    fn coherent_faults_read_file(path: *const u8, buffer: *mut c_void, size: usize) -> c_long;
}

/// The size of the file that is read: more than it ever has here.
const FILE: usize = 512 << 10;
/// The size of the buffers.
const SIZE: usize = 1 << 20;

/// Whether an address is in the part of the address space where mappings are made.
pub(crate) fn is_vmalloc(addr: *const c_void) -> bool {
    // SAFETY: The function compares the address and does not access it.
    unsafe { coherent_faults_is_vmalloc(addr) }
}

/// Returns how many bytes the mappings for DMA have.
fn mapped() -> Result<usize> {
    let mut text = KVVec::<u8>::from_elem(0, FILE, GFP_KERNEL)?;
    // SAFETY: The path is a string, and the buffer has this size.
    let read = unsafe {
        coherent_faults_read_file(
            c"/proc/vmallocinfo".as_char_ptr(),
            text.as_mut_ptr().cast(),
            FILE, //
        )
    };
    let read = usize::try_from(read).map_err(|_| EIO)?;
    if read == FILE {
        return Err(EFBIG);
    }

    let text = core::str::from_utf8(&text[..read]).map_err(|_| EINVAL)?;
    let mut bytes = 0;
    for line in text.lines().filter(|line| line.contains(" dma-coherent")) {
        // The address range, then the bytes.
        let size = line.split_whitespace().nth(1).ok_or(EINVAL)?;
        bytes += size.parse::<usize>().map_err(|_| EINVAL)?;
    }
    Ok(bytes)
}

/// Returns a buffer and how much address space it takes, which is printed.
fn measure<T>(name: &str, alloc: impl FnOnce() -> Result<T>) -> Result<(T, usize)> {
    let before = mapped()?;
    let buffer = alloc()?;
    let bytes = mapped()?.checked_sub(before).ok_or(EIO)?;
    pr_info!("space {name}: {bytes} of {SIZE} bytes\n");
    Ok((buffer, bytes))
}

#[kunit_tests(dma_faults_space)]
mod tests {
    use super::*;
    use crate::device::{
        check,
        skip,
        Edu, //
    };
    use kernel::dma::{
        Coherent,
        CoherentHandle, //
    };

    /// `Normal` takes address space if it has a mapping of its own, and `NoMapping` takes no more.
    fn compare(dev: &TestDevice, names: [&str; 2]) -> Result {
        let [normal, no_mapping] = names;
        let (c, bytes) = measure(normal, || {
            Coherent::<u8>::zeroed_slice(dev, SIZE, GFP_KERNEL)
        })?;
        // A pool is mapped once for all buffers.
        let has_mapping = is_vmalloc(c.as_ptr().cast()) && !dev.has_pool();
        check!(has_mapping == (bytes >= SIZE));
        check!(has_mapping == (bytes > 0));
        drop(c);

        let (_c, without) = measure(no_mapping, || CoherentHandle::alloc(dev, SIZE, GFP_KERNEL))?;
        check!(without <= bytes);
        Ok(())
    }

    #[test]
    fn buffers_of_kunit() -> Result {
        let dev = TestDevice::kunit()?;
        compare(&dev, ["Normal for KUnit", "NoMapping for KUnit"])
    }

    #[test]
    fn buffers_of_edu() -> Result {
        let Some(edu) = Edu::lock() else {
            return skip(c"no driver is bound to an edu device");
        };
        compare(&edu, ["Normal for edu", "NoMapping for edu"])
    }
}
