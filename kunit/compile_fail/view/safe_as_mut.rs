// SPDX-License-Identifier: GPL-2.0

//! Safe code makes a mutable reference from a view.

include!("../prelude.rs");

pub fn f(c: CoherentView<'_, u32>) {
    // control: c.write_val(1);
    *c.as_mut() = 1; //~ E0133
}
