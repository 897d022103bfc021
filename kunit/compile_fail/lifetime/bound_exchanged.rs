// SPDX-License-Identifier: GPL-2.0

//! The buffer in a bound one is swapped for an unbound one.

include!("../prelude.rs");

pub fn f(c: &mut bound::Coherent<'_, u32>, other: &mut Coherent<u32>) {
    // control: let _ = (&**c, other);
    core::mem::swap(&mut **c, other); //~ E0596
}
