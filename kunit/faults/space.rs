// SPDX-License-Identifier: GPL-2.0

//! How much of the kernel's address space a buffer takes.
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
    fn coherent_faults_read_file(path: *const u8, buffer: *mut c_void, size: usize) -> c_long;
}

/// The size of the file that is read: more than it ever has here.
const FILE: usize = 512 << 10;
/// The size of the buffers.
const SIZE: usize = 1 << 20;

/// Returns how many bytes the mappings for DMA have.
pub(crate) fn mapped() -> Result<usize> {
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

/// Prints and returns how much of that one buffer takes.
fn measure<T>(
    dev: &TestDevice,
    name: &str,
    alloc: impl Fn(&TestDevice) -> Result<T>,
) -> Result<usize> {
    let before = mapped()?;
    let buffer = alloc(dev)?;
    let with = mapped()?;
    drop(buffer);
    // Areas may be freed later; what is looked at is what there is while the buffer lives.
    let bytes = with.checked_sub(before).ok_or(EIO)?;
    pr_info!("space {name}: {bytes} of {SIZE} bytes\n");
    Ok(bytes)
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

    fn normal(dev: &TestDevice) -> Result<Coherent<[u8]>> {
        Coherent::zeroed_slice(dev, SIZE, GFP_KERNEL)
    }

    fn no_mapping(dev: &TestDevice) -> Result<CoherentHandle> {
        CoherentHandle::alloc(dev, SIZE, GFP_KERNEL)
    }

    #[test]
    fn buffers_of_kunit_are_measured() -> Result {
        let dev = TestDevice::kunit()?;
        let normal = measure(&dev, "Normal for KUnit", normal)?;
        check!(measure(&dev, "NoMapping for KUnit", no_mapping)? <= normal);
        Ok(())
    }

    #[test]
    fn buffers_of_edu_are_measured() -> Result {
        let Some(edu) = Edu::lock() else {
            return skip(c"no driver is bound to an edu device");
        };
        let normal = measure(&edu, "Normal for edu", normal)?;
        check!(measure(&edu, "NoMapping for edu", no_mapping)? <= normal);
        Ok(())
    }
}
