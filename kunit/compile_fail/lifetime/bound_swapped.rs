// SPDX-License-Identifier: GPL-2.0

//! Two bound buffers with different lifetimes are swapped.

include!("../prelude.rs");

use core::ops::Deref;

pub fn f<'a, Guard>(outer: &mut bound::CoherentHandle<'a>, guard: Guard) -> Result
where
    Guard: Deref<Target = Device<Bound>> + 'a,
{
    let mut c = bound::CoherentHandle::alloc(&guard, 64, GFP_KERNEL)?; //~ E0597
    let mut d = bound::CoherentHandle::alloc(&guard, 64, GFP_KERNEL)?;
    // control: core::mem::swap(&mut d, &mut c);
    core::mem::swap(outer, &mut c);
    let _ = (outer, &mut d);
    Ok(())
}
