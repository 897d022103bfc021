// SPDX-License-Identifier: GPL-2.0

//! Devices to allocate for.
//!
//! The name of a device says what is allocated for it, so that whoever reads the trace events
//! `dma:dma_alloc` and `dma:dma_free` of a run knows which attributes to expect.

use core::{
    ops::Deref,
    ptr::NonNull, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    ffi::{
        c_char,
        c_void, //
    },
    prelude::*, //
};

// A `struct device` is named by a pointer to it and never looked into.
extern "C" {
    fn coherent_kunit_device_register(name: *const c_char) -> *mut c_void;
    fn coherent_kunit_device_unregister(dev: *mut c_void);
}

/// A device of the running test, with a 32-bit DMA mask.
///
/// # Invariants
///
/// The pointer is to a `struct device`, which is registered, and bound to KUnit's driver.
pub(crate) struct TestDevice(NonNull<c_void>);

impl TestDevice {
    /// A device whose name says what is allocated for it.
    pub(crate) fn new(name: &'static CStr) -> Result<Self> {
        // SAFETY: The name is a valid string. The C function copies it.
        let dev = unsafe { coherent_kunit_device_register(name.as_char_ptr()) };
        // INVARIANT: `kunit_device_register` returned a device, so it has registered and bound it.
        NonNull::new(dev).map(Self).ok_or(ENODEV)
    }

    /// A device for allocations that the CPU can reach.
    pub(crate) fn normal() -> Result<Self> {
        Self::new(c"normal")
    }

    /// A device for allocations that the CPU can reach, and that are all asked to be zero.
    pub(crate) fn zeroed() -> Result<Self> {
        Self::new(c"zeroed-normal")
    }

    /// A device for allocations that only the device can reach.
    pub(crate) fn no_mapping() -> Result<Self> {
        Self::new(c"no-mapping")
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
