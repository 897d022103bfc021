// SPDX-License-Identifier: GPL-2.0

//! All pointers and references to the memory of a buffer and a view.

include!("../prelude.rs");

// control: type Kind = Normal;
type Kind = NoMapping;

pub unsafe fn f(c: &Coherent<u32, Kind>, v: CoherentView<'_, u32, Kind>) {
    let _ = c.as_ptr(); //~ E0599
    let _ = c.as_mut_ptr(); //~ E0599
    let _ = unsafe { c.as_ref() }; //~ E0599
    let _ = unsafe { c.as_mut() }; //~ E0599
    let _ = v.as_sys_mem(); //~ E0599
    let _ = unsafe { v.as_ref() }; //~ E0599
    let _ = unsafe { v.as_mut() }; //~ E0599
}
