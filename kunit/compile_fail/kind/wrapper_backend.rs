// SPDX-License-Identifier: GPL-2.0

//! A wrapper names the backend of the other kind.

include!("../prelude.rs");

#[derive(Clone, Copy)]
// control: pub struct Wrapper<'a>(&'a Coherent<u32, Normal>);
pub struct Wrapper<'a>(&'a Coherent<u32, NoMapping>);

impl<'a> IoBase<'a> for Wrapper<'a> {
    type Backend = CoherentIoBackend<Normal>;
    type Target = u32;
    fn as_view(self) -> CoherentView<'a, u32> {
        self.0.as_view() //~ E0308
    }
}
