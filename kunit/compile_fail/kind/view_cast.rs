// SPDX-License-Identifier: GPL-2.0

//! A cast changes the kind of a view.

include!("../prelude.rs");

pub fn f(c: CoherentView<'_, [u8; 4], NoMapping>) -> Result {
    // control: let _: CoherentView<'_, u32, NoMapping> = c.try_cast::<u32>()?;
    let _: CoherentView<'_, u32> = c.try_cast::<u32>()?; //~ E0308
    Ok(())
}
