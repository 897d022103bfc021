// SPDX-License-Identifier: GPL-2.0

//! A view is cast to another layout, then read.

include!("../prelude.rs");

// control: pub fn f(c: CoherentView<'_, [u8; 4], Normal>) -> Result<u32> {
pub fn f(c: CoherentView<'_, [u8; 4], NoMapping>) -> Result<u32> {
    Ok(c.try_cast::<u32>()?.read_val()) //~ E0277
}
