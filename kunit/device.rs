// SPDX-License-Identifier: GPL-2.0

//! Devices to allocate for, with a record of the calls that reach the C API.

use core::{
    ops::Deref,
    ptr::NonNull, //
};
use kernel::{
    bindings,
    device::{
        Bound,
        Device, //
    },
    error::to_result,
    ffi::{
        c_char,
        c_int,
        c_uint,
        c_ulong,
        c_void, //
    },
    prelude::*, //
};

// A `struct device` is passed by pointer and never dereferenced here.
extern "C" {
    fn coherent_kunit_device_register(
        name: *const c_char,
        expected: *const Expected,
    ) -> *mut c_void;
    fn coherent_kunit_device_unregister(dev: *mut c_void);
    fn coherent_kunit_recorder_register() -> c_int;
    fn coherent_kunit_recorder_unregister();
    fn coherent_kunit_calls(dev: *mut c_void, last: *mut Allocation) -> c_uint;
    fn coherent_kunit_frees(dev: *mut c_void) -> c_uint;
}

/// Records the `dma_alloc` and `dma_free` trace events while it lives.
///
/// # Invariants
///
/// The recorder is registered.
pub(crate) struct Recorder(());

impl Recorder {
    pub(crate) fn new() -> Result<Self> {
        // SAFETY: The module has one `Recorder`, so none is registered yet.
        to_result(unsafe { coherent_kunit_recorder_register() })?;
        // INVARIANT: Registration succeeded.
        Ok(Self(()))
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        // SAFETY: By the type invariant the recorder is registered.
        unsafe { coherent_kunit_recorder_unregister() };
    }
}

/// The arguments and the results of a call of `dma_alloc_attrs()`: `struct dma_allocation`.
#[derive(Clone, Copy, Default)]
#[repr(C)]
pub(crate) struct Allocation {
    pub(crate) dma_addr: u64,
    /// Zero if the allocation failed.
    pub(crate) cookie: c_ulong,
    pub(crate) size: usize,
    pub(crate) attrs: c_ulong,
    pub(crate) gfp_flags: u32,
}

/// What every allocation for a device must have: `struct dma_expected`.
#[repr(C)]
struct Expected {
    attrs_mask: c_ulong,
    attrs: c_ulong,
    gfp_flags: u32,
}

const NO_KERNEL_MAPPING: c_ulong = bindings::DMA_ATTR_NO_KERNEL_MAPPING as c_ulong;

/// A device of the running test, with a 32-bit DMA mask.
///
/// Dropping it fails the test if an allocation for it was not freed, was freed with other arguments
/// than it was made with, or was made with unexpected flags or attributes.
///
/// # Invariants
///
/// The pointer is to a `struct device`, which is registered, and bound to KUnit's driver.
pub(crate) struct TestDevice(NonNull<c_void>);

impl TestDevice {
    fn new(name: &CStr, attrs: c_ulong, gfp_flags: u32) -> Result<Self> {
        let expected = Expected {
            attrs_mask: NO_KERNEL_MAPPING,
            attrs,
            gfp_flags,
        };
        // SAFETY: The name is a valid string. The C function copies it and `expected`.
        let dev = unsafe { coherent_kunit_device_register(name.as_char_ptr(), &expected) };
        // INVARIANT: The function returned a device, so it is registered and bound.
        NonNull::new(dev).map(Self).ok_or(ENODEV)
    }

    /// Returns a device for allocations with a mapping.
    pub(crate) fn normal() -> Result<Self> {
        Self::new(c"normal", 0, 0)
    }

    /// Returns a device for allocations with a mapping and `__GFP_ZERO`.
    pub(crate) fn zeroed() -> Result<Self> {
        Self::new(c"zeroed", 0, bindings::__GFP_ZERO)
    }

    /// Returns a device for allocations with `DMA_ATTR_NO_KERNEL_MAPPING`.
    pub(crate) fn no_mapping() -> Result<Self> {
        Self::new(c"no-mapping", NO_KERNEL_MAPPING, 0)
    }

    /// Returns the last call of `dma_alloc_attrs()` for this device, and how many there were.
    pub(crate) fn allocations(&self) -> (Allocation, u32) {
        let mut last = Allocation::default();
        // SAFETY: By the type invariant the device is registered; `last` is a local variable.
        let calls = unsafe { coherent_kunit_calls(self.0.as_ptr(), &mut last) };
        (last, calls)
    }

    /// Returns the number of calls of `dma_free_attrs()` for this device.
    pub(crate) fn frees(&self) -> u32 {
        // SAFETY: By the type invariant the device is registered.
        unsafe { coherent_kunit_frees(self.0.as_ptr()) }
    }
}

impl Deref for TestDevice {
    type Target = Device<Bound>;

    fn deref(&self) -> &Self::Target {
        // SAFETY: By the type invariant the device is registered and bound, and stays so as long as
        // `self` is borrowed.
        unsafe { Device::from_raw(self.0.as_ptr().cast()) }
    }
}

impl Drop for TestDevice {
    fn drop(&mut self) {
        // SAFETY: By the type invariant the device is registered.
        unsafe { coherent_kunit_device_unregister(self.0.as_ptr()) };
    }
}
