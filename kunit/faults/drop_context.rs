// SPDX-License-Identifier: GPL-2.0

//! Buffers that are dropped where they must not be.

use kernel::{
    ffi::{
        c_int,
        c_void, //
    },
    prelude::*, //
};

extern "C" {
    fn coherent_faults_irqs_off(
        run: unsafe extern "C" fn(*mut c_void),
        data: *mut c_void, //
    ) -> c_int;
}

/// Drops what an `Option<T>` holds.
///
/// # Safety
///
/// `value` must point to an `Option<T>` that nobody else uses.
unsafe extern "C" fn empty<T>(value: *mut c_void) {
    // SAFETY: By the safety requirement, `value` points to an `Option<T>` that nobody else uses.
    unsafe { *value.cast::<Option<T>>() = None };
}

/// Drops `value` with interrupts disabled, and returns how often the kernel warned.
fn warnings_of_drop<T>(value: T) -> Result<c_int> {
    let mut value = Some(value);
    // SAFETY: `value` is what `empty` needs, and the C function uses it during the call only.
    let count = unsafe { coherent_faults_irqs_off(empty::<T>, (&raw mut value).cast()) };
    if count < 0 {
        return Err(Error::from_errno(count));
    }
    Ok(count)
}

#[kunit_tests(dma_faults_context)]
mod tests {
    use super::*;
    use crate::{
        device::{
            skip,
            TestDevice, //
        },
        mapping_space::is_vmalloc, //
    };
    use kernel::dma::{
        Coherent,
        CoherentHandle, //
    };

    /// The documentation of `Coherent` says what happens here.
    #[test]
    fn drop_with_interrupts_off_warns() -> Result {
        let dev = TestDevice::kunit()?;
        let c = Coherent::<u8>::zeroed_slice(&dev, 4096, GFP_KERNEL)?;
        if is_vmalloc(c.as_ptr().cast()) {
            // That would be a bug, and not only a warning.
            return skip(c"the buffer has a mapping of its own, and removing that sleeps");
        }
        assert_eq!(warnings_of_drop(c)?, 1);
        Ok(())
    }

    #[test]
    fn drop_of_handle_with_interrupts_off_warns() -> Result {
        let dev = TestDevice::kunit()?;
        let c = CoherentHandle::alloc(&dev, 4096, GFP_KERNEL)?;
        assert_eq!(warnings_of_drop(c)?, 1);
        Ok(())
    }

    /// The control: it is the buffer that makes the kernel warn.
    #[test]
    fn drop_of_nothing_does_not_warn() -> Result {
        assert_eq!(warnings_of_drop(())?, 0);
        Ok(())
    }
}
