// SPDX-License-Identifier: GPL-2.0

//! Copies of slices through [`Io`](kernel::io::Io): the view that is checked is the one copied.

use kernel::prelude::*;

#[kunit_tests(dma_coherent_io)]
mod tests {
    use super::*;
    use crate::device::TestDevice;
    use core::cell::Cell;
    use kernel::{
        dma::{
            Coherent,
            CoherentIoBackend,
            CoherentView, //
        },
        io::{
            io_project,
            Io,
            IoBase, //
        }, //
    };

    /// Eight bytes at first and four bytes from then on, which safe code may return.
    #[derive(Clone, Copy)]
    struct Shrinking<'a> {
        buffer: &'a Coherent<[u8]>,
        views: &'a Cell<usize>,
    }

    impl<'a> IoBase<'a> for Shrinking<'a> {
        type Backend = CoherentIoBackend;
        type Target = [u8];

        fn as_view(self) -> CoherentView<'a, [u8]> {
            let len = if self.views.get() == 0 { 8 } else { 4 };
            self.views.set(self.views.get() + 1);
            io_project!(self.buffer, [panic: ..len])
        }
    }

    #[test]
    fn a_slice_is_copied_from_the_view_that_was_checked() -> Result {
        let dev = TestDevice::normal()?;
        let buffer = &Coherent::from_slice(&dev, &[1u8; 8], GFP_KERNEL)?;
        let views = &Cell::new(0);
        let mut data = [0; 8];
        Shrinking { buffer, views }.copy_to_slice(&mut data);
        assert_eq!(data, [1; 8]);
        assert_eq!(views.get(), 1);
        Ok(())
    }

    #[test]
    fn a_slice_is_copied_to_the_view_that_was_checked() -> Result {
        let dev = TestDevice::normal()?;
        let buffer = &Coherent::from_slice(&dev, &[1u8; 8], GFP_KERNEL)?;
        let views = &Cell::new(0);
        Shrinking { buffer, views }.copy_from_slice(&[2; 8]);
        assert_eq!(views.get(), 1);
        let mut data = [0; 8];
        buffer.copy_to_slice(&mut data);
        assert_eq!(data, [2; 8]);
        Ok(())
    }
}
