// SPDX-License-Identifier: GPL-2.0

//! Every function of the library, each behind a function of its own, to see which can panic.
//!
//! `make contract` compiles this with kbuild's flags and follows the relocations of the object to
//! the kernel's panic handler. A module that names an `impl` has a function for each function of
//! that `impl`, under its name; what else stands there begins with such a name. Those that can panic
//! say so under `# Panics`, here or where the library documents them, and no others do.

use kernel::{
    alloc::Flags,
    debugfs::BinaryWriter,
    device::{
        Bound,
        Device, //
    },
    dma::{
        At,
        Attrs,
        Coherent,
        CoherentBox,
        CoherentHandle,
        CoherentIoBackend,
        CoherentView,
        DmaAddress,
        DmaMask,
        NoMapping,
        Range,
        Span, //
    },
    fs::file::Offset,
    io::{
        io_project,
        io_read,
        io_write,
        register,
        Io,
        IoBackend,
        IoBase,
        IoCapable,
        IoCopyable,
        IoLoc,
        Region,
        SysMem, //
    },
    num::Bounded,
    prelude::*,
    ptr::{
        projection::ProjectIndex,
        Alignment, //
    },
    transmute::{
        AsBytes,
        FromBytes, //
    },
    uaccess::UserSliceWriter, //
};

/// Elements whose size is no power of two.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Element([u32; 3]);

// SAFETY: There is no padding.
unsafe impl AsBytes for Element {}

// SAFETY: Every bit pattern is a value.
unsafe impl FromBytes for Element {}

#[repr(C)]
pub struct Queue {
    head: [u8; 256],
    ring: [[u64; 2]; 64],
    elements: [Element; 8],
}

// SAFETY: There is no padding.
unsafe impl AsBytes for Queue {}

// SAFETY: Every bit pattern is a value.
unsafe impl FromBytes for Queue {}

type Elements = Coherent<[Element], NoMapping>;
type Dev = Device<Bound>;

/// That panics are seen, and that arithmetic is checked.
pub mod control {
    /// # Panics
    ///
    /// `panic_const_add_overflow`, if the sum wraps around.
    pub fn sum(a: u64, b: u64) -> u64 {
        a + b
    }

    pub fn wrapping_sum(a: u64, b: u64) -> u64 {
        a.wrapping_add(b)
    }

    /// # Panics
    ///
    /// `unwrap_failed`, if there is none, by way of a pointer to a function.
    pub fn called_by_pointer(f: &mut fn(Option<u32>) -> u32) {
        *f = |option| option.unwrap();
    }
}

/// `impl<T, Kind: CoherentKind> Coherent<[T], Kind>`
pub mod any_slice {
    use super::*;

    pub fn len(c: &Elements) -> usize {
        c.len()
    }
}

/// `impl<T: KnownSize + ?Sized, Kind: CoherentKind> Coherent<T, Kind>`
pub mod any {
    use super::*;

    pub fn size(c: &Coherent<Queue, NoMapping>) -> usize {
        c.size()
    }

    /// # Panics
    ///
    /// `panic_const_mul_overflow`, in the kernel's `KnownSize::size`: see `docs/contract.md`.
    pub fn size_of_elements(c: &Elements) -> usize {
        c.size()
    }

    /// # Panics
    ///
    /// `panic_const_mul_overflow`, in the kernel's `KnownSize::size`: see `docs/contract.md`.
    pub fn size_of_mapped_elements(c: &Coherent<[Element]>) -> usize {
        c.size()
    }

    pub fn dma_address(c: &Elements) -> DmaAddress {
        c.dma_address()
    }

    pub fn dma_range(c: &Coherent<Queue, NoMapping>) -> Range {
        c.dma_range()
    }

    /// # Panics
    ///
    /// `panic_const_mul_overflow`, in the kernel's `KnownSize::size`: see `docs/contract.md`.
    pub fn dma_range_of_elements(c: &Elements) -> Range {
        c.dma_range()
    }
}

/// `impl<T: KnownSize + ?Sized, Kind: CoherentKind> Drop for Coherent<T, Kind>`
pub mod any_drop {
    use super::*;

    pub fn drop(c: Coherent<Queue, NoMapping>) {
        core::mem::drop(c)
    }

    pub fn drop_mapped(c: Coherent<Queue>) {
        core::mem::drop(c)
    }

    /// # Panics
    ///
    /// `panic_const_mul_overflow`, in the kernel's `KnownSize::size`: see `docs/contract.md`.
    pub fn drop_elements(c: Elements) {
        core::mem::drop(c)
    }

    /// # Panics
    ///
    /// `panic_const_mul_overflow`, in the kernel's `KnownSize::size`: see `docs/contract.md`.
    pub fn drop_mapped_elements(c: Coherent<[Element]>) {
        core::mem::drop(c)
    }

    /// # Panics
    ///
    /// `panic_const_mul_overflow`, in the kernel's `KnownSize::size`: see `docs/contract.md`.
    pub fn drop_box(c: CoherentBox<[Element]>) {
        core::mem::drop(c)
    }
}

/// `impl<T> Coherent<T, NoMapping>`
pub mod no_mapping {
    use super::*;

    type Queues = Coherent<Queue, NoMapping>;

    pub fn new_with_attrs(dev: &Dev, flags: Flags, attrs: Attrs) -> Result<Queues> {
        Queues::new_with_attrs(dev, flags, attrs)
    }

    pub fn new(dev: &Dev, flags: Flags) -> Result<Queues> {
        Queues::new(dev, flags)
    }

    pub fn new_zeroed_with_attrs(dev: &Dev, flags: Flags, attrs: Attrs) -> Result<Queues> {
        Queues::new_zeroed_with_attrs(dev, flags, attrs)
    }

    pub fn new_zeroed(dev: &Dev, flags: Flags) -> Result<Queues> {
        Queues::new_zeroed(dev, flags)
    }
}

/// `impl<T> Coherent<[T], NoMapping>`
pub mod no_mapping_slice {
    use super::*;

    pub fn alloc_with_attrs(dev: &Dev, n: usize, flags: Flags, attrs: Attrs) -> Result<Elements> {
        Elements::alloc_with_attrs(dev, n, flags, attrs)
    }

    pub fn alloc(dev: &Dev, n: usize, flags: Flags) -> Result<Elements> {
        Elements::alloc(dev, n, flags)
    }

    pub fn alloc_zeroed_with_attrs(
        dev: &Dev,
        n: usize,
        flags: Flags,
        attrs: Attrs,
    ) -> Result<Elements> {
        Elements::alloc_zeroed_with_attrs(dev, n, flags, attrs)
    }

    pub fn alloc_zeroed(dev: &Dev, n: usize, flags: Flags) -> Result<Elements> {
        Elements::alloc_zeroed(dev, n, flags)
    }

    pub fn alloc_handle(dev: &Dev, n: usize, flags: Flags) -> Result<CoherentHandle> {
        CoherentHandle::alloc(dev, n, flags)
    }
}

/// `impl<T: KnownSize + ?Sized> Coherent<T>`
pub mod normal_access {
    use super::*;

    pub fn as_ptr(c: &Coherent<[Element]>) -> *const [Element] {
        c.as_ptr()
    }

    pub fn as_mut_ptr(c: &Coherent<[Element]>) -> *mut [Element] {
        c.as_mut_ptr()
    }

    /// # Safety
    ///
    /// As for the library's.
    pub unsafe fn as_ref(c: &Coherent<[Element]>) -> &[Element] {
        // SAFETY: The caller promises it.
        unsafe { c.as_ref() }
    }

    /// # Safety
    ///
    /// As for the library's.
    #[expect(clippy::mut_from_ref, reason = "as in the library")]
    pub unsafe fn as_mut(c: &Coherent<[Element]>) -> &mut [Element] {
        // SAFETY: The caller promises it.
        unsafe { c.as_mut() }
    }
}

/// `impl<T: AsBytes + FromBytes> Coherent<T>`
pub mod normal {
    use super::*;

    type Slice = Coherent<[Element]>;

    pub fn zeroed_with_attrs(dev: &Dev, flags: Flags, attrs: Attrs) -> Result<Coherent<Queue>> {
        Coherent::zeroed_with_attrs(dev, flags, attrs)
    }

    pub fn zeroed(dev: &Dev, flags: Flags) -> Result<Coherent<Queue>> {
        Coherent::zeroed(dev, flags)
    }

    pub fn init_with_attrs(dev: &Dev, flags: Flags, attrs: Attrs) -> Result<Coherent<Element>> {
        Coherent::init_with_attrs(dev, flags, attrs, Element([1, 2, 3]))
    }

    pub fn init(dev: &Dev, flags: Flags) -> Result<Coherent<Element>> {
        Coherent::init(dev, flags, Element([1, 2, 3]))
    }

    pub fn init_that_fails(dev: &Dev, flags: Flags, error: Error) -> Result<Coherent<Element>> {
        // SAFETY: This writes nothing and fails.
        let init = unsafe { pin_init::init_from_closure(|_: *mut Element| Err(error)) };
        Coherent::init::<Error>(dev, flags, init)
    }

    pub fn zeroed_slice_with_attrs(
        dev: &Dev,
        n: usize,
        flags: Flags,
        attrs: Attrs,
    ) -> Result<Slice> {
        Coherent::zeroed_slice_with_attrs(dev, n, flags, attrs)
    }

    pub fn zeroed_slice(dev: &Dev, n: usize, flags: Flags) -> Result<Slice> {
        Coherent::zeroed_slice(dev, n, flags)
    }

    pub fn from_slice_with_attrs(
        dev: &Dev,
        data: &[Element],
        flags: Flags,
        attrs: Attrs,
    ) -> Result<Slice> {
        Coherent::from_slice_with_attrs(dev, data, flags, attrs)
    }

    pub fn from_slice(dev: &Dev, data: &[Element], flags: Flags) -> Result<Slice> {
        Coherent::from_slice(dev, data, flags)
    }

    pub fn from_slice_of_bytes(dev: &Dev, data: &[u8], flags: Flags) -> Result<Coherent<[u8]>> {
        Coherent::from_slice(dev, data, flags)
    }
}

/// `impl<T: KnownSize + AsBytes + ?Sized> debugfs::BinaryWriter for Coherent<T>`
pub mod normal_writer {
    use super::*;

    type Writer = UserSliceWriter;

    pub fn write_to_slice(c: &Coherent<Queue>, to: &mut Writer, at: &mut Offset) -> Result<usize> {
        c.write_to_slice(to, at)
    }

    /// # Panics
    ///
    /// `panic_const_mul_overflow`, in the kernel's `KnownSize::size`: see `docs/contract.md`.
    pub fn write_to_slice_from_elements(
        c: &Coherent<[Element]>,
        to: &mut Writer,
        at: &mut Offset,
    ) -> Result<usize> {
        c.write_to_slice(to, at)
    }
}

/// `impl<T: AsBytes + FromBytes> CoherentBox<[T]>`
pub mod boxed_slice {
    use super::*;

    type Boxed = CoherentBox<[Element]>;

    pub fn zeroed_slice_with_attrs(
        dev: &Dev,
        n: usize,
        flags: Flags,
        attrs: Attrs,
    ) -> Result<Boxed> {
        CoherentBox::zeroed_slice_with_attrs(dev, n, flags, attrs)
    }

    pub fn zeroed_slice(dev: &Dev, n: usize, flags: Flags) -> Result<Boxed> {
        CoherentBox::zeroed_slice(dev, n, flags)
    }

    pub fn init_at(c: &mut Boxed, i: usize) -> Result {
        c.init_at(i, Element([1, 2, 3]))
    }

    pub fn from_slice_with_attrs(
        dev: &Dev,
        data: &[Element],
        flags: Flags,
        attrs: Attrs,
    ) -> Result<Boxed> {
        CoherentBox::from_slice_with_attrs(dev, data, flags, attrs)
    }

    pub fn from_slice(dev: &Dev, data: &[Element], flags: Flags) -> Result<Boxed> {
        CoherentBox::from_slice(dev, data, flags)
    }
}

/// `impl<T: AsBytes + FromBytes> CoherentBox<T>`
pub mod boxed {
    use super::*;

    pub fn zeroed_with_attrs(dev: &Dev, flags: Flags, attrs: Attrs) -> Result<CoherentBox<Queue>> {
        CoherentBox::zeroed_with_attrs(dev, flags, attrs)
    }

    pub fn zeroed(dev: &Dev, flags: Flags) -> Result<CoherentBox<Queue>> {
        CoherentBox::zeroed(dev, flags)
    }
}

/// `impl<T: KnownSize + ?Sized> Deref for CoherentBox<T>`
pub mod boxed_deref {
    use super::*;
    use core::ops::Deref;

    pub fn deref(c: &CoherentBox<[Element]>) -> &[Element] {
        c.deref()
    }
}

/// `impl<T: AsBytes + FromBytes + KnownSize + ?Sized> DerefMut for CoherentBox<T>`
pub mod boxed_deref_mut {
    use super::*;
    use core::ops::DerefMut;

    pub fn deref_mut(c: &mut CoherentBox<[Element]>) -> &mut [Element] {
        c.deref_mut()
    }
}

/// `impl<T: AsBytes + FromBytes + KnownSize + ?Sized> From<CoherentBox<T>> for Coherent<T>`
pub mod boxed_into {
    use super::*;

    pub fn from(c: CoherentBox<[Element]>) -> Coherent<[Element]> {
        Coherent::from(c)
    }
}

/// `unsafe impl<T, const INDEX: usize, const N: usize> ProjectIndex<[T; N]> for At<INDEX>`
pub mod at {
    use super::*;

    pub fn get(slice: *mut [Element; 8]) -> Option<*mut Element> {
        At::<7>.get(slice)
    }

    pub fn index(slice: *mut [Element; 8]) -> *mut Element {
        At::<7>.index(slice)
    }

    pub fn build_index(slice: *mut [Element; 8]) -> *mut Element {
        At::<7>.build_index(slice)
    }
}

/// `unsafe impl<T, const START: usize, const LEN: usize, const N: usize> ProjectIndex<[T; N]>
/// for Span<START, LEN>`
pub mod span {
    use super::*;

    pub fn get(slice: *mut [Element; 8]) -> Option<*mut [Element; 3]> {
        Span::<5, 3>.get(slice)
    }

    pub fn index(slice: *mut [Element; 8]) -> *mut [Element; 3] {
        Span::<5, 3>.index(slice)
    }

    pub fn build_index(slice: *mut [Element; 8]) -> *mut [Element; 3] {
        Span::<5, 3>.build_index(slice)
    }
}

/// `impl<T, Kind: CoherentKind> Coherent<T, Kind>`
pub mod any_at {
    use super::*;

    pub fn dma_address_at(c: &Coherent<Queue, NoMapping>) -> DmaAddress {
        c.dma_address_at::<300>()
    }
}

/// `impl<T: ?Sized, Kind: CoherentKind> Clone for CoherentView<'_, T, Kind>`
pub mod view_clone {
    use super::*;

    pub fn clone<'a>(c: &CoherentView<'a, [Element]>) -> CoherentView<'a, [Element]> {
        Clone::clone(c)
    }
}

/// `impl<T: ?Sized, Kind: CoherentKind> CoherentView<'_, T, Kind>`
pub mod view {
    use super::*;

    pub fn dma_address(c: CoherentView<'_, [Element], NoMapping>) -> DmaAddress {
        c.dma_address()
    }
}

/// `impl<T: KnownSize + ?Sized, Kind: CoherentKind> CoherentView<'_, T, Kind>`
pub mod view_range {
    use super::*;

    pub fn dma_range(c: CoherentView<'_, Queue, NoMapping>) -> Result<Range> {
        c.dma_range()
    }

    /// # Panics
    ///
    /// `panic_const_mul_overflow`, in the kernel's `KnownSize::size`: see `docs/contract.md`.
    pub fn dma_range_of_elements(c: CoherentView<'_, [Element], NoMapping>) -> Result<Range> {
        c.dma_range()
    }
}

/// `impl Range`
pub mod range {
    use super::*;

    pub fn new(base: DmaAddress, size: usize) -> Result<Range> {
        Range::new(base, size)
    }

    pub fn base(r: Range) -> DmaAddress {
        r.base()
    }

    pub fn size(r: Range) -> usize {
        r.size()
    }

    pub fn last(r: Range) -> DmaAddress {
        r.last()
    }

    pub fn address_at(r: Range, offset: usize) -> Result<DmaAddress> {
        r.address_at(offset)
    }

    pub fn subrange(r: Range, offset: usize, size: usize) -> Result<Range> {
        r.subrange(offset, size)
    }

    pub fn contains(r: Range, address: DmaAddress) -> bool {
        r.contains(address)
    }

    pub fn offset_of(r: Range, address: DmaAddress) -> Option<usize> {
        r.offset_of(address)
    }

    pub fn is_aligned(r: Range, alignment: Alignment) -> bool {
        r.is_aligned(alignment)
    }

    pub fn chunks(r: Range, size: usize, each: fn(Range)) -> Result {
        r.chunks(size)?.for_each(each);
        Ok(())
    }

    pub fn split_at_boundary(r: Range, boundary: Alignment, each: fn(Range)) {
        r.split_at_boundary(boundary).for_each(each);
    }

    pub fn split_at_boundary_mask(r: Range, mask: DmaMask, each: fn(Range)) {
        r.split_at_boundary_mask(mask).for_each(each);
    }

    pub fn fits(r: Range) -> Result<Bounded<u64, 47>> {
        r.fits()
    }
}

/// `impl Iterator for Chunks`
pub mod range_chunks {
    use super::*;

    pub fn next(r: Range, size: usize, n: usize) -> Result<Option<Range>> {
        let mut chunks = r.chunks(size)?.skip(n);
        Ok(chunks.next())
    }

    pub fn size_hint(r: Range, size: usize) -> Result<(usize, Option<usize>)> {
        Ok(r.chunks(size)?.size_hint())
    }
}

/// `impl Iterator for Pieces`
pub mod range_pieces {
    use super::*;

    pub fn next(r: Range, boundary: Alignment, n: usize) -> Option<Range> {
        let mut pieces = r.split_at_boundary(boundary).skip(n);
        pieces.next()
    }

    pub fn size_hint(r: Range, boundary: Alignment) -> (usize, Option<usize>) {
        r.split_at_boundary(boundary).size_hint()
    }
}

/// `impl<'a, T: ?Sized, Kind: CpuMapping> CoherentView<'a, T, Kind>`
pub mod view_access {
    use super::*;

    pub fn as_sys_mem(c: CoherentView<'_, [Element]>) -> SysMem<'_, [Element]> {
        c.as_sys_mem()
    }

    /// # Safety
    ///
    /// As for the library's.
    pub unsafe fn as_ref(c: CoherentView<'_, [Element]>) -> &[Element] {
        // SAFETY: The caller promises it.
        unsafe { c.as_ref() }
    }

    /// # Safety
    ///
    /// As for the library's.
    pub unsafe fn as_mut(c: CoherentView<'_, [Element]>) -> &mut [Element] {
        // SAFETY: The caller promises it.
        unsafe { c.as_mut() }
    }
}

/// `impl<Kind: CoherentKind> IoBackend for CoherentIoBackend<Kind>`
pub mod backend {
    use super::*;

    type Backend = CoherentIoBackend<NoMapping>;
    type View<'a, T> = CoherentView<'a, T, NoMapping>;

    pub fn as_ptr(view: View<'_, Queue>) -> *mut Queue {
        Backend::as_ptr(view)
    }

    /// # Safety
    ///
    /// As for the kernel's.
    pub unsafe fn project_view(view: View<'_, Queue>, ptr: *mut Element) -> View<'_, Element> {
        // SAFETY: The caller promises it.
        unsafe { Backend::project_view(view, ptr) }
    }

    /// # Safety
    ///
    /// As for the kernel's.
    pub unsafe fn project_view_of_mapping(
        view: CoherentView<'_, Queue>,
        ptr: *mut Element,
    ) -> CoherentView<'_, Element> {
        // SAFETY: The caller promises it.
        unsafe { <CoherentIoBackend>::project_view(view, ptr) }
    }
}

/// `impl<T, Kind: CpuMapping> IoCapable<T> for CoherentIoBackend<Kind>`
pub mod backend_values {
    use super::*;

    pub fn io_read(view: CoherentView<'_, u8>) -> u8 {
        <CoherentIoBackend>::io_read(view)
    }

    pub fn io_read_64(view: CoherentView<'_, u64>) -> u64 {
        <CoherentIoBackend>::io_read(view)
    }

    pub fn io_write(view: CoherentView<'_, u8>, value: u8) {
        <CoherentIoBackend>::io_write(view, value)
    }

    pub fn io_write_64(view: CoherentView<'_, u64>, value: u64) {
        <CoherentIoBackend>::io_write(view, value)
    }
}

/// `impl<Kind: CpuMapping> IoCopyable for CoherentIoBackend<Kind>`
pub mod backend_copies {
    use super::*;

    /// # Safety
    ///
    /// As for the kernel's.
    pub unsafe fn copy_from_io(view: CoherentView<'_, [u8]>, buffer: *mut u8) {
        // SAFETY: The caller promises it.
        unsafe { <CoherentIoBackend>::copy_from_io(view, buffer) }
    }

    /// # Safety
    ///
    /// As for the kernel's.
    pub unsafe fn copy_to_io(view: CoherentView<'_, [u8]>, buffer: *const u8) {
        // SAFETY: The caller promises it.
        unsafe { <CoherentIoBackend>::copy_to_io(view, buffer) }
    }

    pub fn copy_read(view: CoherentView<'_, [u32; 3]>) -> [u32; 3] {
        <CoherentIoBackend>::copy_read(view)
    }

    pub fn copy_write(view: CoherentView<'_, [u32; 3]>, value: [u32; 3]) {
        <CoherentIoBackend>::copy_write(view, value)
    }
}

/// `impl<'a, T: ?Sized + KnownSize, Kind: CoherentKind> IoBase<'a> for CoherentView<'a, T, Kind>`
pub mod view_io {
    use super::*;

    type View<'a> = CoherentView<'a, [Element], NoMapping>;

    pub fn as_view(c: View<'_>) -> View<'_> {
        c.as_view()
    }
}

/// `impl<'a, T: ?Sized + KnownSize, Kind: CoherentKind> IoBase<'a> for &'a Coherent<T, Kind>`
pub mod any_io {
    use super::*;

    pub fn as_view(c: &Elements) -> CoherentView<'_, [Element], NoMapping> {
        c.as_view()
    }

    pub fn as_view_of_mapping(c: &Coherent<[Element]>) -> CoherentView<'_, [Element]> {
        c.as_view()
    }
}

/// `trait Io`, for buffers
pub mod io {
    use super::*;

    type Buffer = Coherent<u32>;
    type Bytes = Coherent<[u8]>;
    type Registers = CoherentView<'static, Region<64>>;
    type Aligned = CoherentView<'static, Eights>;

    /// Registers of eight bytes, as a region is aligned to four.
    pub struct Eights([u64; 8]);

    impl IoLoc<Eights, u64> for usize {
        type IoType = u64;

        fn offset(self) -> usize {
            self
        }
    }

    register! {
        /// At a place of its own.
        pub STATUS(u32) @ 0x8 {
            0:0 ready => bool;
        }
    }

    pub fn read_val(c: &Buffer) -> u32 {
        c.read_val()
    }

    pub fn write_val(c: &Buffer, value: u32) {
        c.write_val(value)
    }

    pub fn copy_read(c: &Buffer) -> u32 {
        c.copy_read()
    }

    pub fn copy_write(c: &Buffer, value: u32) {
        c.copy_write(value)
    }

    /// # Panics
    ///
    /// `assert_failed`, if the lengths differ.
    pub fn copy_from_slice(c: &Bytes, data: &[u8]) {
        c.copy_from_slice(data)
    }

    /// # Panics
    ///
    /// `assert_failed`, if the lengths differ.
    pub fn copy_to_slice(c: &Bytes, data: &mut [u8]) {
        c.copy_to_slice(data)
    }

    pub fn try_read8(c: Registers, offset: usize) -> Result<u8> {
        c.try_read8(offset)
    }

    pub fn try_write8(c: Registers, value: u8, offset: usize) -> Result {
        c.try_write8(value, offset)
    }

    pub fn read8(c: Registers) -> u8 {
        c.read8(56)
    }

    pub fn write8(c: Registers, value: u8) {
        c.write8(value, 56)
    }

    pub fn try_read16(c: Registers, offset: usize) -> Result<u16> {
        c.try_read16(offset)
    }

    pub fn try_write16(c: Registers, value: u16, offset: usize) -> Result {
        c.try_write16(value, offset)
    }

    pub fn read16(c: Registers) -> u16 {
        c.read16(56)
    }

    pub fn write16(c: Registers, value: u16) {
        c.write16(value, 56)
    }

    pub fn try_read32(c: Registers, offset: usize) -> Result<u32> {
        c.try_read32(offset)
    }

    pub fn try_write32(c: Registers, value: u32, offset: usize) -> Result {
        c.try_write32(value, offset)
    }

    pub fn read32(c: Registers) -> u32 {
        c.read32(56)
    }

    pub fn write32(c: Registers, value: u32) {
        c.write32(value, 56)
    }

    pub fn try_read64(c: Aligned, offset: usize) -> Result<u64> {
        c.try_read64(offset)
    }

    pub fn try_write64(c: Aligned, value: u64, offset: usize) -> Result {
        c.try_write64(value, offset)
    }

    pub fn read64(c: Aligned) -> u64 {
        c.read64(56)
    }

    pub fn write64(c: Aligned, value: u64) {
        c.write64(value, 56)
    }

    pub fn try_read(c: Registers, offset: usize) -> Result<u32> {
        c.try_read(offset)
    }

    pub fn try_write(c: Registers, offset: usize, value: u32) -> Result {
        c.try_write(offset, value)
    }

    pub fn try_update(c: Registers, offset: usize) -> Result {
        c.try_update(offset, |value: u32| !value)
    }

    pub fn read(c: Registers) -> u32 {
        c.read(60)
    }

    pub fn write(c: Registers, value: u32) {
        c.write(60, value)
    }

    pub fn update(c: Registers) {
        c.update(60, |value: u32| !value)
    }

    pub fn try_write_reg(c: Registers, value: STATUS) -> Result {
        c.try_write_reg(value)
    }

    pub fn write_reg(c: Registers, value: STATUS) {
        c.write_reg(value)
    }
}

/// What drivers write, on buffers and views.
pub mod projections {
    use super::*;

    type Queues = Coherent<Queue, NoMapping>;

    pub fn field(c: &Queues) -> DmaAddress {
        io_project!(c, .head).dma_address()
    }

    pub fn build(c: &Queues) -> DmaAddress {
        io_project!(c, .ring[build: 63][build: 1]).dma_address()
    }

    pub fn build_range(c: &Queues) -> DmaAddress {
        io_project!(c, .elements[build: 1..8]).dma_address()
    }

    pub fn try_index(c: &Queues, i: usize) -> Result<DmaAddress> {
        Ok(io_project!(c, .elements[try: i]).dma_address())
    }

    pub fn try_range(c: &Elements, start: usize, end: usize) -> Result<DmaAddress> {
        Ok(io_project!(c, [try: start..end]).dma_address())
    }

    pub fn try_part_of_part(c: &CoherentHandle, i: usize, n: usize) -> Result<DmaAddress> {
        let part = io_project!(c, [try: i..]);
        Ok(io_project!(part, [try: ..n]).dma_address())
    }

    pub fn try_read(c: &Coherent<Queue>, i: usize) -> Result<u64> {
        Ok(io_read!(c, .ring[try: i][build: 0]))
    }

    pub fn try_write(c: &Coherent<Queue>, i: usize, value: u64) -> Result {
        io_write!(c, .ring[try: i][build: 0], value);
        Ok(())
    }

    pub fn panic_at(c: &Queues) -> DmaAddress {
        io_project!(c, .elements[panic: At::<7>]).dma_address()
    }

    pub fn panic_span(c: &Queues) -> DmaAddress {
        io_project!(c, .elements[panic: Span::<5, 3>]).dma_address()
    }

    pub fn panic_whole(c: &Elements) -> DmaAddress {
        io_project!(c, [panic: ..]).dma_address()
    }

    /// # Panics
    ///
    /// `panic_bounds_check`, if the index is out of bounds.
    pub fn panic_index(c: &Elements, i: usize) -> DmaAddress {
        io_project!(c, [panic: i]).dma_address()
    }

    /// # Panics
    ///
    /// `slice_index_fail`, if the range is out of bounds.
    pub fn panic_range(c: &Elements, start: usize, end: usize) -> DmaAddress {
        io_project!(c, [panic: start..end]).dma_address()
    }

    /// # Panics
    ///
    /// `panic_bounds_check`, if the index is out of bounds.
    pub fn panic_read(c: &Coherent<[u32]>, i: usize) -> u32 {
        io_read!(c, [panic: i])
    }

    /// # Panics
    ///
    /// `panic_bounds_check`, if the index is out of bounds.
    pub fn panic_write(c: &Coherent<[u32]>, i: usize, value: u32) {
        io_write!(c, [panic: i], value)
    }
}
