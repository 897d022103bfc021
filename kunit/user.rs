// SPDX-License-Identifier: GPL-2.0

//! Copies of a buffer to user space, as debugfs makes them.

use kernel::{
    ffi::c_ulong,
    prelude::*,
    uaccess::UserPtr, //
};

extern "C" {
    fn coherent_kunit_user_page() -> c_ulong;
}

/// Maps a page of zeroes into the user address space of the running test.
fn user_page() -> Result<UserPtr> {
    // SAFETY: The function may be called from anywhere; outside of a test it returns zero.
    match unsafe { coherent_kunit_user_page() } {
        0 => Err(ENOMEM),
        addr => Ok(UserPtr::from_addr(addr)),
    }
}

#[kunit_tests(dma_coherent_user)]
mod tests {
    use super::*;
    use crate::device::TestDevice;
    use kernel::{
        debugfs::BinaryWriter,
        dma::Coherent,
        fs::file::Offset,
        uaccess::UserSlice, //
    };

    const DATA: [u8; 16] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];

    /// Reads the first bytes of a page that [`user_page`] mapped.
    fn read_back(page: UserPtr) -> Result<[u8; 24]> {
        let mut found = [0; 24];
        UserSlice::new(page, found.len())
            .reader()
            .read_slice(&mut found)?;
        Ok(found)
    }

    #[test]
    fn whole_buffer_is_written() -> Result {
        let dev = TestDevice::normal()?;
        let c = Coherent::from_slice(&dev, &DATA, GFP_KERNEL)?;
        let page = user_page()?;
        let mut offset: Offset = 0;
        let written = c.write_to_slice(&mut UserSlice::new(page, 64).writer(), &mut offset);
        assert_eq!(written, Ok(16));
        assert_eq!(offset, 16);

        let found = read_back(page)?;
        assert!(found[..16] == DATA);
        assert!(found[16..] == [0; 8]);
        Ok(())
    }

    /// Each piece is as long as the reader wants, and goes on where the last one ended.
    #[test]
    fn pieces_make_up_the_buffer() -> Result {
        let dev = TestDevice::normal()?;
        let c = Coherent::from_slice(&dev, &DATA, GFP_KERNEL)?;
        let page = user_page()?;
        let mut offset: Offset = 0;
        for (length, end) in [(5, 5), (5, 10), (5, 15), (1, 16), (0, 16)] {
            let to = page.wrapping_byte_add(offset as usize);
            let written = c.write_to_slice(&mut UserSlice::new(to, 5).writer(), &mut offset);
            assert_eq!(written, Ok(length));
            assert_eq!(offset, end);
        }

        let found = read_back(page)?;
        assert!(found[..16] == DATA);
        assert!(found[16..] == [0; 8]);
        Ok(())
    }

    /// Offsets count bytes, whatever the elements are.
    #[test]
    fn offset_counts_bytes() -> Result {
        let dev = TestDevice::normal()?;
        let c = Coherent::<[u32; 2]>::init(&dev, GFP_KERNEL, [0x0403_0201u32.to_le(), u32::MAX])?;
        let page = user_page()?;
        let mut offset: Offset = 1;
        let written = c.write_to_slice(&mut UserSlice::new(page, 64).writer(), &mut offset);
        assert_eq!(written, Ok(7));
        assert_eq!(offset, 8);
        assert!(read_back(page)?[..8] == [2, 3, 4, 0xff, 0xff, 0xff, 0xff, 0]);
        Ok(())
    }

    #[test]
    fn end_of_the_buffer_is_no_error() -> Result {
        let dev = TestDevice::normal()?;
        let c = Coherent::from_slice(&dev, &DATA, GFP_KERNEL)?;
        let page = user_page()?;
        for start in [16, 17, Offset::MAX] {
            let mut offset = start;
            let written = c.write_to_slice(&mut UserSlice::new(page, 64).writer(), &mut offset);
            assert_eq!(written, Ok(0));
            assert_eq!(offset, start);
        }
        assert!(read_back(page)? == [0; 24]);
        Ok(())
    }

    #[test]
    fn negative_offset_is_invalid() -> Result {
        let dev = TestDevice::normal()?;
        let c = Coherent::from_slice(&dev, &DATA, GFP_KERNEL)?;
        let page = user_page()?;
        for start in [-1, Offset::MIN] {
            let mut offset = start;
            let written = c.write_to_slice(&mut UserSlice::new(page, 64).writer(), &mut offset);
            assert_eq!(written, Err(EINVAL));
            assert_eq!(offset, start);
        }
        assert!(read_back(page)? == [0; 24]);
        Ok(())
    }

    #[test]
    fn bad_address_is_a_fault() -> Result {
        let dev = TestDevice::normal()?;
        let c = Coherent::from_slice(&dev, &DATA, GFP_KERNEL)?;
        // Gives the test an address space, in which nothing is mapped at zero.
        user_page()?;
        let mut offset: Offset = 0;
        let mut writer = UserSlice::new(UserPtr::from_addr(0), 64).writer();
        assert_eq!(c.write_to_slice(&mut writer, &mut offset), Err(EFAULT));
        assert_eq!(offset, 0);
        Ok(())
    }
}
