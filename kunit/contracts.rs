// SPDX-License-Identifier: GPL-2.0

//! The traits that the types of the library implement, and those they must not implement.
//!
//! `make contract` compiles this file with the `static_assertions` crate.

use core::{
    cell::Cell,
    marker::PhantomData, //
};
use kernel::{
    debugfs::BinaryWriter,
    dma::{
        bound,
        Coherent,
        CoherentBox,
        CoherentHandle,
        CoherentIoBackend,
        CoherentKind,
        CoherentView,
        CpuMapping,
        NoMapping,
        Normal, //
    },
    io::{
        Io,
        IoBackend,
        IoCapable,
        IoCopyable, //
    },
    transmute::{
        AsBytes,
        FromBytes, //
    }, //
};
use static_assertions::{
    assert_eq_size,
    assert_impl_all,
    assert_not_impl_any,
    assert_type_eq_all, //
};

/// Neither to be sent nor to be shared.
pub struct Pinned(PhantomData<*mut u8>);

/// The same, although it is nothing but bytes.
#[repr(transparent)]
pub struct PinnedBytes(u32, PhantomData<*mut u8>);

// SAFETY: This is a `u32`, without padding.
unsafe impl AsBytes for PinnedBytes {}

// SAFETY: This is a `u32`, for which every bit pattern is a value.
unsafe impl FromBytes for PinnedBytes {}

// No CPU access without a mapping: each method of `Io` that accesses memory needs one of these.
assert_impl_all!(CoherentIoBackend<NoMapping>: IoBackend);
assert_not_impl_any!(CoherentIoBackend<NoMapping>: IoCapable<u8>, IoCapable<u16>);
assert_not_impl_any!(CoherentIoBackend<NoMapping>: IoCapable<u32>, IoCapable<u64>, IoCopyable);
assert_impl_all!(CoherentIoBackend: IoBackend, IoCapable<u8>, IoCapable<u16>, IoCapable<u32>);
assert_impl_all!(CoherentIoBackend: IoCapable<u64>, IoCopyable);
assert_not_impl_any!(CoherentHandle: BinaryWriter);
assert_impl_all!(Coherent<[u8]>: BinaryWriter);

// The kinds.
assert_impl_all!(Normal: CoherentKind, CpuMapping);
assert_impl_all!(NoMapping: CoherentKind);
assert_not_impl_any!(NoMapping: CpuMapping);
assert_not_impl_any!((): CoherentKind);
assert_not_impl_any!(dyn Send: CoherentKind);
assert_type_eq_all!(CoherentHandle, Coherent<[u8], NoMapping>);
assert_type_eq_all!(Coherent<u32>, Coherent<u32, Normal>);
assert_type_eq_all!(
    CoherentView<'static, u32>,
    CoherentView<'static, u32, Normal>
);
assert_type_eq_all!(CoherentIoBackend, CoherentIoBackend<Normal>);

// Buffers of both kinds do I/O, are not copied, and lend no reference to their contents.
assert_impl_all!(&'static Coherent<u32>: Io<'static>);
assert_impl_all!(&'static CoherentHandle: Io<'static>);
assert_not_impl_any!(CoherentHandle: Clone, core::ops::Deref, AsRef<[u8]>);
assert_not_impl_any!(Coherent<u32>: Clone, core::ops::Deref, AsRef<u32>);
assert_not_impl_any!(CoherentView<'static, u32, NoMapping>: core::ops::Deref, Into<*mut u32>);
assert_not_impl_any!(Coherent<u32>: From<Coherent<u32, NoMapping>>);
assert_not_impl_any!(Coherent<u32, NoMapping>: From<Coherent<u32>>, From<CoherentBox<u32>>);

// Threads: a buffer without a mapping gives no access to its `T`.
assert_impl_all!(Coherent<u32>: Send, Sync);
assert_impl_all!(CoherentHandle: Send, Sync);
assert_impl_all!(Coherent<Pinned, NoMapping>: Send, Sync);
assert_impl_all!(CoherentView<'static, Pinned, NoMapping>: Send, Sync);
assert_impl_all!(CoherentView<'static, u32>: Send, Sync, Copy);
assert_impl_all!(CoherentBox<u32>: Send, Sync);
assert_not_impl_any!(Coherent<Pinned>: Send, Sync);
assert_not_impl_any!(CoherentBox<Pinned>: Send, Sync);
assert_not_impl_any!(Coherent<PinnedBytes>: Send, Sync);
assert_not_impl_any!(CoherentBox<PinnedBytes>: Send, Sync);
assert_not_impl_any!(CoherentView<'static, Pinned>: Send, Sync);
assert_not_impl_any!(Coherent<Cell<u32>>: Sync);
// The device may write bytes that are not a value of such a type.
assert_not_impl_any!(Coherent<bool>: Sync);
assert_not_impl_any!(CoherentView<'static, Cell<u32>>: Send, Sync);

// A bound buffer lends the unbound one and never gives it away.
assert_impl_all!(bound::Coherent<'static, u32>: core::ops::Deref<Target = Coherent<u32>>);
assert_not_impl_any!(bound::Coherent<'static, u32>: core::ops::DerefMut, Clone);
assert_not_impl_any!(Coherent<u32>: From<bound::Coherent<'static, u32>>);
assert_not_impl_any!(Coherent<u32>: From<bound::CoherentBox<'static, u32>>);
assert_impl_all!(&'static bound::Coherent<'static, u32>: Io<'static>);
assert_impl_all!(&'static bound::CoherentHandle<'static>: Io<'static>);
assert_impl_all!(bound::Coherent<'static, [u8]>: BinaryWriter);
assert_not_impl_any!(bound::CoherentHandle<'static>: BinaryWriter);
assert_impl_all!(bound::Coherent<'static, u32>: Send, Sync);
assert_impl_all!(bound::Coherent<'static, Pinned, NoMapping>: Send, Sync);
assert_not_impl_any!(bound::Coherent<'static, Pinned>: Send, Sync);
assert_not_impl_any!(bound::CoherentBox<'static, Pinned>: Send, Sync);
assert_type_eq_all!(
    bound::CoherentHandle<'static>,
    bound::Coherent<'static, [u8], NoMapping>
);
assert_eq_size!(
    Coherent<u32>,
    bound::Coherent<'static, u32>,
    bound::CoherentBox<'static, u32>
);

// A kind costs nothing.
assert_eq_size!(Coherent<u32>, Coherent<u32, NoMapping>, CoherentBox<u32>);
assert_eq_size!(Coherent<[u8]>, CoherentHandle, CoherentBox<[u8]>);
assert_eq_size!(
    CoherentView<'static, u32>,
    CoherentView<'static, u32, NoMapping>
);
