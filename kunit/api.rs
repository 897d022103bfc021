// SPDX-License-Identifier: GPL-2.0

//! The coherent types of Linux 7.3: every public signature, impl and auto trait, with its bounds.
//!
//! `make contract` compiles this file twice: against Linux 7.3, so that nothing here is made up,
//! and against the library, so that nothing is lost. What 7.3 has under these names must be named
//! here.
//!
//! A function with the bounds of an `impl` coerces each of its functions to a pointer: a function
//! that is gone, takes or returns another type, or needs another bound does not compile.

use core::{
    ops::{
        Deref,
        DerefMut, //
    },
    panic::{
        RefUnwindSafe,
        UnwindSafe, //
    }, //
};
use kernel::{
    alloc::Flags,
    debugfs::BinaryWriter,
    device::{
        Bound,
        Device, //
    },
    dma::{
        Attrs,
        Coherent,
        CoherentBox,
        CoherentHandle,
        CoherentIoBackend,
        CoherentView,
        DmaAddress, //
    },
    fs::file::Offset,
    io::{
        Io,
        IoBackend,
        IoBase,
        IoCapable,
        IoCopyable,
        SysMem,
        SysMemBackend, //
    },
    prelude::*,
    ptr::KnownSize,
    transmute::{
        AsBytes,
        FromBytes, //
    },
    uaccess::UserSliceWriter, //
};
use static_assertions::{
    assert_impl_all,
    assert_not_impl_any, //
};

type Dev = Device<Bound>;

/// `impl<T: KnownSize + ?Sized> Coherent<T>`
pub fn coherent<T: KnownSize + ?Sized>() {
    let _: fn(&Coherent<T>) -> usize = Coherent::<T>::size;
    let _: fn(&Coherent<T>) -> *const T = Coherent::<T>::as_ptr;
    let _: fn(&Coherent<T>) -> *mut T = Coherent::<T>::as_mut_ptr;
    let _: fn(&Coherent<T>) -> DmaAddress = Coherent::<T>::dma_address;
    let _: unsafe fn(&Coherent<T>) -> &T = Coherent::<T>::as_ref;
    let _: unsafe fn(&Coherent<T>) -> &mut T = Coherent::<T>::as_mut;
    let _: fn(Coherent<T>) = drop;
}

/// `impl<T: AsBytes + FromBytes> Coherent<T>`
pub fn coherent_value<T: AsBytes + FromBytes, E, I: Init<T, E>>()
where
    Error: From<E>,
{
    let _: fn(&Dev, Flags) -> Result<Coherent<T>> = Coherent::<T>::zeroed;
    let _: fn(&Dev, Flags, Attrs) -> Result<Coherent<T>> = Coherent::<T>::zeroed_with_attrs;
    let _: fn(&Dev, Flags, I) -> Result<Coherent<T>> = Coherent::<T>::init::<E>;
    let _: fn(&Dev, Flags, Attrs, I) -> Result<Coherent<T>> = Coherent::<T>::init_with_attrs::<E>;
    let _: fn(&Dev, usize, Flags) -> Result<Coherent<[T]>> = Coherent::<T>::zeroed_slice;
    let _: fn(&Dev, usize, Flags, Attrs) -> Result<Coherent<[T]>> =
        Coherent::<T>::zeroed_slice_with_attrs;
}

/// `impl<T: AsBytes + FromBytes> Coherent<T>`, for elements that are copied.
pub fn coherent_copy<T: AsBytes + FromBytes + Copy>() {
    let _: fn(&Dev, &[T], Flags) -> Result<Coherent<[T]>> = Coherent::<T>::from_slice;
    let _: fn(&Dev, &[T], Flags, Attrs) -> Result<Coherent<[T]>> =
        Coherent::<T>::from_slice_with_attrs;
}

/// `impl<T> Coherent<[T]>`
pub fn coherent_slice<T>() {
    let _: fn(&Coherent<[T]>) -> usize = Coherent::<[T]>::len;
}

/// `impl<T: KnownSize + AsBytes + ?Sized> debugfs::BinaryWriter for Coherent<T>`
pub fn coherent_writer<T: KnownSize + AsBytes + ?Sized>() {
    let _: fn(&Coherent<T>, &mut UserSliceWriter, &mut Offset) -> Result<usize> =
        <Coherent<T> as BinaryWriter>::write_to_slice;
}

/// `impl<T: AsBytes + FromBytes> CoherentBox<[T]>`
pub fn box_slice<T: AsBytes + FromBytes, E, I: Init<T, E>>()
where
    Error: From<E>,
{
    let _: fn(&Dev, usize, Flags) -> Result<CoherentBox<[T]>> = CoherentBox::<[T]>::zeroed_slice;
    let _: fn(&Dev, usize, Flags, Attrs) -> Result<CoherentBox<[T]>> =
        CoherentBox::<[T]>::zeroed_slice_with_attrs;
    let _: fn(&mut CoherentBox<[T]>, usize, I) -> Result = CoherentBox::<[T]>::init_at::<E>;
}

/// `impl<T: AsBytes + FromBytes> CoherentBox<[T]>`, for elements that are copied.
pub fn box_copy<T: AsBytes + FromBytes + Copy>() {
    let _: fn(&Dev, &[T], Flags) -> Result<CoherentBox<[T]>> = CoherentBox::<[T]>::from_slice;
    let _: fn(&Dev, &[T], Flags, Attrs) -> Result<CoherentBox<[T]>> =
        CoherentBox::<[T]>::from_slice_with_attrs;
}

/// `impl<T: AsBytes + FromBytes> CoherentBox<T>`
pub fn box_value<T: AsBytes + FromBytes>() {
    let _: fn(&Dev, Flags) -> Result<CoherentBox<T>> = CoherentBox::<T>::zeroed;
    let _: fn(&Dev, Flags, Attrs) -> Result<CoherentBox<T>> = CoherentBox::<T>::zeroed_with_attrs;
}

/// `impl<T: KnownSize + ?Sized> Deref for CoherentBox<T>`
pub fn box_deref<T: KnownSize + ?Sized>() {
    let _: fn(&CoherentBox<T>) -> &T = <CoherentBox<T> as Deref>::deref;
}

/// `DerefMut for CoherentBox<T>`, and `From<CoherentBox<T>> for Coherent<T>`
pub fn box_deref_mut<T: AsBytes + FromBytes + KnownSize + ?Sized>() {
    let _: fn(&mut CoherentBox<T>) -> &mut T = <CoherentBox<T> as DerefMut>::deref_mut;
    let _: fn(CoherentBox<T>) -> Coherent<T> = <Coherent<T> as From<CoherentBox<T>>>::from;
}

/// `impl CoherentHandle`
pub fn handle() {
    let _: fn(&Dev, usize, Flags) -> Result<CoherentHandle> = CoherentHandle::alloc;
    let _: fn(&Dev, usize, Flags, Attrs) -> Result<CoherentHandle> =
        CoherentHandle::alloc_with_attrs;
    let _: fn(&CoherentHandle) -> DmaAddress = CoherentHandle::dma_address;
    let _: fn(&CoherentHandle) -> usize = CoherentHandle::size;
    let _: fn(CoherentHandle) = drop;
}

/// `impl<'a, T: ?Sized> CoherentView<'a, T>`
pub fn view<'a, T: ?Sized>() {
    let _: fn(CoherentView<'a, T>) -> DmaAddress = CoherentView::<'a, T>::dma_address;
    let _: fn(CoherentView<'a, T>) -> SysMem<'a, T> = CoherentView::<'a, T>::as_sys_mem;
    let _: fn(&CoherentView<'a, T>) -> CoherentView<'a, T> = <CoherentView<'a, T> as Clone>::clone;
    implements_copy::<CoherentView<'a, T>>();
}

/// The references of `impl<'a, T: ?Sized> CoherentView<'a, T>`.
pub fn view_references<'a, T: ?Sized + 'a>() {
    let _: unsafe fn(CoherentView<'a, T>) -> &'a T = CoherentView::<'a, T>::as_ref;
    let _: unsafe fn(CoherentView<'a, T>) -> &'a mut T = CoherentView::<'a, T>::as_mut;
}

/// `IoBackend for CoherentIoBackend`, and `IoBase` for views and buffers.
pub fn io<'a, T: ?Sized + KnownSize + 'a, U: ?Sized + KnownSize>() {
    type View<'a, T> = CoherentView<'a, T>;

    let _: fn(View<'a, T>) -> *mut T = <CoherentIoBackend as IoBackend>::as_ptr::<T>;
    let _: unsafe fn(View<'a, T>, *mut U) -> View<'a, U> =
        <CoherentIoBackend as IoBackend>::project_view::<T, U>;
    let _: fn(View<'a, T>) -> View<'a, T> = <View<'a, T> as IoBase<'a>>::as_view;
    let _: fn(&'a Coherent<T>) -> View<'a, T> = <&'a Coherent<T> as IoBase<'a>>::as_view;
    implements_io::<'a, T, View<'a, T>>();
    implements_io::<'a, T, &'a Coherent<T>>();
}

/// `impl<T> IoCapable<T> for CoherentIoBackend`
pub fn io_capable<'a, T>()
where
    SysMemBackend: IoCapable<T>,
{
    let _: fn(CoherentView<'a, T>) -> T = <CoherentIoBackend as IoCapable<T>>::io_read;
    let _: fn(CoherentView<'a, T>, T) = <CoherentIoBackend as IoCapable<T>>::io_write;
}

/// `impl IoCopyable for CoherentIoBackend`
pub fn io_copyable<'a, T: zerocopy::FromBytes, U: zerocopy::IntoBytes>() {
    type View<'a, T> = CoherentView<'a, T>;

    let _: unsafe fn(View<'a, [u8]>, *mut u8) = <CoherentIoBackend as IoCopyable>::copy_from_io;
    let _: unsafe fn(View<'a, [u8]>, *const u8) = <CoherentIoBackend as IoCopyable>::copy_to_io;
    let _: fn(View<'a, T>) -> T = <CoherentIoBackend as IoCopyable>::copy_read::<T>;
    let _: fn(View<'a, U>, U) = <CoherentIoBackend as IoCopyable>::copy_write::<U>;
}

fn implements_copy<T: Copy>() {}
fn implements_send<T: Send>() {}
fn implements_sync<T: Sync>() {}
fn implements_io<'a, T: ?Sized, I: Io<'a, Backend = CoherentIoBackend, Target = T>>() {}

/// What can be sent.
pub fn send<T: KnownSize + Send + ?Sized>() {
    implements_send::<Coherent<T>>();
    implements_send::<CoherentBox<T>>();
}

/// What can be shared.
pub fn sync<T: KnownSize + ?Sized + AsBytes + FromBytes + Sync>() {
    implements_sync::<Coherent<T>>();
    implements_sync::<CoherentBox<T>>();
}

/// A view is sent and shared as a reference is.
pub fn view_sync<'a, T: Sync + ?Sized>() {
    implements_send::<CoherentView<'a, T>>();
    implements_sync::<CoherentView<'a, T>>();
}

/// The other auto traits, for types that have them all.
pub fn auto<'a, T: KnownSize + RefUnwindSafe + ?Sized>() {
    fn unpin<T: Unpin>() {}
    fn unwind<T: UnwindSafe + RefUnwindSafe>() {}

    unpin::<Coherent<T>>();
    unpin::<CoherentBox<T>>();
    unpin::<CoherentView<'a, T>>();
    unwind::<CoherentView<'a, T>>();
}

assert_impl_all!(CoherentHandle: Send, Sync, Unpin);
assert_impl_all!(CoherentIoBackend: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_not_impl_any!(CoherentHandle: Clone, Deref);
assert_not_impl_any!(Coherent<u8>: Clone, Deref, DerefMut);

/// What a driver leaves to inference.
pub fn inferred(dev: &Dev) -> Result {
    let value: Coherent<u32> = Coherent::zeroed(dev, GFP_KERNEL)?;
    let _: Coherent<[u32]> = Coherent::from_slice(dev, &[1], GFP_KERNEL)?;
    let _ = Coherent::from_slice(dev, &[1_u32], GFP_KERNEL)?.len();
    let _ = Coherent::<u32>::zeroed_slice(dev, 4, GFP_KERNEL)?.dma_address();
    let _: Coherent<u64> = Coherent::init(dev, GFP_KERNEL, 1)?;
    let mut boxed: CoherentBox<[u32]> = CoherentBox::zeroed_slice(dev, 4, GFP_KERNEL)?;
    boxed.init_at(0, 1)?;
    boxed[1] = value.read_val();
    let _: Coherent<[u32]> = boxed.into();
    let _ = CoherentHandle::alloc(dev, 4096, GFP_KERNEL)?.dma_address();
    Ok(())
}
