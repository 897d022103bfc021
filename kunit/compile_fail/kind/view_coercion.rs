// SPDX-License-Identifier: GPL-2.0

//! A view is assigned to a view of the other kind.

include!("../prelude.rs");

type Shared<'a> = CoherentView<'a, u32, Normal>;

type Alone<'a> = CoherentView<'a, u32, NoMapping>;

// control: pub fn f<'a>(alone: Shared<'a>, shared: Alone<'a>) {
pub fn f<'a>(shared: Shared<'a>, alone: Alone<'a>) {
    let _: Alone<'a> = shared; //~ E0308
    let _: Shared<'a> = alone; //~ E0308
}
