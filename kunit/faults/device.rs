// SPDX-License-Identifier: GPL-2.0

//! Devices to allocate for, and what can be asked about them.

use core::{
    ops::Deref,
    ptr::NonNull, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    dma::DmaAddress,
    ffi::{
        c_char,
        c_int,
        c_uint,
        c_void, //
    },
    prelude::*, //
};

// A `struct device` is named by a pointer to it and never looked into.
extern "C" {
    fn coherent_faults_device_register(name: *const c_char) -> *mut c_void;
    fn coherent_faults_device_unregister(dev: *mut c_void);
    fn coherent_faults_edu_lock() -> *mut c_void;
    fn coherent_faults_edu_unlock();
    fn coherent_faults_edu_copy(from: u32, to: u32, bytes: u32, to_memory: bool) -> c_int;
    fn coherent_faults_skip(why: *const c_char);
    fn coherent_faults_references(dev: *mut c_void) -> c_uint;
    fn coherent_faults_swap_mask(dev: *mut c_void, mask: u64) -> u64;
    fn coherent_faults_has_pool(dev: *mut c_void) -> bool;
    fn coherent_faults_translated(dev: *mut c_void) -> bool;
    fn coherent_faults_reached(dev: *mut c_void, addr: DmaAddress) -> u64;
}

/// Fails the running test unless the condition holds.
///
/// KUnit's own assertions end the thread of the test at once, and then nothing is dropped: a locked
/// device would stay locked.
macro_rules! check {
    ($condition:expr) => {
        if !$condition {
            pr_err!("{}:{}: {}\n", file!(), line!(), stringify!($condition));
            return Err(EIO);
        }
    };
}
pub(crate) use check;

/// Marks the running test as skipped, which also is a result.
pub(crate) fn skip(why: &CStr) -> Result {
    // SAFETY: `why` is a valid string, which the C function copies.
    unsafe { coherent_faults_skip(why.as_char_ptr()) };
    Ok(())
}

/// A device that is bound for as long as this lives.
///
/// # Invariants
///
/// The pointer is to a `struct device`, which is registered and bound.
pub(crate) struct TestDevice {
    dev: NonNull<c_void>,
    release: fn(*mut c_void),
}

impl TestDevice {
    /// KUnit's own device, with a 32-bit DMA mask.
    pub(crate) fn kunit() -> Result<Self> {
        // SAFETY: The name is a valid string. The C function copies it.
        let dev = unsafe { coherent_faults_device_register(c"faults".as_char_ptr()) };
        // INVARIANT: KUnit has registered and bound the device.
        Ok(Self {
            dev: NonNull::new(dev).ok_or(ENODEV)?,
            release: |dev| {
                // SAFETY: The device is registered, by the type invariant.
                unsafe { coherent_faults_device_unregister(dev) }
            },
        })
    }

    /// All devices that there are.
    pub(crate) fn all() -> Result<KVec<Self>> {
        let mut all = KVec::new();
        all.push(Self::kunit()?, GFP_KERNEL)?;
        if let Some(Edu(dev)) = Edu::lock() {
            all.push(dev, GFP_KERNEL)?;
        }
        Ok(all)
    }

    /// All devices whose memory comes from the page allocator, and so within their masks.
    pub(crate) fn without_pool() -> Result<KVec<Self>> {
        let mut devices = Self::all()?;
        devices.retain(|dev| !dev.has_pool());
        Ok(devices)
    }

    /// Whether the device has a pool of its own, from which all its memory comes.
    pub(crate) fn has_pool(&self) -> bool {
        // SAFETY: The device is registered, by the type invariant.
        unsafe { coherent_faults_has_pool(self.dev.as_ptr()) }
    }

    /// How many references there are to the device.
    pub(crate) fn references(&self) -> u32 {
        // SAFETY: The device is registered, by the type invariant.
        unsafe { coherent_faults_references(self.dev.as_ptr()) }
    }

    /// Sets the DMA mask for coherent memory, unchecked, and returns the one before.
    pub(crate) fn swap_mask(&self, mask: u64) -> u64 {
        // SAFETY: The device is registered, by the type invariant.
        unsafe { coherent_faults_swap_mask(self.dev.as_ptr(), mask) }
    }

    /// Whether an IOMMU stands between the device and memory.
    pub(crate) fn translated(&self) -> bool {
        // SAFETY: The device is registered, by the type invariant.
        unsafe { coherent_faults_translated(self.dev.as_ptr()) }
    }

    /// The physical address that the device reaches by way of an IOMMU; zero if none.
    pub(crate) fn reached(&self, addr: DmaAddress) -> u64 {
        // SAFETY: The device is registered, by the type invariant.
        unsafe { coherent_faults_reached(self.dev.as_ptr(), addr) }
    }
}

impl Deref for TestDevice {
    type Target = Device<Bound>;

    fn deref(&self) -> &Self::Target {
        // SAFETY: By the type invariant the device is registered and bound, and stays so as long as
        // `self` is borrowed.
        unsafe { Device::from_raw(self.dev.as_ptr().cast()) }
    }
}

impl Drop for TestDevice {
    fn drop(&mut self) {
        (self.release)(self.dev.as_ptr());
    }
}

/// QEMU's `edu` device, which has a 28-bit DMA mask and copies on demand.
pub(crate) struct Edu(TestDevice);

impl Edu {
    /// The most that is copied at once. QEMU before 8.2.1 aborts at a copy of the whole buffer.
    pub(crate) const MOST: usize = 2048;

    /// Where the device has its own buffer, among its own addresses.
    const BUFFER: u32 = 0x40000;

    /// Returns the device if a driver is bound to it.
    pub(crate) fn lock() -> Option<Self> {
        // SAFETY: No other `Edu` is alive: suites run one after another, and each test has one.
        let dev = unsafe { coherent_faults_edu_lock() };
        // INVARIANT: The device is bound, and as long as it is locked it stays so.
        Some(Self(TestDevice {
            dev: NonNull::new(dev)?,
            release: |_| {
                // SAFETY: The device is locked since this was made.
                unsafe { coherent_faults_edu_unlock() }
            },
        }))
    }

    /// Has the device fetch `bytes` bytes into its own buffer.
    pub(crate) fn fetch(&self, from: DmaAddress, bytes: usize) -> Result {
        self.copy(u32::try_from(from)?, Self::BUFFER, bytes, false)
    }

    /// Has the device write `bytes` bytes from its own buffer.
    pub(crate) fn put(&self, to: DmaAddress, bytes: usize) -> Result {
        self.copy(Self::BUFFER, u32::try_from(to)?, bytes, true)
    }

    fn copy(&self, from: u32, to: u32, bytes: usize, to_memory: bool) -> Result {
        // QEMU aborts at a count of zero, too.
        check!(bytes > 0 && bytes <= Self::MOST);
        let bytes = u32::try_from(bytes)?;
        // SAFETY: The device is locked.
        kernel::error::to_result(unsafe { coherent_faults_edu_copy(from, to, bytes, to_memory) })
    }
}

impl Deref for Edu {
    type Target = TestDevice;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}
