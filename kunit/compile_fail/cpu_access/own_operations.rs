// SPDX-License-Identifier: GPL-2.0

//! A driver's own type has operations on the backend; they have no pointer to memory.

include!("../prelude.rs");

pub struct Word(pub u32);

impl IoCapable<Word> for CoherentIoBackend<NoMapping> {
    fn io_read<'a>(view: CoherentView<'a, Word, NoMapping>) -> Word {
        // control: Word(CoherentIoBackend::as_ptr(view).addr() as u32)
        Word((*CoherentIoBackend::as_ptr(view)).0) //~ E0133
    }
    fn io_write<'a>(view: CoherentView<'a, Word, NoMapping>, value: Word) {}
}
