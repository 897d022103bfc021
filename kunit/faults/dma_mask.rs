// SPDX-License-Identifier: GPL-2.0

//! DMA masks that are too small for the machine's memory.

use kernel::prelude::*;

#[kunit_tests(dma_faults_mask)]
mod tests {
    use super::*;
    use crate::device::{
        check,
        TestDevice, //
    };
    use kernel::dma::{
        attrs::DMA_ATTR_NO_WARN,
        Coherent,
        CoherentHandle,
        DmaAddress, //
    };

    const SIZE: usize = 4096;

    /// Allocates until nothing is left that a device with `bits` bits of address can reach.
    fn exhaust<T>(
        dev: &TestDevice,
        bits: u32,
        alloc: impl Fn(&TestDevice) -> Result<(T, DmaAddress)>,
    ) -> Result {
        let end = 1u64 << bits;
        let before = dev.swap_mask(end - 1);
        let mut held = KVec::new();
        let error = loop {
            match alloc(dev).and_then(|made| Ok(held.push(made, GFP_KERNEL)?)) {
                Ok(()) if held.len() as u64 > end / SIZE as u64 => break None,
                Ok(()) => {}
                Err(error) => break Some(error),
            }
        };
        // Before the buffers go: the mask must not decide how they are freed.
        dev.swap_mask(before);

        dev_info!(dev, "{bits} bits of address: {} buffers\n", held.len());
        check!(held.iter().all(|(_, at)| *at + SIZE as u64 <= end));
        check!(error == Some(ENOMEM));

        // That was not the end of all memory. The buffers go first: once addresses for a device
        // have run out, the IOVA allocator does not look again before one of them is free.
        drop(held);
        alloc(dev).map(drop)
    }

    #[test]
    fn too_small_is_no_memory() -> Result {
        for dev in &TestDevice::without_pool()? {
            for bits in [14, 16, 20] {
                // There, `__dma_alloc()` in `arch/arm/mm/dma-mapping.c` lets the mask choose the
                // zone, and does not look at what it got.
                if !cfg!(CONFIG_ARM) {
                    exhaust(dev, bits, |dev| {
                        let c = Coherent::<u8>::zeroed_slice_with_attrs(
                            dev,
                            SIZE,
                            GFP_KERNEL,
                            DMA_ATTR_NO_WARN,
                        )?;
                        let at = c.dma_address();
                        Ok((c, at))
                    })?;
                }
                exhaust(dev, bits, |dev| {
                    let c =
                        CoherentHandle::alloc_with_attrs(dev, SIZE, GFP_KERNEL, DMA_ATTR_NO_WARN)?;
                    let at = c.dma_address();
                    Ok((c, at))
                })?;
            }
        }
        Ok(())
    }
}
