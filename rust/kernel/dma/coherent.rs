// SPDX-License-Identifier: GPL-2.0

//! DMA-coherent memory.
//!
//! A [`Coherent<T, Kind>`] owns an allocation of `dma_alloc_attrs()`. Its [kind](CoherentKind) says
//! whether the CPU can access the memory:
//!
//! | kind                 | device access | CPU access                             |
//! | -------------------- | ------------- | -------------------------------------- |
//! | [`Normal`] (default) | yes           | I/O accessors or, unsafely, references |
//! | [`NoMapping`]        | yes           | none                                   |
//!
//! C header: [`include/linux/dma-mapping.h`](srctree/include/linux/dma-mapping.h)

mod at;
pub mod bound;
mod boxed;
mod cast;
mod handle;
mod range;
mod view;
mod zeroed;

pub use self::at::{
    At,
    Span, //
};
pub use self::boxed::CoherentBox;
pub use self::handle::CoherentHandle;
pub use self::range::{
    lower_32_bits,
    upper_32_bits,
    Range, //
};
pub use self::view::{
    CoherentIoBackend,
    CoherentView, //
};

use super::{
    Attrs,
    DmaAddress, //
};
use crate::{
    alloc::Flags,
    bindings,
    debugfs,
    device::{
        Bound,
        Device, //
    },
    fs::file,
    page::PAGE_SIZE,
    prelude::*,
    ptr::KnownSize,
    sync::aref::ARef,
    transmute::{
        AsBytes,
        FromBytes, //
    },
    uaccess::UserSliceWriter, //
};
use core::{
    alloc::Layout,
    marker::PhantomData,
    ptr::NonNull, //
};

/// Marker trait for the kind of a [`Coherent`] buffer: whether the CPU can access the memory.
///
/// Methods for CPU access exist for a kind that implements [`CpuMapping`], and for no other.
///
/// This trait is sealed. Its implementations are [`Normal`] and [`NoMapping`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a kind of coherent memory",
    label = "not a kind",
    note = "the kinds are `Normal` (CPU and device access) and `NoMapping` (device access only)"
)]
pub trait CoherentKind: private::Kind {}

/// Marker trait for a [`CoherentKind`] with CPU access.
///
/// This trait is sealed. [`Normal`] is its only implementation.
#[diagnostic::on_unimplemented(
    message = "the CPU cannot access memory of kind `{Self}`",
    label = "CPU access to memory without a mapping",
    note = "to tell the device the address of a part, use `io_project!(..).dma_address()`",
    note = "for memory that both access, allocate a `Coherent<T>`, whose kind is `Normal`"
)]
pub trait CpuMapping: CoherentKind + private::Mapped {}

/// The default [`CoherentKind`]: memory that both the CPU and the device can access.
pub struct Normal;

/// The [`CoherentKind`] of memory that only the device can access.
///
/// The memory is allocated with `DMA_ATTR_NO_KERNEL_MAPPING`. The C API then returns an opaque
/// cookie instead of a CPU address; it is kept to free the memory and never handed out. A driver
/// uses such a buffer by its address: [`Coherent::dma_address`] of the whole, [`io_project!`] and
/// [`CoherentView::dma_address`] of a part.
///
/// The attribute is a hint. dma-iommu, per-device pools, restricted pools and confidential guests
/// ignore it and map the memory anyway (`iommu_dma_alloc()` in `drivers/iommu/dma-iommu.c`,
/// `dma_direct_alloc()` in `kernel/dma/direct.c`), and on many platforms the pages are part of the
/// kernel's linear mapping. "No mapping" means no access through this API, not that the memory is
/// physically unmapped.
///
/// [`io_project!`]: crate::io::io_project
pub struct NoMapping;

impl CoherentKind for Normal {}
impl CoherentKind for NoMapping {}
impl CpuMapping for Normal {}

mod private {
    use super::{
        NoMapping,
        Normal, //
    };

    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be a kind of coherent memory: the kinds are a closed set",
        label = "not a kind",
        note = "the kinds are `Normal` (CPU and device access) and `NoMapping` (device access only)"
    )]
    pub trait Kind {
        /// Whether the memory has a mapping for the CPU.
        const CPU_MAPPING: bool;
    }

    impl Kind for Normal {
        const CPU_MAPPING: bool = true;
    }

    impl Kind for NoMapping {
        const CPU_MAPPING: bool = false;
    }

    pub trait Mapped {}

    impl Mapped for Normal {}
}

/// A buffer of DMA-coherent memory for a `T`.
///
/// The device and, if `Kind` is [`Normal`], the CPU can access the memory without explicit
/// synchronization. It is freed on drop.
///
/// `T` is the layout of the memory, even for [`NoMapping`], where no CPU ever sees a `T`:
/// [`io_project!`] names a part of the buffer, checks that it is in bounds, and returns a view with
/// the DMA address of that part.
///
/// # Examples
///
/// A buffer for the CPU and the device, and one for the device only:
///
/// ```
/// # use kernel::device::{
/// #     Bound,
/// #     Device,
/// # };
/// use kernel::{
///     dma::{
///         Coherent,
///         NoMapping, //
///     },
///     io::{
///         io_project,
///         io_read,
///         io_write, //
///     },
/// };
///
/// # fn test(dev: &Device<Bound>) -> Result {
/// let shared: Coherent<[u32; 16]> = Coherent::zeroed(dev, GFP_KERNEL)?;
/// io_write!(&shared, [build: 3], 42);
/// assert_eq!(io_read!(&shared, [build: 3]), 42);
///
/// let frames: Coherent<[[u8; 4096]; 8], NoMapping> = Coherent::new(dev, GFP_KERNEL)?;
/// let third = io_project!(&frames, [build: 2]).dma_address();
/// assert_eq!(third - frames.dma_address(), 8192);
/// # Ok::<(), Error>(()) }
/// ```
///
/// # Context
///
/// Constructors may sleep unless `gfp_flags` say otherwise (see [`GFP_ATOMIC`]). Dropping needs
/// process context, interrupts enabled and no spinlock held, for every kind: `dma_free_attrs()` in
/// `kernel/dma/mapping.c` may unmap the memory, which sleeps, and warns if interrupts are disabled.
/// It does not warn for memory of a per-device pool.
///
/// # Lifetime
///
/// A `Coherent` holds a reference to its device, which keeps the device alive, but not bound to its
/// driver. Drop the buffer
///
/// - after the device stopped using the memory, and
/// - while the device is still bound to the driver that allocated it.
///
/// Unbinding frees the device's range map, and on 32-bit arm resets its DMA operations
/// (`device_unbind_cleanup()` in `drivers/base/dd.c`); removing the device frees its IOMMU state
/// (`iommu_deinit_device()` in `drivers/iommu/iommu.c`). A buffer freed after that may be freed
/// through dma-direct, which misinterprets the DMA address and the cookie of an IOMMU allocation.
///
/// # Invariants
///
/// - `cpu_addr`, `dma_addr` and `dma_attrs` belong to one allocation of [`size()`](Self::size)
///   bytes, made by `dma_alloc_attrs` for `dev` and not freed yet: `cpu_addr` has the address that
///   `dma_alloc_attrs` returned.
/// - If `Kind` is [`Normal`], `dma_attrs` does not contain `DMA_ATTR_NO_KERNEL_MAPPING`, and
///   `cpu_addr` is aligned for `T` and valid for reads and writes of the allocation.
/// - If `Kind` is [`NoMapping`], the address in `cpu_addr` is an opaque cookie, with or without
///   that attribute: only `dma_free_attrs` may use it.
/// - `dma_addr` is a multiple of [`PAGE_SIZE`], `size()` is not zero, and `dma_addr + (size() - 1)`
///   does not overflow.
///
/// [`GFP_ATOMIC`]: crate::alloc::flags::GFP_ATOMIC
/// [`io_project!`]: crate::io::io_project
// TODO: A DMA allocation may hold resources of its device, such as IOMMU mappings, which must not
// outlive the binding. They should be revoked on unbind, while the memory lives on, so that the CPU
// can access it without a critical section.
pub struct Coherent<T: KnownSize + ?Sized, Kind: CoherentKind = Normal> {
    dev: ARef<Device>,
    dma_addr: DmaAddress,
    cpu_addr: NonNull<T>,
    dma_attrs: Attrs,
    kind: PhantomData<Kind>,
}

/// A new allocation for `dev`, not owned by a [`Coherent`] yet: nothing frees it.
///
/// # Invariants
///
/// Those of [`Coherent`].
#[must_use]
struct Allocation<'a, T: KnownSize + ?Sized, Kind: CoherentKind> {
    dev: &'a Device<Bound>,
    dma_addr: DmaAddress,
    cpu_addr: NonNull<T>,
    dma_attrs: Attrs,
    kind: PhantomData<Kind>,
}

impl<'a, T: KnownSize + ?Sized, Kind: CoherentKind> Allocation<'a, T, Kind> {
    /// Allocates `size` bytes, and has `typed` turn their address into a pointer to a `T`.
    ///
    /// # Safety
    ///
    /// `size` is not zero, and is the size of the `T` that `typed` returns. `typed` does not change
    /// the address.
    #[inline]
    unsafe fn new(
        dev: &'a Device<Bound>,
        size: usize,
        typed: impl FnOnce(NonNull<c_void>) -> NonNull<T>,
        gfp_flags: Flags,
        dma_attrs: Attrs,
    ) -> Result<Self> {
        const {
            assert!(
                T::MIN_ALIGN.as_usize() <= PAGE_SIZE,
                "aligned to more than a page"
            )
        };

        // `Attrs` implements `!`, so a caller may pass any bit. Only the kind decides on this one.
        let no_map = Attrs(bindings::DMA_ATTR_NO_KERNEL_MAPPING);
        let implied = if Kind::CPU_MAPPING { Attrs(0) } else { no_map };
        let dma_attrs = (dma_attrs & !no_map) | implied;

        let mut dma_addr = 0;
        // SAFETY: `dev.as_raw()` is valid by the type invariant of `Device`, and `dma_addr` is a
        // local variable.
        let cpu_addr = unsafe {
            bindings::dma_alloc_attrs(
                dev.as_raw(),
                size,
                &mut dma_addr,
                gfp_flags.as_raw(),
                dma_attrs.as_raw(),
            )
        };

        // INVARIANT:
        // - The allocation was just made, with these attributes. By the safety requirements, its
        //   size is that of the `T`.
        // - For `Normal`, the attribute was taken out, so `dma_alloc_attrs` returned a CPU address,
        //   aligned to a page like the DMA address (see `Documentation/core-api/dma-api-howto.rst`)
        //   and therefore for `T`.
        // - For `NoMapping`, the address is not used.
        // - By the safety requirements, `size` is not zero. The device can access every byte, so
        //   the last one has a DMA address, too.
        Ok(Self {
            dev,
            dma_addr,
            cpu_addr: typed(NonNull::new(cpu_addr).ok_or(ENOMEM)?),
            dma_attrs,
            kind: PhantomData,
        })
    }

    /// Transfers the allocation to a [`Coherent`], which takes a reference to the device.
    #[inline]
    fn into_coherent(self) -> Coherent<T, Kind> {
        // INVARIANT: The type invariants are those of `self`.
        Coherent {
            dev: ARef::from(&**self.dev),
            dma_addr: self.dma_addr,
            cpu_addr: self.cpu_addr,
            dma_attrs: self.dma_attrs,
            kind: PhantomData,
        }
    }
}

impl<'a, T, Kind: CoherentKind> Allocation<'a, T, Kind> {
    /// Allocates memory for a `T`.
    #[inline]
    fn value(dev: &'a Device<Bound>, gfp_flags: Flags, dma_attrs: Attrs) -> Result<Self> {
        const { assert!(size_of::<T>() > 0, "a zero-sized type cannot be allocated") };

        // SAFETY: `size_of::<T>()` is the size of every `T`, and not zero, as was just asserted. A
        // cast does not change the address.
        unsafe { Self::new(dev, size_of::<T>(), NonNull::cast, gfp_flags, dma_attrs) }
    }
}

impl<'a, T, Kind: CoherentKind> Allocation<'a, [T], Kind> {
    /// Allocates memory for `len` elements.
    #[inline]
    fn elements(
        dev: &'a Device<Bound>,
        len: usize,
        gfp_flags: Flags,
        dma_attrs: Attrs,
    ) -> Result<Self> {
        const { assert!(size_of::<T>() > 0, "a zero-sized type cannot be allocated") };

        // `dma_alloc_attrs` has no error for an empty allocation.
        if len == 0 {
            return Err(EINVAL);
        }

        let size = Layout::array::<T>(len).map_err(|_| ENOMEM)?.size();
        let typed = |addr: NonNull<c_void>| NonNull::slice_from_raw_parts(addr.cast(), len);

        // SAFETY: `size` is the size of `len` elements, which `typed` returns at the same address.
        // Neither `len` nor the size of an element is zero.
        unsafe { Self::new(dev, size, typed, gfp_flags, dma_attrs) }
    }
}

impl<T: KnownSize + ?Sized, Kind: CoherentKind> Coherent<T, Kind> {
    /// Returns the size of the buffer, in bytes.
    #[inline]
    pub fn size(&self) -> usize {
        T::size(self.cpu_addr.as_ptr())
    }

    /// Returns the DMA address of the buffer.
    ///
    /// For the address of a part, see [`io_project!`](crate::io::io_project).
    #[inline]
    pub fn dma_address(&self) -> DmaAddress {
        self.dma_addr
    }

    /// Frees the memory.
    ///
    /// # Safety
    ///
    /// The buffer must not be used or freed afterwards.
    #[inline]
    unsafe fn free(&mut self) {
        // SAFETY: By the type invariants, `dev` is the device of the allocation, and size, address
        // or cookie, DMA address and attributes are those of the allocation, which is not freed
        // yet.
        unsafe {
            bindings::dma_free_attrs(
                self.dev.as_raw(),
                self.size(),
                self.cpu_addr.as_ptr().cast(),
                self.dma_addr,
                self.dma_attrs.as_raw(),
            )
        }
    }
}

impl<T, Kind: CoherentKind> Coherent<[T], Kind> {
    /// Returns the number of elements of the buffer.
    ///
    /// For the number of bytes, see [`Self::size`].
    #[inline]
    #[expect(clippy::len_without_is_empty, reason = "a buffer is never empty")]
    pub fn len(&self) -> usize {
        self.cpu_addr.len()
    }
}

impl<T: KnownSize + ?Sized, Kind: CoherentKind> Drop for Coherent<T, Kind> {
    fn drop(&mut self) {
        // SAFETY: `self` is dropped, so it is not used afterwards.
        unsafe { self.free() }
    }
}

/// Buffers for the device only, with a layout of fixed size.
impl<T> Coherent<T, NoMapping> {
    /// Allocates memory for a `T` that only the device can access.
    ///
    /// The kind adds `DMA_ATTR_NO_KERNEL_MAPPING` to `dma_attrs`.
    ///
    /// Returns [`ENOMEM`] if the allocation fails. On x86 with `iommu=force` and AMD's GART, that
    /// is always the case (`gart_alloc_coherent()` in `arch/x86/kernel/amd_gart_64.c`). A
    /// zero-sized `T`, or one aligned to more than [`PAGE_SIZE`], does not compile. May sleep,
    /// depending on `gfp_flags`.
    ///
    /// # Content
    ///
    /// The content of the new memory is unspecified, even with [`__GFP_ZERO`]:
    /// `dma_direct_alloc_no_mapping()` in `kernel/dma/direct.c` drops that flag, and the device
    /// reads stale kernel memory. The paths that ignore the attribute do zero the memory: dma-iommu
    /// (`iommu_dma_alloc()` in `drivers/iommu/dma-iommu.c`), per-device pools
    /// (`__dma_alloc_from_coherent()` in `kernel/dma/coherent.c`), restricted pools and
    /// confidential guests (`dma_direct_alloc()`).
    ///
    /// If the device must not see stale memory, let it overwrite the buffer first, use a [`Normal`]
    /// buffer, or boot with `init_on_alloc=1`.
    ///
    /// On 32-bit arm, `init_on_alloc=1` is not enough for a device that does not snoop the CPU
    /// caches. Nothing writes the caches back there (`arch_dma_prep_coherent()` is empty), so dirty
    /// cache lines may overwrite what the device wrote. Use a [`Normal`] buffer.
    ///
    /// # Examples
    ///
    /// ```
    /// # use kernel::device::{
    /// #     Bound,
    /// #     Device,
    /// # };
    /// use kernel::dma::{
    ///     attrs::*,
    ///     Coherent,
    ///     NoMapping, //
    /// };
    ///
    /// # fn test(dev: &Device<Bound>) -> Result {
    /// let scratch: Coherent<[u8; 8192], NoMapping> =
    ///     Coherent::new_with_attrs(dev, GFP_KERNEL, DMA_ATTR_WRITE_COMBINE)?;
    /// assert_eq!(scratch.size(), 8192);
    /// # Ok::<(), Error>(()) }
    /// ```
    ///
    /// [`__GFP_ZERO`]: crate::alloc::flags::__GFP_ZERO
    #[inline]
    pub fn new_with_attrs(dev: &Device<Bound>, gfp_flags: Flags, dma_attrs: Attrs) -> Result<Self> {
        Allocation::value(dev, gfp_flags, dma_attrs).map(Allocation::into_coherent)
    }

    /// Same as [`Self::new_with_attrs`], but with no further attributes.
    #[inline]
    pub fn new(dev: &Device<Bound>, gfp_flags: Flags) -> Result<Self> {
        Self::new_with_attrs(dev, gfp_flags, Attrs(0))
    }
}

/// Buffers for the device only, with a run-time length.
impl<T> Coherent<[T], NoMapping> {
    /// Allocates memory for `len` elements that only the device can access.
    ///
    /// The kind adds `DMA_ATTR_NO_KERNEL_MAPPING` to `dma_attrs`.
    ///
    /// Returns [`EINVAL`] if `len` is zero, and [`ENOMEM`] if the size overflows or the allocation
    /// fails. Otherwise like
    /// [`Coherent<T, NoMapping>::new_with_attrs`](Coherent::new_with_attrs).
    ///
    /// # Examples
    ///
    /// ```
    /// # use kernel::device::{
    /// #     Bound,
    /// #     Device,
    /// # };
    /// use kernel::dma::{
    ///     attrs::*,
    ///     Coherent,
    ///     NoMapping, //
    /// };
    ///
    /// # fn test(dev: &Device<Bound>, len: usize) -> Result {
    /// let ring: Coherent<[u64], NoMapping> =
    ///     Coherent::alloc_with_attrs(dev, len, GFP_KERNEL, DMA_ATTR_NO_WARN)?;
    /// assert_eq!(ring.size(), len * 8);
    /// # Ok::<(), Error>(()) }
    /// ```
    #[inline]
    pub fn alloc_with_attrs(
        dev: &Device<Bound>,
        len: usize,
        gfp_flags: Flags,
        dma_attrs: Attrs,
    ) -> Result<Self> {
        Allocation::elements(dev, len, gfp_flags, dma_attrs).map(Allocation::into_coherent)
    }

    /// Same as [`Self::alloc_with_attrs`], but with no further attributes.
    #[inline]
    pub fn alloc(dev: &Device<Bound>, len: usize, gfp_flags: Flags) -> Result<Self> {
        Self::alloc_with_attrs(dev, len, gfp_flags, Attrs(0))
    }
}

/// CPU access.
///
/// A buffer also implements [`Io`](crate::io::Io), for access that is safe while the device uses
/// the memory.
impl<T: KnownSize + ?Sized, Kind: CpuMapping> Coherent<T, Kind> {
    /// Returns a pointer to the memory.
    #[inline]
    pub fn as_ptr(&self) -> *const T {
        self.cpu_addr.as_ptr()
    }

    /// Returns a mutable pointer to the memory.
    #[inline]
    pub fn as_mut_ptr(&self) -> *mut T {
        self.cpu_addr.as_ptr()
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
    pub unsafe fn as_ref(&self) -> &T {
        // SAFETY: `Normal` is the only `CpuMapping`. By the type invariants for it, `cpu_addr` is
        // aligned and valid. The caller promises that nothing changes the memory.
        unsafe { self.cpu_addr.as_ref() }
    }

    /// Returns a mutable reference to the memory.
    ///
    /// # Safety
    ///
    /// While the returned reference lives,
    ///
    /// - the device must not access the memory,
    /// - nobody else may read or write it, including through [`Self::as_ref`] and [`Self::as_mut`].
    #[expect(clippy::mut_from_ref, reason = "unsafe to use API")]
    #[inline]
    pub unsafe fn as_mut(&self) -> &mut T {
        // SAFETY: `Normal` is the only `CpuMapping`. By the type invariants for it, `cpu_addr` is
        // aligned and valid. The caller promises that nothing else accesses the memory.
        unsafe { &mut *self.cpu_addr.as_ptr() }
    }
}

/// Buffers for the CPU and the device.
///
/// All constructors return [`ENOMEM`] if the allocation fails. A zero-sized `T`, or one aligned to
/// more than [`PAGE_SIZE`], does not compile. May sleep, depending on `gfp_flags`.
impl<T: AsBytes + FromBytes> Coherent<T> {
    /// Allocates zeroed memory for a `T`.
    ///
    /// On 32-bit arm, an allocation that must not block, for a device that does not snoop the CPU
    /// caches, is not zeroed, as in Linux 7.3 (`__alloc_from_pool()` in
    /// `arch/arm/mm/dma-mapping.c`).
    ///
    /// # Examples
    ///
    /// ```
    /// # use kernel::device::{
    /// #     Bound,
    /// #     Device,
    /// # };
    /// use kernel::dma::{
    ///     attrs::*,
    ///     Coherent, //
    /// };
    ///
    /// # fn test(dev: &Device<Bound>) -> Result {
    /// let c: Coherent<[u64; 4]> =
    ///     Coherent::zeroed_with_attrs(dev, GFP_KERNEL, DMA_ATTR_NO_WARN)?;
    /// # Ok::<(), Error>(()) }
    /// ```
    #[inline]
    pub fn zeroed_with_attrs(
        dev: &Device<Bound>,
        gfp_flags: Flags,
        dma_attrs: Attrs,
    ) -> Result<Self> {
        Allocation::value(dev, gfp_flags | __GFP_ZERO, dma_attrs).map(Allocation::into_coherent)
    }

    /// Same as [`Self::zeroed_with_attrs`], but with no attributes.
    #[inline]
    pub fn zeroed(dev: &Device<Bound>, gfp_flags: Flags) -> Result<Self> {
        Self::zeroed_with_attrs(dev, gfp_flags, Attrs(0))
    }

    /// Allocates memory for a `T` and initializes it with `init`.
    ///
    /// If `init` fails, frees the memory and returns its error.
    pub fn init_with_attrs<E>(
        dev: &Device<Bound>,
        gfp_flags: Flags,
        dma_attrs: Attrs,
        init: impl Init<T, E>,
    ) -> Result<Self>
    where
        Error: From<E>,
    {
        let dmem = Allocation::value(dev, gfp_flags, dma_attrs)?.into_coherent();

        // SAFETY:
        // - By the type invariants for `Normal`, the pointer is aligned and valid, and nobody else
        //   knows it yet.
        // - If this fails, `dmem` is dropped, which does not drop a `T`.
        unsafe { pin_init::raw_try_init(dmem.as_mut_ptr(), init)? };

        Ok(dmem)
    }

    /// Same as [`Self::init_with_attrs`], but with no attributes.
    #[inline]
    pub fn init<E>(dev: &Device<Bound>, gfp_flags: Flags, init: impl Init<T, E>) -> Result<Self>
    where
        Error: From<E>,
    {
        Self::init_with_attrs(dev, gfp_flags, Attrs(0), init)
    }

    /// Allocates zeroed memory for `len` elements of type `T`.
    ///
    /// Returns [`EINVAL`] if `len` is zero, and [`ENOMEM`] if the size overflows.
    ///
    /// # Examples
    ///
    /// ```
    /// # use kernel::device::{
    /// #     Bound,
    /// #     Device,
    /// # };
    /// use kernel::dma::{
    ///     attrs::*,
    ///     Coherent, //
    /// };
    ///
    /// # fn test(dev: &Device<Bound>, len: usize) -> Result {
    /// let c: Coherent<[u64]> =
    ///     Coherent::zeroed_slice_with_attrs(dev, len, GFP_KERNEL, DMA_ATTR_NO_WARN)?;
    /// assert_eq!(c.len(), len);
    /// # Ok::<(), Error>(()) }
    /// ```
    #[inline]
    pub fn zeroed_slice_with_attrs(
        dev: &Device<Bound>,
        len: usize,
        gfp_flags: Flags,
        dma_attrs: Attrs,
    ) -> Result<Coherent<[T]>> {
        Allocation::elements(dev, len, gfp_flags | __GFP_ZERO, dma_attrs)
            .map(Allocation::into_coherent)
    }

    /// Same as [`Self::zeroed_slice_with_attrs`], but with no attributes.
    #[inline]
    pub fn zeroed_slice(
        dev: &Device<Bound>,
        len: usize,
        gfp_flags: Flags,
    ) -> Result<Coherent<[T]>> {
        Self::zeroed_slice_with_attrs(dev, len, gfp_flags, Attrs(0))
    }

    /// Allocates memory for a copy of `data`.
    ///
    /// Returns [`EINVAL`] if `data` is empty.
    ///
    /// # Examples
    ///
    /// ```
    /// # use kernel::device::{
    /// #     Bound,
    /// #     Device,
    /// # };
    /// use kernel::dma::{
    ///     attrs::*,
    ///     Coherent, //
    /// };
    ///
    /// # fn test(dev: &Device<Bound>) -> Result {
    /// let c: Coherent<[u8]> =
    ///     Coherent::from_slice_with_attrs(dev, &[0, 1, 2, 3], GFP_KERNEL, DMA_ATTR_NO_WARN)?;
    /// assert_eq!(c.size(), 4);
    /// # Ok::<(), Error>(()) }
    /// ```
    #[inline]
    pub fn from_slice_with_attrs(
        dev: &Device<Bound>,
        data: &[T],
        gfp_flags: Flags,
        dma_attrs: Attrs,
    ) -> Result<Coherent<[T]>>
    where
        T: Copy,
    {
        CoherentBox::from_slice_with_attrs(dev, data, gfp_flags, dma_attrs).map(Into::into)
    }

    /// Same as [`Self::from_slice_with_attrs`], but with no attributes.
    #[inline]
    pub fn from_slice(dev: &Device<Bound>, data: &[T], gfp_flags: Flags) -> Result<Coherent<[T]>>
    where
        T: Copy,
    {
        Self::from_slice_with_attrs(dev, data, gfp_flags, Attrs(0))
    }
}

// SAFETY: The allocation is not tied to a thread. The owner of a `Coherent<T>` can access the `T`,
// so `T` has to be `Send`.
unsafe impl<T: KnownSize + Send + ?Sized> Send for Coherent<T> {}

// SAFETY: A shared `Coherent<T>` gives access to the memory as bytes, by volatile accesses that may
// race (hence `AsBytes + FromBytes`), or as a `T`, by unsafe methods whose callers rule out races.
// `T: Sync` is for the shared references that the latter return.
unsafe impl<T: KnownSize + ?Sized + AsBytes + FromBytes + Sync> Sync for Coherent<T> {}

// SAFETY: The allocation is not tied to a thread, and there is no access to the `T`.
unsafe impl<T: KnownSize + ?Sized> Send for Coherent<T, NoMapping> {}

// SAFETY: A shared `Coherent<T, NoMapping>` only gives out sizes and DMA addresses, which do not
// change.
unsafe impl<T: KnownSize + ?Sized> Sync for Coherent<T, NoMapping> {}

impl<T: KnownSize + AsBytes + ?Sized> debugfs::BinaryWriter for Coherent<T> {
    fn write_to_slice(
        &self,
        writer: &mut UserSliceWriter,
        offset: &mut file::Offset,
    ) -> Result<usize> {
        if offset.is_negative() {
            return Err(EINVAL);
        }

        // An offset that does not fit into a `usize` is beyond the end.
        let end = self.size();
        let start = usize::try_from(*offset).map_or(end, |start| start.min(end));
        let count = (end - start).min(writer.len());

        writer.write_dma(self, start, count)?;

        // CAST: `count` is at most the size of an allocation, which is less than `isize::MAX`.
        *offset = offset.wrapping_add(count as file::Offset);
        Ok(count)
    }
}
