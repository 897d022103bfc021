// SPDX-License-Identifier: GPL-2.0

//! Casts of [`NoMapping`] memory.

use super::{
    Coherent,
    CoherentIoBackend,
    CoherentView,
    NoMapping, //
};
use crate::{
    io::{
        IoBackend,
        IoBase, //
    },
    prelude::*,
    ptr::KnownSize, //
};

impl<'a, T: ?Sized + KnownSize> CoherentView<'a, T, NoMapping> {
    /// Casts the view to another type.
    ///
    /// Like [`Io::try_cast`](crate::io::Io::try_cast), but for any type: no CPU reads the memory as
    /// a `U`, so `U` may have padding or invalid bit patterns.
    ///
    /// Returns [`EINVAL`] if a `U` does not fit into this part or is not aligned there. A `U`
    /// aligned to more than [`PAGE_SIZE`](crate::page::PAGE_SIZE) does not compile.
    #[inline]
    pub fn try_cast<U>(self) -> Result<CoherentView<'a, U, NoMapping>> {
        let ptr = CoherentIoBackend::as_ptr(self);
        if size_of::<U>() > T::size(ptr) || ptr.addr() % align_of::<U>() != 0 {
            return Err(EINVAL);
        }

        // SAFETY: The cast is in bounds and aligned, so it is a projection.
        Ok(unsafe { CoherentIoBackend::project_view(self, ptr.cast()) })
    }
}

impl<T: ?Sized + KnownSize> Coherent<T, NoMapping> {
    /// Casts the buffer to a view of another type, see [`CoherentView::try_cast`].
    #[inline]
    pub fn try_cast<U>(&self) -> Result<CoherentView<'_, U, NoMapping>> {
        self.as_view().try_cast()
    }
}
