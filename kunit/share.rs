// SPDX-License-Identifier: GPL-2.0

//! Buffers that move to another thread.

use kernel::prelude::*;

#[kunit_tests(dma_coherent_share)]
mod tests {
    use super::*;
    use crate::{
        device::TestDevice,
        layout::Pinned, //
    };
    use core::mem::offset_of;
    use kernel::{
        alloc::Flags,
        dma::{
            Coherent,
            CoherentHandle,
            CoherentView,
            NoMapping, //
        },
        io::{
            io_project,
            io_read,
            io_write, //
        },
        sync::{
            atomic::{
                Atomic,
                Relaxed, //
            },
            Arc,
            Completion, //
        },
        workqueue, //
    };

    fn assert_send<T: Send>(_: &T) {}
    fn assert_sync<T: Sync>(_: &T) {}

    /// Runs `work` in another thread and waits until it is done.
    fn in_another_thread(flags: Flags, work: impl FnOnce() + Send + 'static) -> Result {
        let done = Arc::pin_init(Completion::new(), flags)?;
        let signal = done.clone();
        workqueue::system_unbound().try_spawn(flags, move || {
            work();
            signal.complete_all();
        })?;
        done.wait_for_completion();
        Ok(())
    }

    #[test]
    fn written_there_and_read_here() -> Result {
        let dev = TestDevice::normal()?;
        let c: Coherent<[u32]> = Coherent::zeroed_slice(&dev, 4, GFP_KERNEL)?;
        let c = Arc::new(c, GFP_KERNEL)?;
        let theirs = c.clone();
        in_another_thread(GFP_KERNEL, move || {
            for i in 0..4 {
                io_write!(&*theirs, [panic: i], 10 + i as u32);
            }
        })?;
        for i in 0..4 {
            assert_eq!(io_read!(&*c, [try: i]), 10 + i as u32);
        }
        Ok(())
    }

    #[test]
    fn dropped_in_another_thread() -> Result {
        let (normal, device) = (TestDevice::normal()?, TestDevice::no_mapping()?);
        let shared = Coherent::<u64>::zeroed(&normal, GFP_KERNEL)?;
        let heap = CoherentHandle::alloc(&device, 10000, GFP_KERNEL)?;
        in_another_thread(GFP_KERNEL, move || {
            drop(shared);
            drop(heap);
        })?;
        assert_eq!((normal.frees(), device.frees()), (1, 1));
        Ok(())
    }

    /// A layout that is tied to a thread ties a buffer to it only if the CPU can reach it.
    #[test]
    fn layout_tied_to_a_thread() -> Result {
        let dev = TestDevice::no_mapping()?;
        let c = Coherent::<Pinned, NoMapping>::new(&dev, GFP_KERNEL)?;
        assert_send(&c);
        assert_sync(&c);
        let view: CoherentView<'_, Pinned, NoMapping> = io_project!(&c,);
        assert_send(&view);
        assert_sync(&view);

        // What the other thread finds is judged here: there, no test runs that could fail.
        let expected = c.dma_range().address_at(offset_of!(Pinned, 1))?;
        let found = Arc::new(Atomic::new(0u64), GFP_KERNEL)?;
        let theirs = found.clone();
        in_another_thread(GFP_KERNEL, move || {
            theirs.store(io_project!(&c, .1).dma_address(), Relaxed);
        })?;
        assert_eq!(found.load(Relaxed), expected);
        Ok(())
    }
}
