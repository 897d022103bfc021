// SPDX-License-Identifier: GPL-2.0

//! A function for each function of the library, to see in the object code whether it can panic.
//!
//! `make contract` compiles this file as kbuild compiles a driver, with arithmetic checked, and
//! follows the relocations: `never_panics!` may reach C functions of a short list alone,
//! `may_panic!` has to reach another one. The names of the functions are the symbols.

use core::ops::{
    Deref,
    DerefMut, //
};
use kernel::{
    alloc::Flags,
    debugfs::BinaryWriter,
    device::{
        Bound,
        Device, //
    },
    dma::{
        bound,
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
        Io,
        IoBackend,
        IoBase,
        IoCapable,
        IoCopyable,
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

macro_rules! functions {
    ($prefix:literal: $(
        $name:ident $(<$lifetime:lifetime>)? ($($argument:ident: $type:ty),*) $(-> $result:ty)?
        $body:block
    )*) => {$(
        #[export_name = concat!($prefix, stringify!($name))]
        #[allow(clippy::mut_from_ref)]
        pub fn $name $(<$lifetime>)? ($($argument: $type),*) $(-> $result)? {
            // SAFETY: Nothing calls this function.
            #[allow(unused_unsafe)]
            unsafe { $body }
        }
    )*};
}

macro_rules! never_panics {
    ($($functions:tt)*) => { functions! { "never_panics_": $($functions)* } };
}

macro_rules! may_panic {
    ($($functions:tt)*) => { functions! { "may_panic_": $($functions)* } };
}

/// An element whose size is no power of two.
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

type Dev = Device<Bound>;
type Elements = Coherent<[Element], NoMapping>;
type Queues = Coherent<Queue, NoMapping>;
type Slice = Coherent<[Element]>;
type Boxed = CoherentBox<[Element]>;
type View<'a, T, Kind = NoMapping> = CoherentView<'a, T, Kind>;
type Mapped<'a, T> = CoherentView<'a, T>;
type Backend<Kind = NoMapping> = CoherentIoBackend<Kind>;
type MappedBackend = CoherentIoBackend;
type BoundElements<'a> = bound::Coherent<'a, [Element], NoMapping>;
type BoundBox<'a> = bound::CoherentBox<'a, [Element]>;
type Registers = CoherentView<'static, Region<64>>;

// Controls: a panic is seen, also behind a pointer to a function.
may_panic! {
    sum(a: u64, b: u64) -> u64 { a + b }
    by_pointer(f: &mut fn(Option<u32>) -> u32) { *f = |option| option.unwrap() }
}

never_panics! {
    wrapping_sum(a: u64, b: u64) -> u64 { a.wrapping_add(b) }
}

// Buffers of both kinds.
never_panics! {
    len(c: &Elements) -> usize { c.len() }
    size(c: &Queues) -> usize { c.size() }
    dma_address(c: &Elements) -> DmaAddress { c.dma_address() }
    dma_range(c: &Queues) -> Range { c.dma_range() }
    view_dma_range(c: View<'_, Queue>) -> Result<Range> { c.dma_range() }
    drop_no_mapping(c: Queues) { drop(c) }
    drop_mapped(c: Coherent<Queue>) { drop(c) }
    as_view(c: &Elements) -> View<'_, [Element]> { c.as_view() }
    as_view_mapped(c: &Slice) -> Mapped<'_, [Element]> { c.as_view() }
}

// The kernel's `KnownSize::size` multiplies with a check. The constructor computed the same
// product, so the panic is in the object and never taken.
may_panic! {
    size_of_elements(c: &Elements) -> usize { c.size() }
    dma_range_of_elements(c: &Elements) -> Range { c.dma_range() }
    view_dma_range_of_elements(c: View<'_, [Element]>) -> Result<Range> { c.dma_range() }
    size_of_mapped_elements(c: &Slice) -> usize { c.size() }
    drop_elements(c: Elements) { drop(c) }
    drop_mapped_elements(c: Slice) { drop(c) }
    drop_box(c: Boxed) { drop(c) }
    write_elements(c: &Slice, to: &mut UserSliceWriter, at: &mut Offset) -> Result<usize> {
        c.write_to_slice(to, at)
    }
}

// `NoMapping`.
never_panics! {
    new_with_attrs(d: &Dev, f: Flags, a: Attrs) -> Result<Queues> {
        Queues::new_with_attrs(d, f, a)
    }
    new(d: &Dev, f: Flags) -> Result<Queues> { Queues::new(d, f) }
    new_zeroed_with_attrs(d: &Dev, f: Flags, a: Attrs) -> Result<Queues> {
        Queues::new_zeroed_with_attrs(d, f, a)
    }
    new_zeroed(d: &Dev, f: Flags) -> Result<Queues> { Queues::new_zeroed(d, f) }
    alloc_with_attrs(d: &Dev, n: usize, f: Flags, a: Attrs) -> Result<Elements> {
        Elements::alloc_with_attrs(d, n, f, a)
    }
    alloc(d: &Dev, n: usize, f: Flags) -> Result<Elements> { Elements::alloc(d, n, f) }
    alloc_zeroed_with_attrs(d: &Dev, n: usize, f: Flags, a: Attrs) -> Result<Elements> {
        Elements::alloc_zeroed_with_attrs(d, n, f, a)
    }
    alloc_zeroed(d: &Dev, n: usize, f: Flags) -> Result<Elements> {
        Elements::alloc_zeroed(d, n, f)
    }
    alloc_handle(d: &Dev, n: usize, f: Flags) -> Result<CoherentHandle> {
        CoherentHandle::alloc(d, n, f)
    }
}

// `Normal`.
never_panics! {
    as_ptr(c: &Slice) -> *const [Element] { c.as_ptr() }
    as_mut_ptr(c: &Slice) -> *mut [Element] { c.as_mut_ptr() }
    as_ref(c: &Slice) -> &[Element] { c.as_ref() }
    as_mut(c: &Slice) -> &mut [Element] { c.as_mut() }
    zeroed_with_attrs(d: &Dev, f: Flags, a: Attrs) -> Result<Coherent<Queue>> {
        Coherent::zeroed_with_attrs(d, f, a)
    }
    zeroed(d: &Dev, f: Flags) -> Result<Coherent<Queue>> { Coherent::zeroed(d, f) }
    init_with_attrs(d: &Dev, f: Flags, a: Attrs) -> Result<Coherent<Element>> {
        Coherent::init_with_attrs(d, f, a, Element([1, 2, 3]))
    }
    init(d: &Dev, f: Flags) -> Result<Coherent<Element>> {
        Coherent::init(d, f, Element([1, 2, 3]))
    }
    init_that_fails(d: &Dev, f: Flags, error: Error) -> Result<Coherent<Element>> {
        Coherent::init::<Error>(
            d,
            f,
            pin_init::init_from_closure(|_: *mut Element| Err(error)),
        )
    }
    zeroed_slice_with_attrs(d: &Dev, n: usize, f: Flags, a: Attrs) -> Result<Slice> {
        Coherent::zeroed_slice_with_attrs(d, n, f, a)
    }
    zeroed_slice(d: &Dev, n: usize, f: Flags) -> Result<Slice> { Coherent::zeroed_slice(d, n, f) }
    from_bytes(d: &Dev, s: &[u8], f: Flags) -> Result<Coherent<[u8]>> {
        Coherent::from_slice(d, s, f)
    }
    write_to_slice(c: &Coherent<Queue>, to: &mut UserSliceWriter, at: &mut Offset)
        -> Result<usize> { c.write_to_slice(to, at) }
}

// Copies of a slice.
never_panics! {
    from_slice_with_attrs(d: &Dev, s: &[Element], f: Flags, a: Attrs) -> Result<Slice> {
        Coherent::from_slice_with_attrs(d, s, f, a)
    }
    from_slice(d: &Dev, s: &[Element], f: Flags) -> Result<Slice> { Coherent::from_slice(d, s, f) }
    box_from_slice_with_attrs(d: &Dev, s: &[Element], f: Flags, a: Attrs) -> Result<Boxed> {
        CoherentBox::from_slice_with_attrs(d, s, f, a)
    }
    box_from_slice(d: &Dev, s: &[Element], f: Flags) -> Result<Boxed> {
        CoherentBox::from_slice(d, s, f)
    }
    bound_from_slice<'a>(d: &'a Dev, s: &[Element], f: Flags)
        -> Result<bound::Coherent<'a, [Element]>> { bound::Coherent::from_slice(d, s, f) }
}

// `CoherentBox`.
never_panics! {
    box_zeroed_slice_with_attrs(d: &Dev, n: usize, f: Flags, a: Attrs) -> Result<Boxed> {
        CoherentBox::zeroed_slice_with_attrs(d, n, f, a)
    }
    box_zeroed_slice(d: &Dev, n: usize, f: Flags) -> Result<Boxed> {
        CoherentBox::zeroed_slice(d, n, f)
    }
    box_init_at(c: &mut Boxed, i: usize) -> Result { c.init_at(i, Element([1, 2, 3])) }
    box_zeroed_with_attrs(d: &Dev, f: Flags, a: Attrs) -> Result<CoherentBox<Queue>> {
        CoherentBox::zeroed_with_attrs(d, f, a)
    }
    box_zeroed(d: &Dev, f: Flags) -> Result<CoherentBox<Queue>> { CoherentBox::zeroed(d, f) }
    box_deref(c: &Boxed) -> &[Element] { c.deref() }
    box_deref_mut(c: &mut Boxed) -> &mut [Element] { c.deref_mut() }
    box_into(c: Boxed) -> Slice { Coherent::from(c) }
}

// The forms with a lifetime.
never_panics! {
    bound_new(d: &Dev, f: Flags) -> Result<bound::Coherent<'_, Queue, NoMapping>> {
        bound::Coherent::new(d, f)
    }
    bound_new_zeroed(d: &Dev, f: Flags) -> Result<bound::Coherent<'_, Queue, NoMapping>> {
        bound::Coherent::new_zeroed(d, f)
    }
    bound_alloc(d: &Dev, n: usize, f: Flags) -> Result<BoundElements<'_>> {
        bound::Coherent::alloc(d, n, f)
    }
    bound_alloc_zeroed(d: &Dev, n: usize, f: Flags) -> Result<BoundElements<'_>> {
        bound::Coherent::alloc_zeroed(d, n, f)
    }
    bound_zeroed(d: &Dev, f: Flags) -> Result<bound::Coherent<'_, Queue>> {
        bound::Coherent::zeroed(d, f)
    }
    bound_init(d: &Dev, f: Flags) -> Result<bound::Coherent<'_, Element>> {
        bound::Coherent::init(d, f, Element([1, 2, 3]))
    }
    bound_zeroed_slice(d: &Dev, n: usize, f: Flags) -> Result<bound::Coherent<'_, [Element]>> {
        bound::Coherent::zeroed_slice(d, n, f)
    }
    bound_box_zeroed(d: &Dev, f: Flags) -> Result<bound::CoherentBox<'_, Queue>> {
        bound::CoherentBox::zeroed(d, f)
    }
    bound_box_zeroed_slice(d: &Dev, n: usize, f: Flags) -> Result<BoundBox<'_>> {
        bound::CoherentBox::zeroed_slice(d, n, f)
    }
    bound_box_init_at(c: &mut BoundBox<'_>, i: usize) -> Result { c.init_at(i, Element([1; 3])) }
    bound_box_deref<'a>(c: &'a BoundBox<'_>) -> &'a [Element] { c.deref() }
    bound_box_deref_mut<'a>(c: &'a mut BoundBox<'_>) -> &'a mut [Element] { c.deref_mut() }
    bound_box_into(c: BoundBox<'_>) -> bound::Coherent<'_, [Element]> { bound::Coherent::from(c) }
    bound_drop(c: bound::Coherent<'_, Queue, NoMapping>) { drop(c) }
    bound_deref<'a>(c: &'a BoundElements<'_>) -> &'a Elements { c.deref() }
    bound_as_view<'a>(c: &'a BoundElements<'_>) -> View<'a, [Element]> { c.as_view() }
    bound_try_cast<'a>(c: &'a bound::Coherent<'_, Queue, NoMapping>) -> Result<View<'a, Element>> {
        c.try_cast()
    }
}

// Constants.
never_panics! {
    at_get(s: *mut [Element; 8]) -> Option<*mut Element> { At::<7>.get(s) }
    at_index(s: *mut [Element; 8]) -> *mut Element { At::<7>.index(s) }
    at_build_index(s: *mut [Element; 8]) -> *mut Element { At::<7>.build_index(s) }
    span_get(s: *mut [Element; 8]) -> Option<*mut [Element; 3]> { Span::<5, 3>.get(s) }
    span_index(s: *mut [Element; 8]) -> *mut [Element; 3] { Span::<5, 3>.index(s) }
    span_build_index(s: *mut [Element; 8]) -> *mut [Element; 3] { Span::<5, 3>.build_index(s) }
    dma_address_at(c: &Queues) -> DmaAddress { c.dma_address_at::<300>() }
}

// Ranges.
never_panics! {
    range_new(base: DmaAddress, size: usize) -> Result<Range> { Range::new(base, size) }
    range_base(r: Range) -> DmaAddress { r.base() }
    range_size(r: Range) -> usize { r.size() }
    range_last(r: Range) -> DmaAddress { r.last() }
    range_address_at(r: Range, offset: usize) -> Result<DmaAddress> { r.address_at(offset) }
    range_subrange(r: Range, offset: usize, n: usize) -> Result<Range> { r.subrange(offset, n) }
    range_contains(r: Range, address: DmaAddress) -> bool { r.contains(address) }
    range_offset_of(r: Range, address: DmaAddress) -> Option<usize> { r.offset_of(address) }
    range_is_aligned(r: Range, alignment: Alignment) -> bool { r.is_aligned(alignment) }
    range_fits(r: Range) -> Result<Bounded<u64, 47>> { r.fits() }
    range_chunks(r: Range, n: usize) -> Result<Option<Range>> {
        let mut chunks = r.chunks(n)?;
        let _ = (chunks.size_hint(), chunks.next());
        Ok(chunks.skip(n).next())
    }
    range_split_at_boundary(r: Range, boundary: Alignment, n: usize) -> Option<Range> {
        let mut pieces = r.split_at_boundary(boundary);
        let _ = (pieces.size_hint(), pieces.next());
        pieces.skip(n).next()
    }
    range_split_at_boundary_mask(r: Range, mask: DmaMask, each: fn(Range)) {
        r.split_at_boundary_mask(mask).for_each(each)
    }
    range_lower_32_bits(a: DmaAddress) -> u32 { kernel::dma::lower_32_bits(a) }
    range_upper_32_bits(a: DmaAddress) -> u32 { kernel::dma::upper_32_bits(a) }
}

// Views and the backend.
never_panics! {
    view_clone(c: &Mapped<'static, [Element]>) -> Mapped<'static, [Element]> { Clone::clone(c) }
    view_dma_address(c: View<'_, [Element]>) -> DmaAddress { c.dma_address() }
    view_as_view(c: View<'static, [Element]>) -> View<'static, [Element]> { c.as_view() }
    try_cast(c: &Queues) -> Result<View<'_, Element>> { c.try_cast() }
    view_try_cast(c: View<'_, Queue>) -> Result<View<'_, Element>> { c.try_cast() }
    as_sys_mem(c: Mapped<'_, [Element]>) -> SysMem<'_, [Element]> { c.as_sys_mem() }
    view_as_ref(c: Mapped<'_, [Element]>) -> &[Element] { c.as_ref() }
    view_as_mut(c: Mapped<'_, [Element]>) -> &mut [Element] { c.as_mut() }
    backend_as_ptr(c: View<'_, Queue>) -> *mut Queue { Backend::as_ptr(c) }
    project_view(c: View<'_, Queue>, p: *mut Element) -> View<'_, Element> {
        <Backend>::project_view(c, p)
    }
    project_view_mapped(c: Mapped<'_, Queue>, p: *mut Element) -> Mapped<'_, Element> {
        <MappedBackend>::project_view(c, p)
    }
    io_read_8(c: Mapped<'_, u8>) -> u8 { <MappedBackend>::io_read(c) }
    io_read_64(c: Mapped<'_, u64>) -> u64 { <MappedBackend>::io_read(c) }
    io_write_8(c: Mapped<'_, u8>, value: u8) { <MappedBackend>::io_write(c, value) }
    io_write_64(c: Mapped<'_, u64>, value: u64) { <MappedBackend>::io_write(c, value) }
    copy_from_io(c: Mapped<'_, [u8]>, to: *mut u8) { <MappedBackend>::copy_from_io(c, to) }
    copy_to_io(c: Mapped<'_, [u8]>, from: *const u8) { <MappedBackend>::copy_to_io(c, from) }
    copy_read(c: Mapped<'_, [u32; 3]>) -> [u32; 3] { <MappedBackend>::copy_read(c) }
    copy_write(c: Mapped<'_, [u32; 3]>, v: [u32; 3]) { <MappedBackend>::copy_write(c, v) }
}

// The kernel's `Io` on buffers.
never_panics! {
    read_val(c: &Coherent<u32>) -> u32 { c.read_val() }
    write_val(c: &Coherent<u32>, value: u32) { c.write_val(value) }
    read32(c: Registers) -> u32 { c.read32(56) }
    write32(c: Registers, value: u32) { c.write32(value, 56) }
    try_read32(c: Registers, offset: usize) -> Result<u32> { c.try_read32(offset) }
    try_write32(c: Registers, value: u32, offset: usize) -> Result { c.try_write32(value, offset) }
    update(c: Registers) { c.update(60, |value: u32| !value) }
}

// They document that the lengths have to be equal.
may_panic! {
    copy_from_slice(c: &Coherent<[u8]>, data: &[u8]) { c.copy_from_slice(data) }
    copy_to_slice(c: &Coherent<[u8]>, data: &mut [u8]) { c.copy_to_slice(data) }
}

// Projections as drivers write them.
never_panics! {
    field(c: &Queues) -> DmaAddress { io_project!(c, .head).dma_address() }
    build(c: &Queues) -> DmaAddress { io_project!(c, .ring[build: 63][build: 1]).dma_address() }
    build_range(c: &Queues) -> DmaAddress { io_project!(c, .elements[build: 1..8]).dma_address() }
    panic_at(c: &Queues) -> DmaAddress { io_project!(c, .elements[panic: At::<7>]).dma_address() }
    panic_span(c: &Queues) -> DmaAddress {
        io_project!(c, .elements[panic: Span::<5, 3>]).dma_address()
    }
    panic_whole(c: &Elements) -> DmaAddress { io_project!(c, [panic: ..]).dma_address() }
}

// Indices that are known at run time.
never_panics! {
    try_index(c: &Queues, i: usize) -> Result<DmaAddress> {
        Ok(io_project!(c, .elements[try: i]).dma_address())
    }
    try_range(c: &Elements, start: usize, end: usize) -> Result<DmaAddress> {
        Ok(io_project!(c, [try: start..end]).dma_address())
    }
    try_nested(c: &CoherentHandle, i: usize, n: usize) -> Result<DmaAddress> {
        let part = io_project!(c, [try: i..]);
        Ok(io_project!(part, [try: ..n]).dma_address())
    }
    try_read(c: &Coherent<Queue>, i: usize) -> Result<u64> {
        Ok(io_read!(c, .ring[try: i][build: 0]))
    }
    try_write(c: &Coherent<Queue>, i: usize, value: u64) -> Result {
        io_write!(c, .ring[try: i][build: 0], value);
        Ok(())
    }
}

// `[panic: ..]` panics if the index is out of bounds.
may_panic! {
    panic_index(c: &Elements, i: usize) -> DmaAddress { io_project!(c, [panic: i]).dma_address() }
    panic_range(c: &Elements, start: usize, end: usize) -> DmaAddress {
        io_project!(c, [panic: start..end]).dma_address()
    }
    panic_read(c: &Coherent<[u32]>, i: usize) -> u32 { io_read!(c, [panic: i]) }
    panic_write(c: &Coherent<[u32]>, i: usize, value: u32) { io_write!(c, [panic: i], value) }
}
