// SPDX-License-Identifier: GPL-2.0

//! All constructors of `Normal`, which the CPU fills, for `NoMapping`.

include!("../prelude.rs");

use kernel::dma::attrs::DMA_ATTR_NO_WARN as ATTRS;

// control: type Buffer = Coherent<u32, Normal>;
type Buffer = Coherent<u32, NoMapping>;

pub fn f(dev: &Device<Bound>) {
    let _ = Buffer::zeroed(dev, GFP_KERNEL); //~ E0599
    let _ = Buffer::zeroed_with_attrs(dev, GFP_KERNEL, ATTRS); //~ E0599
    let _ = Buffer::init(dev, GFP_KERNEL, 1); //~ E0599
    let _ = Buffer::init_with_attrs(dev, GFP_KERNEL, ATTRS, 1); //~ E0599
    let _ = Buffer::zeroed_slice(dev, 1, GFP_KERNEL); //~ E0599
    let _ = Buffer::zeroed_slice_with_attrs(dev, 1, GFP_KERNEL, ATTRS); //~ E0599
    let _ = Buffer::from_slice(dev, &[1], GFP_KERNEL); //~ E0599
    let _ = Buffer::from_slice_with_attrs(dev, &[1], GFP_KERNEL, ATTRS); //~ E0599
}
