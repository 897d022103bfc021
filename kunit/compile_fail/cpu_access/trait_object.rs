// SPDX-License-Identifier: GPL-2.0

//! A buffer becomes a trait object that has accessors.

include!("../prelude.rs");

pub fn f<'a>(c: &'a Coherent<u32, NoMapping>) {
    // control: let _: &dyn Fn(&'a Coherent<u32, NoMapping>) -> DmaAddress = &Coherent::dma_address;
    let _: &dyn IoBase<'a, Backend = CoherentIoBackend<NoMapping>, Target = u32> = &c;
    //~^ E0038
}
