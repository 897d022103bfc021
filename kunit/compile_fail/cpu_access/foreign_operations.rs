// SPDX-License-Identifier: GPL-2.0

//! A driver implements operations for the other kind's backend.

include!("../prelude.rs");

pub trait Claim: IoBackend {
    fn io_read<'a>(view: Self::View<'a, u32>) -> u32;
    fn io_write<'a>(view: Self::View<'a, u32>, value: u32);
}

// control: impl Claim for CoherentIoBackend<NoMapping> {
impl IoCapable<u32> for CoherentIoBackend<NoMapping> {
    //~^ E0117
    fn io_read<'a>(_: Self::View<'a, u32>) -> u32 {
        0
    }
    fn io_write<'a>(_: Self::View<'a, u32>, _: u32) {}
}
