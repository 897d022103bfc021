// SPDX-License-Identifier: GPL-2.0

//! The type is aligned to more than a page.

include!("../prelude.rs");

// control: #[repr(align(4096))]
#[repr(align(8192))]
pub struct Huge([u8; 8192]);

pub fn f(dev: &Device<Bound>) -> Result {
    let _ = Coherent::<Huge, NoMapping>::new(dev, GFP_KERNEL)?; //~ E0080
    Ok(())
}
