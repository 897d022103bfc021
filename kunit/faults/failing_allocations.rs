// SPDX-License-Identifier: GPL-2.0

//! Allocation failures: each allocation inside each constructor fails once.

use crate::device::{
    check,
    TestDevice, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    ffi::c_uint,
    prelude::*, //
};

extern "C" {
    fn coherent_faults_arm(nth: c_uint);
    fn coherent_faults_disarm() -> bool;
}

/// More allocations than any constructor makes.
const MOST: u32 = 1000;

/// Lets the allocations that `construct` makes fail, one after another.
///
/// A constructor may get over that; if not, the error is `ENOMEM`. Either way the device has as
/// many references as before when all is dropped. That no memory is lost shows in the trace.
fn each_fails_once<T>(
    name: &str,
    construct: impl Fn(&Device<Bound>) -> Result<T>, //
) -> Result {
    // Else nothing was injected.
    check!(count_needed(name, construct)? > 0);
    Ok(())
}

/// The same. Returns how many of the allocations the constructor needs, for the device where it
/// needs the fewest.
fn count_needed<T>(
    name: &str,
    construct: impl Fn(&Device<Bound>) -> Result<T>, //
) -> Result<u32> {
    let mut fewest = u32::MAX;
    for dev in &TestDevice::without_pool()? {
        let before = dev.references();
        let (mut nth, mut refused) = (1, 0);
        loop {
            // SAFETY: What fails are allocations of this thread, and only until the next line.
            unsafe { coherent_faults_arm(nth) };
            let made = construct(dev);
            // SAFETY: As above.
            let failed = unsafe { coherent_faults_disarm() };

            let error = made.map(drop).err();
            check!(dev.references() == before);
            if !failed {
                check!(error.is_none());
                break;
            }
            if let Some(error) = error {
                check!(error == ENOMEM);
                refused += 1;
            }
            nth += 1;
            check!(nth < MOST);
        }
        dev_info!(
            dev,
            "{name}: of {} allocations inside, {refused} are needed\n",
            nth - 1
        );
        fewest = fewest.min(refused);
    }
    Ok(fewest)
}

#[kunit_tests(dma_faults_inject)]
mod tests {
    use super::*;
    use kernel::dma::{
        Coherent,
        CoherentBox,
        CoherentHandle,
        NoMapping, //
    };

    const SIZE: usize = 5 * 4096;

    #[test]
    fn zeroed() -> Result {
        each_fails_once("zeroed", |dev| {
            Coherent::<[u8; SIZE]>::zeroed(dev, GFP_KERNEL)
        })
    }

    #[test]
    fn zeroed_slice() -> Result {
        each_fails_once("zeroed_slice", |dev| {
            Coherent::<u8>::zeroed_slice(dev, SIZE, GFP_KERNEL)
        })
    }

    #[test]
    fn init() -> Result {
        each_fails_once("init", |dev| {
            Coherent::<[u32; 4]>::init(dev, GFP_KERNEL, [1, 2, 3, 4])
        })
    }

    #[test]
    fn from_slice() -> Result {
        each_fails_once("from_slice", |dev| {
            Coherent::from_slice(dev, &[7u8; 100], GFP_KERNEL)
        })
    }

    #[test]
    fn boxed_zeroed() -> Result {
        each_fails_once("boxed zeroed", |dev| {
            CoherentBox::<[u8; SIZE]>::zeroed(dev, GFP_KERNEL)
        })
    }

    #[test]
    fn boxed_zeroed_slice() -> Result {
        each_fails_once("boxed zeroed_slice", |dev| {
            CoherentBox::<[u8]>::zeroed_slice(dev, SIZE, GFP_KERNEL)
        })
    }

    #[test]
    fn boxed_from_slice() -> Result {
        each_fails_once("boxed from_slice", |dev| {
            CoherentBox::from_slice(dev, &[7u8; 100], GFP_KERNEL)
        })
    }

    #[test]
    fn new() -> Result {
        each_fails_once("new", |dev| {
            Coherent::<[u8; SIZE], NoMapping>::new(dev, GFP_KERNEL)
        })
    }

    #[test]
    fn new_zeroed() -> Result {
        each_fails_once("new_zeroed", |dev| {
            Coherent::<[u8; SIZE], NoMapping>::new_zeroed(dev, GFP_KERNEL)
        })
    }

    #[test]
    fn alloc_zeroed_elements() -> Result {
        each_fails_once("alloc_zeroed of elements", |dev| {
            Coherent::<[u64], NoMapping>::alloc_zeroed(dev, SIZE / 8, GFP_KERNEL)
        })
    }

    #[test]
    fn alloc_elements() -> Result {
        each_fails_once("alloc of elements", |dev| {
            Coherent::<[u64], NoMapping>::alloc(dev, SIZE / 8, GFP_KERNEL)
        })
    }

    #[test]
    fn handle() -> Result {
        each_fails_once("handle", |dev| CoherentHandle::alloc(dev, SIZE, GFP_KERNEL))
    }

    /// Without leave to wait, memory comes from another place.
    #[test]
    fn atomic() -> Result {
        each_fails_once("atomic handle", |dev| {
            CoherentHandle::alloc(dev, SIZE, GFP_ATOMIC)
        })?;
        // A device that does not see the caches gets this from a pool: nothing need be allocated.
        count_needed("atomic zeroed_slice", |dev| {
            Coherent::<u8>::zeroed_slice(dev, SIZE, GFP_ATOMIC)
        })
        .map(drop)
    }
}
