// SPDX-License-Identifier: GPL-2.0

//! Safe code projects a view to any pointer.

include!("../prelude.rs");

pub fn f<'a>(
    c: CoherentView<'a, [u32; 4], NoMapping>,
    p: *mut u32,
) -> CoherentView<'a, u32, NoMapping> {
    // control: io_project!(c, [build: 3])
    CoherentIoBackend::<NoMapping>::project_view(c, p) //~ E0133
}
