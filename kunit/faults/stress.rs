// SPDX-License-Identifier: GPL-2.0

//! Many allocations of all kinds and sizes, by two threads.

use crate::device::{
    check,
    TestDevice, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    dma::{
        attrs::DMA_ATTR_NO_WARN,
        Coherent,
        CoherentBox,
        CoherentHandle,
        NoMapping, //
    },
    ffi::{
        c_int,
        c_ulong,
        c_void, //
    },
    prelude::*, //
};

extern "C" {
    fn coherent_faults_threads(
        run: unsafe extern "C" fn(*const c_void, c_int) -> c_int,
        data: *const c_void,
    ) -> c_int;
    fn coherent_faults_free_pages() -> c_ulong;
    fn tracing_off();
    fn tracing_on();
}

/// How many threads the C function starts.
const THREADS: u32 = 2;
/// How many buffers a thread holds at once.
const HELD: usize = 16;
/// The largest buffer, in bytes.
const LARGEST: u64 = 64 << 10;
/// What the kernel may keep for the next time: pages in the lists of a CPU, slabs, page tables.
/// KASAN puts what is freed into quarantine (`mm/kasan/quarantine.c`), up to a 32nd of memory:
/// here, of 1 GiB.
const KEPT_PAGES: usize = if cfg!(CONFIG_KASAN) {
    512 + (((1 << 30) / 32) >> 12)
} else {
    512
};

/// A buffer of any kind; that it is dropped is all that is done with it.
#[expect(dead_code)]
enum Buffer {
    Normal(Coherent<[u64]>),
    Boxed(CoherentBox<[u8]>),
    Typed(Coherent<[u32; 1000]>),
    Handle(CoherentHandle),
    TypedNoMapping(Coherent<[u64; 1024], NoMapping>),
}

impl Buffer {
    fn new(dev: &Device<Bound>, random: u64) -> Result<Self> {
        let size = usize::try_from(1 + (random >> 8) % LARGEST)?;
        // Out of memory is a result, and says so.
        let (gfp, attrs) = (GFP_KERNEL, DMA_ATTR_NO_WARN);
        Ok(match random % 5 {
            0 => Self::Normal(Coherent::zeroed_slice_with_attrs(
                dev,
                size.div_ceil(8),
                gfp,
                attrs,
            )?),
            1 => Self::Boxed(CoherentBox::zeroed_slice_with_attrs(dev, size, gfp, attrs)?),
            2 => Self::Typed(Coherent::zeroed_with_attrs(dev, gfp, attrs)?),
            3 => Self::Handle(CoherentHandle::alloc_with_attrs(dev, size, gfp, attrs)?),
            _ => Self::TypedNoMapping(Coherent::<[u64; 1024], NoMapping>::new_with_attrs(
                dev, gfp, attrs,
            )?),
        })
    }
}

struct Job<'a> {
    devices: [&'a Device<Bound>; 2],
    allocations: u32,
}

impl Job<'_> {
    /// Allocates and frees, in an order that depends on the number of the thread only.
    fn run(&self, thread: u64) -> Result {
        let mut held = [const { None }; HELD];
        let mut random = thread;
        for _ in 0..self.allocations {
            // The multiplier and increment are Knuth's; the low bits have short periods.
            random = random
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            let bits = random >> 16;
            let dev = self.devices[bits as usize % 2];
            let slot = &mut held[(bits >> 8) as usize % HELD];
            *slot = None;
            *slot = Some(Buffer::new(dev, bits >> 16)?);
        }
        Ok(())
    }

    fn run_in_threads(&self) -> Result {
        /// # Safety
        ///
        /// `job` must point to a `Job`.
        unsafe extern "C" fn run(job: *const c_void, number: c_int) -> c_int {
            // SAFETY: By the safety requirement. A `Job` can be shared between threads.
            let job = unsafe { &*job.cast::<Job<'_>>() };
            match job.run(number as u64) {
                Ok(()) => 0,
                Err(error) => error.to_errno(),
            }
        }

        // These events are too many to be written down; the kernel counts them all the same.
        // SAFETY: The function may be called from anywhere.
        unsafe { tracing_off() };
        // SAFETY: `self` is what `run` needs. All threads have ended when the C function returns.
        let result = unsafe { coherent_faults_threads(run, (&raw const *self).cast()) };
        // SAFETY: As above.
        unsafe { tracing_on() };
        kernel::error::to_result(result)
    }
}

fn free_pages() -> usize {
    // SAFETY: The function may be called from anywhere.
    unsafe { coherent_faults_free_pages() }
}

#[kunit_tests(dma_faults_stress)]
mod tests {
    use super::*;

    #[test]
    fn memory_and_references_come_back() -> Result {
        let all = TestDevice::all()?;
        // KUnit's device twice, if there is no other.
        let devices = [&all[0], all.last().ok_or(ENODEV)?];
        let total = crate::module_parameters::allocations.value();
        let job = |allocations| Job {
            devices: devices.map(|dev| &**dev),
            allocations,
        };

        // What is allocated once and kept is there after the first half, and the lists of free
        // pages that each CPU has for itself are as long as they get.
        let half = total / THREADS / 2;
        job(half).run_in_threads()?;
        let references = devices.map(TestDevice::references);
        let free = free_pages();

        job(half).run_in_threads()?;

        let lost = free.saturating_sub(free_pages());
        pr_info!(
            "stress: {total} allocations for {} devices, {lost} fewer free pages\n",
            all.len()
        );
        check!(devices.map(TestDevice::references) == references);
        check!(lost < KEPT_PAGES);
        Ok(())
    }
}
