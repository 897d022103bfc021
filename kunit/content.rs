// SPDX-License-Identifier: GPL-2.0

//! What fresh memory with a mapping holds, and access to it by the CPU.

use kernel::prelude::*;

#[kunit_tests(dma_coherent_content)]
mod tests {
    use super::*;
    use crate::{
        device::TestDevice,
        layout::Outer, //
    };
    use core::mem::size_of;
    use kernel::{
        dma::{
            attrs::DMA_ATTR_NO_WARN,
            Coherent, //
        },
        io::{
            io_project,
            io_read,
            io_write,
            Io, //
        },
        page::PAGE_SIZE, //
    };

    const LEN: usize = 4 * PAGE_SIZE;

    /// Memory that was just freed is likely what comes next: leave something in it.
    fn make_dirty(dev: &TestDevice) -> Result {
        Coherent::from_slice(dev, &[0xffu8; 64], GFP_KERNEL)?;
        let c: Coherent<[u8]> = Coherent::zeroed_slice(dev, LEN, GFP_KERNEL)?;
        for i in 0..LEN {
            io_write!(&c, [try: i], 0xff);
        }
        Ok(())
    }

    fn is_zero(c: &Coherent<[u8]>) -> Result<bool> {
        for i in 0..c.len() {
            if io_read!(c, [try: i]) != 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    #[test]
    fn zeroed_slice_is_zero() -> Result {
        let (dirty, dev) = (TestDevice::normal()?, TestDevice::zeroed()?);
        for _ in 0..8 {
            make_dirty(&dirty)?;
            let c: Coherent<[u8]> = Coherent::zeroed_slice(&dev, LEN, GFP_KERNEL)?;
            assert!(is_zero(&c)?);
        }
        Ok(())
    }

    #[test]
    fn zeroed_is_zero() -> Result {
        let (dirty, dev) = (TestDevice::normal()?, TestDevice::zeroed()?);
        for _ in 0..8 {
            make_dirty(&dirty)?;
            let c = Coherent::<[u8; LEN]>::zeroed_with_attrs(&dev, GFP_KERNEL, DMA_ATTR_NO_WARN)?;
            for i in 0..LEN {
                assert_eq!(io_read!(&c, [try: i]), 0);
            }
        }
        Ok(())
    }

    #[test]
    fn init_is_what_was_initialized() -> Result {
        let dev = TestDevice::normal()?;
        let c = Coherent::<[u32; 4]>::init(&dev, GFP_KERNEL, [1, 2, 3, 4])?;
        for i in 0..4 {
            assert_eq!(io_read!(&c, [try: i]), i as u32 + 1);
        }

        let c = Coherent::<u32>::init_with_attrs(&dev, GFP_KERNEL, DMA_ATTR_NO_WARN, 42)?;
        assert_eq!(c.read_val(), 42);
        Ok(())
    }

    #[test]
    fn failing_init_returns_its_error_and_frees() -> Result {
        let dev = TestDevice::normal()?;
        // SAFETY: An initializer may fail without having written anything.
        let init = unsafe { pin_init::init_from_closure::<u64, Error>(|_| Err(EBUSY)) };
        assert_eq!(
            Coherent::<u64>::init(&dev, GFP_KERNEL, init).err(),
            Some(EBUSY)
        );
        assert_eq!((dev.allocations().1, dev.frees()), (1, 1));
        Ok(())
    }

    #[test]
    fn from_slice_is_a_copy() -> Result {
        let dev = TestDevice::normal()?;
        let data = [3u16, 1, 4, 1, 5, 9, 2, 6];
        let c = Coherent::from_slice(&dev, &data, GFP_KERNEL)?;
        assert_eq!(c.len(), data.len());
        for (i, value) in data.into_iter().enumerate() {
            assert_eq!(io_read!(&c, [try: i]), value);
        }
        Ok(())
    }

    #[test]
    fn every_width_is_read_as_written() -> Result {
        let dev = TestDevice::normal()?;
        let c = Coherent::<Outer>::zeroed(&dev, GFP_KERNEL)?;
        io_write!(&c, .end, 0x12);
        io_write!(&c, .header.pair.1, 0x1234);
        io_write!(&c, .table[build: 7].first, 0x1234_5678);
        // A CPU of 32 bits has no single access of 64.
        #[cfg(CONFIG_64BIT)]
        io_write!(&c, .header.last, 0x1234_5678_9abc_def0);
        assert_eq!(io_read!(&c, .end), 0x12);
        assert_eq!(io_read!(&c, .header.pair.1), 0x1234);
        assert_eq!(io_read!(&c, .table[build: 7].first), 0x1234_5678);
        #[cfg(CONFIG_64BIT)]
        assert_eq!(io_read!(&c, .header.last), 0x1234_5678_9abc_def0);

        // The neighbours are untouched.
        assert_eq!(io_read!(&c, .header.pair.0), 0);
        assert_eq!(io_read!(&c, .table[build: 6].first), 0);
        assert_eq!(io_read!(&c, .fill[build: 0]), 0);
        Ok(())
    }

    #[test]
    fn copies_take_all_bytes() -> Result {
        let dev = TestDevice::normal()?;
        let c = Coherent::<Outer>::zeroed(&dev, GFP_KERNEL)?;
        let mut data = [0u8; 64];
        for (i, byte) in data.iter_mut().enumerate() {
            *byte = i as u8 + 1;
        }

        let middle = io_project!(&c, .bytes[build: 100..164]);
        middle.copy_from_slice(&data);
        let mut back = [0u8; 64];
        middle.copy_to_slice(&mut back);
        assert!(back == data);
        assert_eq!(io_read!(&c, .bytes[build: 99]), 0);
        assert_eq!(io_read!(&c, .bytes[build: 100]), 1);
        assert_eq!(io_read!(&c, .bytes[build: 163]), 64);
        assert_eq!(io_read!(&c, .bytes[build: 164]), 0);

        io_project!(&c, .matrix[build: 2]).copy_write([1, 2, 3, 4]);
        assert!(io_project!(&c, .matrix[build: 2]).copy_read() == [1, 2, 3, 4]);
        assert_eq!(io_read!(&c, .matrix[build: 3][build: 0]), 0);
        Ok(())
    }

    #[test]
    fn references_see_the_same_memory() -> Result {
        let dev = TestDevice::normal()?;
        let c = Coherent::<[u32; 4]>::zeroed(&dev, GFP_KERNEL)?;
        io_write!(&c, [build: 2], 7);
        // SAFETY: No device knows about the memory, and the reference is gone before the next line.
        assert_eq!(unsafe { c.as_ref() }[2], 7);
        // SAFETY: As above.
        unsafe { c.as_mut()[3] = 8 };
        assert_eq!(io_read!(&c, [build: 3]), 8);

        let view = io_project!(&c, [build: 3]);
        // SAFETY: As above.
        assert_eq!(unsafe { *view.as_ref() }, 8);
        // SAFETY: As above.
        unsafe { *view.as_mut() = 9 };
        assert_eq!(io_read!(&c, [build: 3]), 9);
        assert_eq!(
            view.as_sys_mem().as_ptr().addr(),
            c.as_ptr().addr() + 3 * size_of::<u32>()
        );
        Ok(())
    }
}
