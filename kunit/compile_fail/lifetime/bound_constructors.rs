// SPDX-License-Identifier: GPL-2.0

//! A buffer is stored where `'static` is needed, whichever constructor it is from.

include!("../prelude.rs");

const GFP: kernel::alloc::Flags = GFP_KERNEL;
const ATTR: Attrs = attrs::DMA_ATTR_NO_WARN;

// control: fn keep<T>(_: Result<T>) {}
fn keep<T: 'static>(_: Result<T>) {}

// The marks belong to the lines of the calls.
#[rustfmt::skip]
pub fn new(dev: &Device<Bound>) {
    keep(bound::Coherent::<u32, NoMapping>::new_with_attrs(dev, GFP, ATTR)); //~ E0521
}

#[rustfmt::skip]
pub fn new_zeroed(dev: &Device<Bound>) {
    keep(bound::Coherent::<u32, NoMapping>::new_zeroed_with_attrs(dev, GFP, ATTR)); //~ E0521
}

#[rustfmt::skip]
pub fn alloc(dev: &Device<Bound>) {
    keep(bound::Coherent::<[u32], NoMapping>::alloc_with_attrs(dev, 1, GFP, ATTR)); //~ E0521
}

#[rustfmt::skip]
pub fn alloc_zeroed(dev: &Device<Bound>) {
    keep(bound::Coherent::<[u32], NoMapping>::alloc_zeroed_with_attrs(dev, 1, GFP, ATTR)); //~ E0521
}

#[rustfmt::skip]
pub fn zeroed(dev: &Device<Bound>) {
    keep(bound::Coherent::<u32>::zeroed_with_attrs(dev, GFP, ATTR)); //~ E0521
}

#[rustfmt::skip]
pub fn init(dev: &Device<Bound>) {
    keep(bound::Coherent::<u32>::init_with_attrs(dev, GFP, ATTR, 1)); //~ E0521
}

#[rustfmt::skip]
pub fn zeroed_slice(dev: &Device<Bound>) {
    keep(bound::Coherent::<u32>::zeroed_slice_with_attrs(dev, 1, GFP, ATTR)); //~ E0521
}

#[rustfmt::skip]
pub fn from_slice(dev: &Device<Bound>) {
    keep(bound::Coherent::<u32>::from_slice_with_attrs(dev, &[1], GFP, ATTR)); //~ E0521
}

#[rustfmt::skip]
pub fn boxed_zeroed_slice(dev: &Device<Bound>) {
    keep(bound::CoherentBox::<[u32]>::zeroed_slice_with_attrs(dev, 1, GFP, ATTR)); //~ E0521
}

#[rustfmt::skip]
pub fn boxed_from_slice(dev: &Device<Bound>) {
    keep(bound::CoherentBox::<[u32]>::from_slice_with_attrs(dev, &[1], GFP, ATTR)); //~ E0521
}

#[rustfmt::skip]
pub fn boxed_zeroed(dev: &Device<Bound>) {
    keep(bound::CoherentBox::<u32>::zeroed_with_attrs(dev, GFP, ATTR)); //~ E0521
}
