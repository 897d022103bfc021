// SPDX-License-Identifier: GPL-2.0

//! I/O projection of [`Coherent`] buffers.
//!
//! [`IoBase`] is implemented for every kind, [`IoCapable`] and [`IoCopyable`] for [`CpuMapping`]
//! only.

use super::{
    Coherent,
    CoherentKind,
    CpuMapping,
    NoMapping,
    Normal, //
};
use crate::{
    dma::DmaAddress,
    io::{
        IoBackend,
        IoBase,
        IoCapable,
        IoCopyable,
        SysMem,
        SysMemBackend, //
    },
    page::PAGE_SIZE,
    ptr::KnownSize, //
};
use core::marker::PhantomData;

/// A part of a [`Coherent`] buffer, with its DMA address.
///
/// [`io_project!`] returns views, of a buffer or of another view.
///
/// # Examples
///
/// ```
/// # use kernel::device::{
/// #     Bound,
/// #     Device,
/// # };
/// use kernel::{
///     dma::{
///         Coherent,
///         CoherentView,
///         NoMapping, //
///     },
///     io::io_project, //
/// };
///
/// #[repr(C)]
/// struct Descriptor {
///     address: u64,
///     length: u32,
///     flags: u32,
/// }
///
/// #[repr(C)]
/// struct Queue {
///     head: [u32; 16],
///     ring: [Descriptor; 32],
/// }
///
/// # fn test(dev: &Device<Bound>, index: usize) -> Result {
/// let queue: Coherent<Queue, NoMapping> = Coherent::new(dev, GFP_KERNEL)?;
///
/// // A constant index is checked at compile time.
/// let last = io_project!(&queue, .ring[build: 31]);
/// assert_eq!(last.dma_address() - queue.dma_address(), 64 + 31 * 16);
///
/// // A run-time index fails with `ERANGE`. A view is projected like a buffer.
/// let slot: CoherentView<'_, Descriptor, NoMapping> = io_project!(&queue, .ring[try: index]);
/// let flags = io_project!(slot, .flags).dma_address();
/// # let _ = flags;
/// # Ok::<(), Error>(()) }
/// ```
///
/// # Invariants
///
/// The view is of a part of a [`Coherent`] of kind `Kind` that lives for `'a`:
///
/// - `dma_addr` is the DMA address of the part.
/// - If `Kind` is [`Normal`], `ptr` is the CPU address of the part, aligned, and valid kernel
///   memory for `'a`.
/// - If `Kind` is [`NoMapping`], the address of `ptr` is the offset in bytes of the part from the
///   start of the allocation, which is a multiple of [`PAGE_SIZE`]. So up to that alignment, the
///   offset is as aligned as the part. `ptr` must not be dereferenced.
///
/// [`io_project!`]: crate::io::io_project
pub struct CoherentView<'a, T: ?Sized, Kind: CoherentKind = Normal> {
    ptr: *mut T,
    dma_addr: DmaAddress,
    buffer: PhantomData<(&'a (), Kind)>,
}

impl<T: ?Sized, Kind: CoherentKind> Copy for CoherentView<'_, T, Kind> {}
impl<T: ?Sized, Kind: CoherentKind> Clone for CoherentView<'_, T, Kind> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

// SAFETY: A view gives access to the memory like a `&T`, which is `Send` if `T` is `Sync`: by
// unsafe methods, whose callers rule out races, or by volatile accesses, which may race.
unsafe impl<T: ?Sized + Sync> Send for CoherentView<'_, T> {}

// SAFETY: As above; a view is `Copy`, so sharing it is sending it.
unsafe impl<T: ?Sized + Sync> Sync for CoherentView<'_, T> {}

// SAFETY: This view gives no access to a `T`, only its size and DMA address.
unsafe impl<T: ?Sized> Send for CoherentView<'_, T, NoMapping> {}

// SAFETY: As above.
unsafe impl<T: ?Sized> Sync for CoherentView<'_, T, NoMapping> {}

impl<T: ?Sized, Kind: CoherentKind> CoherentView<'_, T, Kind> {
    /// Returns the DMA address of this part of the buffer.
    #[inline]
    pub fn dma_address(self) -> DmaAddress {
        self.dma_addr
    }
}

/// CPU access.
impl<'a, T: ?Sized, Kind: CpuMapping> CoherentView<'a, T, Kind> {
    /// Returns the memory as a [`SysMem`] view, without the DMA address.
    #[inline]
    pub fn as_sys_mem(self) -> SysMem<'a, T> {
        // SAFETY: `Normal` is the only `CpuMapping`. By the type invariants for it, `ptr` is
        // aligned and valid for `'a`.
        unsafe { SysMem::new(self.ptr) }
    }

    /// Returns a reference to the memory.
    ///
    /// # Safety
    ///
    /// While the returned reference lives,
    ///
    /// - the device must not write to the memory,
    /// - nobody else may write to it, including through [`Self::as_mut`].
    #[inline]
    pub unsafe fn as_ref(self) -> &'a T {
        // SAFETY: As in `as_sys_mem`, `ptr` is aligned and valid for `'a`. The caller promises
        // that nothing changes the memory.
        unsafe { &*self.ptr }
    }

    /// Returns a mutable reference to the memory.
    ///
    /// # Safety
    ///
    /// While the returned reference lives,
    ///
    /// - the device must not access the memory,
    /// - nobody else may read or write it, including through [`Self::as_ref`] and [`Self::as_mut`].
    #[inline]
    pub unsafe fn as_mut(self) -> &'a mut T {
        // SAFETY: As in `as_sys_mem`, `ptr` is aligned and valid for `'a`. The caller promises
        // that nothing else accesses the memory.
        unsafe { &mut *self.ptr }
    }
}

/// The [`IoBackend`] of [`Coherent`] buffers.
pub struct CoherentIoBackend<Kind: CoherentKind = Normal>(PhantomData<Kind>);

impl<Kind: CoherentKind> IoBackend for CoherentIoBackend<Kind> {
    type View<'a, T: ?Sized + KnownSize> = CoherentView<'a, T, Kind>;

    #[inline]
    fn as_ptr<'a, T: ?Sized + KnownSize>(view: Self::View<'a, T>) -> *mut T {
        view.ptr
    }

    #[inline]
    unsafe fn project_view<'a, T: ?Sized + KnownSize, U: ?Sized + KnownSize>(
        view: Self::View<'a, T>,
        ptr: *mut U,
    ) -> Self::View<'a, U> {
        // Without a CPU address, alignment is known up to that of the allocation.
        const {
            assert!(
                Kind::CPU_MAPPING || U::MIN_ALIGN.as_usize() <= PAGE_SIZE,
                "aligned to more than a page"
            )
        };

        // `ptr` is in the part that `view` covers, and by the type invariants of `Coherent` neither
        // address wraps there. The plain operators cost checks with CONFIG_RUST_OVERFLOW_CHECKS=y.
        let offset = ptr.addr().wrapping_sub(view.ptr.addr());

        // INVARIANT: By the safety requirement, `ptr` is a projection of `view.ptr`, so it is as
        // valid, `offset` bytes further on. So is the DMA address.
        CoherentView {
            ptr,
            // CAST: An offset in an allocation fits into a DMA address, as the allocation does.
            dma_addr: view.dma_addr.wrapping_add(offset as DmaAddress),
            buffer: PhantomData,
        }
    }
}

impl<T, Kind: CpuMapping> IoCapable<T> for CoherentIoBackend<Kind>
where
    SysMemBackend: IoCapable<T>,
{
    #[inline]
    fn io_read<'a>(view: Self::View<'a, T>) -> T {
        SysMemBackend::io_read(view.as_sys_mem())
    }

    #[inline]
    fn io_write<'a>(view: Self::View<'a, T>, value: T) {
        SysMemBackend::io_write(view.as_sys_mem(), value)
    }
}

impl<Kind: CpuMapping> IoCopyable for CoherentIoBackend<Kind> {
    #[inline]
    unsafe fn copy_from_io(view: Self::View<'_, [u8]>, buffer: *mut u8) {
        // SAFETY: The caller keeps the same requirements.
        unsafe { SysMemBackend::copy_from_io(view.as_sys_mem(), buffer) }
    }

    #[inline]
    unsafe fn copy_to_io(view: Self::View<'_, [u8]>, buffer: *const u8) {
        // SAFETY: The caller keeps the same requirements.
        unsafe { SysMemBackend::copy_to_io(view.as_sys_mem(), buffer) }
    }

    #[inline]
    fn copy_read<T: zerocopy::FromBytes>(view: Self::View<'_, T>) -> T {
        SysMemBackend::copy_read(view.as_sys_mem())
    }

    #[inline]
    fn copy_write<T: zerocopy::IntoBytes>(view: Self::View<'_, T>, value: T) {
        SysMemBackend::copy_write(view.as_sys_mem(), value)
    }
}

impl<'a, T: ?Sized + KnownSize, Kind: CoherentKind> IoBase<'a> for CoherentView<'a, T, Kind> {
    type Backend = CoherentIoBackend<Kind>;
    type Target = T;

    #[inline]
    fn as_view(self) -> CoherentView<'a, Self::Target, Kind> {
        self
    }
}

impl<'a, T: ?Sized + KnownSize, Kind: CoherentKind> IoBase<'a> for &'a Coherent<T, Kind> {
    type Backend = CoherentIoBackend<Kind>;
    type Target = T;

    #[inline]
    fn as_view(self) -> CoherentView<'a, Self::Target, Kind> {
        let ptr = self.cpu_addr.as_ptr();

        // INVARIANT: The view covers the whole of `self`, which lives for `'a`.
        // - `Normal`: By the type invariants of `Coherent`, `cpu_addr` is aligned and valid.
        // - `NoMapping`: The buffer starts at offset zero. Only the cookie's metadata is kept.
        CoherentView {
            ptr: ptr.with_addr(if Kind::CPU_MAPPING { ptr.addr() } else { 0 }),
            dma_addr: self.dma_addr,
            buffer: PhantomData,
        }
    }
}
