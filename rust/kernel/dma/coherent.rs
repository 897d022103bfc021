// SPDX-License-Identifier: GPL-2.0

//! DMA-coherent memory.
//!
//! One type, [`Coherent<T, Kind>`], holds an allocation of the `dma_alloc_attrs` API and frees it
//! when it is dropped. Its [kind](CoherentKind) says who reaches the memory:
//!
//! | kind               | the device | the CPU                                            |
//! | ------------------ | ---------- | -------------------------------------------------- |
//! | [`Normal`] (default) | yes      | yes, with I/O accessors or, unsafely, references   |
//! | [`NoMapping`]      | yes        | no: there are no methods for it                    |
//!
//! C header: [`include/linux/dma-mapping.h`](srctree/include/linux/dma-mapping.h)

mod at;
mod bound;
mod boxed;
mod handle;
mod view;
mod zeroed;

pub use self::at::{
    At,
    Span, //
};
pub use self::bound::CoherentBound;
pub use self::boxed::CoherentBox;
pub use self::handle::CoherentHandle;
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

/// Marker trait for the kinds of a [`Coherent`] allocation.
///
/// A kind says who reaches the memory, and its [`ATTRS`](CoherentKind::ATTRS) what the C API need
/// not do therefore. Methods that touch memory from the CPU exist for [`Normal`] only; a kind
/// without a mapping does not refuse them at run time, it does not have them.
///
/// This trait is sealed: [`Normal`] and [`NoMapping`] are its only implementations.
///
/// [`Coherent`]: crate::dma::Coherent
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a kind of coherent memory",
    label = "not a kind",
    note = "the kinds are `Normal` (the CPU and the device) and `NoMapping` (the device alone)"
)]
pub trait CoherentKind: private::Sealed {
    /// The attributes that this kind implies.
    ///
    /// They are settled after the ones that a caller passes to a constructor: a caller can neither
    /// add an attribute that decides about the kind nor mask it away.
    ///
    /// [`Coherent::new_zeroed`] does without them.
    ///
    /// [`Coherent::new_zeroed`]: crate::dma::Coherent::new_zeroed
    const ATTRS: Attrs;
}

/// The kinds of memory that the CPU can reach: [`Normal`], and no other.
///
/// What touches memory from the CPU exists for a kind that implements this, and the compiler says
/// so to a driver that reads memory without a mapping.
#[diagnostic::on_unimplemented(
    message = "the CPU cannot reach memory of kind `{Self}`: it has no mapping there",
    label = "reads or writes memory that only the device reaches",
    note = "to give the device the address of a part, take `io_project!(..).dma_address()`",
    note = "for memory that both reach, allocate a `Coherent<T>`, whose kind is `Normal`"
)]
pub trait CpuMapping: CoherentKind {}

impl CpuMapping for Normal {}

/// The default [`CoherentKind`]: memory that both the CPU and the device can reach.
///
/// Methods for access by the CPU, such as [`Coherent::zeroed`] or [`io_read!`], exist for this kind
/// only.
///
/// [`Coherent::zeroed`]: crate::dma::Coherent::zeroed
/// [`io_read!`]: crate::io::io_read
pub struct Normal;

/// The [`CoherentKind`] of memory that only the device reaches.
///
/// The memory is allocated with `DMA_ATTR_NO_KERNEL_MAPPING`. In place of an address for the CPU
/// the C API returns an opaque cookie, which is kept to free the allocation and never handed out.
///
/// What a driver can do with such a buffer is to tell the device where it is: of the whole by
/// [`Coherent::dma_address`], of a part by [`io_project!`] and [`CoherentView::dma_address`].
///
/// "No mapping" is a promise about this API and not about the machine: some DMA backends ignore the
/// attribute and map the memory nevertheless (e.g. `iommu_dma_alloc()` in
/// `drivers/iommu/dma-iommu.c`), and on an architecture whose kernel maps all of its memory the
/// pages stay part of that mapping.
///
/// Memory that the device has to find zeroed is allocated without that attribute, by
/// [`Coherent::new_zeroed`], and its address is a cookie all the same.
///
/// [`Coherent::new_zeroed`]: crate::dma::Coherent::new_zeroed
/// [`Coherent::dma_address`]: crate::dma::Coherent::dma_address
/// [`CoherentView::dma_address`]: crate::dma::CoherentView::dma_address
/// [`io_project!`]: crate::io::io_project
pub struct NoMapping;

impl CoherentKind for Normal {
    const ATTRS: Attrs = Attrs(0);
}

impl CoherentKind for NoMapping {
    const ATTRS: Attrs = Attrs(bindings::DMA_ATTR_NO_KERNEL_MAPPING);
}

mod private {
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be a kind of coherent memory: the kinds are a closed set",
        label = "not a kind",
        note = "the kinds are `Normal` (the CPU and the device) and `NoMapping` (the device alone)"
    )]
    pub trait Sealed {}

    impl Sealed for super::Normal {}
    impl Sealed for super::NoMapping {}
}

/// An allocation of DMA-coherent memory that holds a `T`.
///
/// The memory can be reached by the device and, if `Kind` is [`Normal`], by the CPU, without
/// explicit synchronization between the two. It is freed when the `Coherent` is dropped.
///
/// `T` describes the layout of the memory, also for [`NoMapping`], where no CPU ever sees a `T`:
/// [`io_project!`] names a part of the buffer, checks that it is inside, and gives its DMA address.
///
/// # Examples
///
/// A buffer for both sides, and one for the device alone:
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
/// let frames = Coherent::<[[u8; 4096]; 8], NoMapping>::new(dev, GFP_KERNEL)?;
/// let third = io_project!(&frames, [build: 2]).dma_address();
/// assert_eq!(third, frames.dma_address() + 8192);
/// # Ok::<(), Error>(()) }
/// ```
///
/// # Context
///
/// Allocating may sleep unless `gfp_flags` say otherwise (see [`GFP_ATOMIC`]). Dropping a
/// `Coherent` is for process context, with interrupts enabled and no spinlock held, whatever the
/// kind: `dma_free_attrs()` in `kernel/dma/mapping.c` warns if interrupts are disabled, and it may
/// remove a mapping, which sleeps.
///
/// The device must have stopped using the memory before it is dropped. It has to be dropped while
/// the device is bound to the driver that allocated it.
///
/// [`Self::bind`] makes the compiler see to that.
///
/// # Invariants
///
/// - `cpu_addr`, `dma_addr` and `dma_attrs` belong to one allocation of [`size()`](Self::size)
///   bytes that `dma_alloc_attrs` made for `dev` and that has not been freed: `cpu_addr` has the
///   address that it returned.
/// - If `Kind` is [`Normal`], `dma_attrs` does not have `DMA_ATTR_NO_KERNEL_MAPPING`, and
///   `cpu_addr` is aligned for `T` and valid for reads and writes of the allocation.
/// - If `Kind` is [`NoMapping`], the address is an opaque cookie, with or without that attribute:
///   it is for `dma_free_attrs` and nothing else.
/// - The allocation starts at a multiple of [`PAGE_SIZE`], and it does not wrap around the end of
///   the DMA address space.
///
/// [`GFP_ATOMIC`]: crate::alloc::flags::GFP_ATOMIC
/// [`io_project!`]: crate::io::io_project
// TODO: An allocation may hold resources of its device, such as mappings in an IOMMU, and those go
// away when the device is unbound. A `Coherent` does not know about that: drivers have to drop it
// before. The device's resources should be revoked at unbind while the memory lives on, so that
// the CPU needs no critical section to access it.
pub struct Coherent<T: KnownSize + ?Sized, Kind: CoherentKind = Normal> {
    dev: ARef<Device>,
    dma_addr: DmaAddress,
    cpu_addr: NonNull<T>,
    dma_attrs: Attrs,
    kind: PhantomData<Kind>,
}

/// Allocates `size` bytes. Returns the address for the CPU, or the cookie, and the DMA address.
///
/// The function that all types and kinds share is the one in C. This one is inlined, as returning
/// both of its values from a function of its own takes more instructions than it has.
#[inline]
fn dma_alloc(
    dev: &Device<Bound>,
    size: usize,
    gfp_flags: Flags,
    dma_attrs: Attrs,
) -> Result<(NonNull<c_void>, DmaAddress)> {
    let mut dma_addr = 0;
    // SAFETY: `dev.as_raw()` is valid by the type invariant of `device::Device`, and `dma_addr` is
    // a local variable.
    let cpu_addr = unsafe {
        bindings::dma_alloc_attrs(
            dev.as_raw(),
            size,
            &mut dma_addr,
            gfp_flags.as_raw(),
            dma_attrs.as_raw(),
        )
    };

    Ok((NonNull::new(cpu_addr).ok_or(ENOMEM)?, dma_addr))
}

/// Fails to compile for a `T` that `dma_alloc_attrs` cannot allocate.
const fn assert_layout<T>() {
    assert!(size_of::<T>() > 0, "a zero-sized type cannot be allocated");
    assert!(align_of::<T>() <= PAGE_SIZE, "aligned to more than a page");
}

impl<T, Kind: CoherentKind> Coherent<T, Kind> {
    /// Allocates memory for a `T`.
    fn alloc_value(dev: &Device<Bound>, gfp_flags: Flags, dma_attrs: Attrs) -> Result<Self> {
        const { assert_layout::<T>() };

        let dma_attrs = Self::settle(dma_attrs);
        let (cpu_addr, dma_addr) = dma_alloc(dev, size_of::<T>(), gfp_flags, dma_attrs)?;

        // INVARIANT:
        // - The allocation was just made, with the size of `T` and these attributes.
        // - For `Normal`, `settle` took the attribute out. Hence `dma_alloc_attrs` returned the
        //   address of a mapping for the CPU, as aligned as the allocation: to a page, so for `T`.
        // - For `NoMapping`, nothing is said of the address.
        Ok(Self {
            dev: ARef::from(&**dev),
            dma_addr,
            cpu_addr: cpu_addr.cast(),
            dma_attrs,
            kind: PhantomData,
        })
    }
}

impl<T, Kind: CoherentKind> Coherent<[T], Kind> {
    /// Allocates memory for `len` elements.
    fn alloc_elements(
        dev: &Device<Bound>,
        len: usize,
        gfp_flags: Flags,
        dma_attrs: Attrs,
    ) -> Result<Self> {
        const { assert_layout::<T>() };

        // `dma_alloc_attrs` has no error for an empty allocation.
        if len == 0 {
            return Err(EINVAL);
        }

        let size = Layout::array::<T>(len).map_err(|_| ENOMEM)?.size();
        let dma_attrs = Self::settle(dma_attrs);
        let (cpu_addr, dma_addr) = dma_alloc(dev, size, gfp_flags, dma_attrs)?;

        // INVARIANT:
        // - The allocation was just made, with the size of `len` elements and these attributes.
        // - For `Normal`, `settle` took the attribute out. Hence `dma_alloc_attrs` returned the
        //   address of a mapping for the CPU, as aligned as the allocation: to a page, so for `T`.
        // - For `NoMapping`, nothing is said of the address.
        Ok(Self {
            dev: ARef::from(&**dev),
            dma_addr,
            cpu_addr: NonNull::slice_from_raw_parts(cpu_addr.cast(), len),
            dma_attrs,
            kind: PhantomData,
        })
    }

    /// Returns the number of elements in this allocation.
    ///
    /// For the number of bytes, see [`Self::size`].
    #[inline]
    #[expect(clippy::len_without_is_empty, reason = "an allocation is never empty")]
    pub fn len(&self) -> usize {
        self.cpu_addr.len()
    }
}

impl<T: KnownSize + ?Sized, Kind: CoherentKind> Coherent<T, Kind> {
    /// Settles the attribute that the kind decides about, and which a caller therefore cannot.
    #[inline]
    fn settle(dma_attrs: Attrs) -> Attrs {
        (dma_attrs & !NoMapping::ATTRS) | Kind::ATTRS
    }

    /// Returns the size of this allocation, in bytes.
    #[inline]
    pub fn size(&self) -> usize {
        T::size(self.cpu_addr.as_ptr())
    }

    /// Returns the DMA address of this allocation, to be given to the device.
    ///
    /// For the address of a part of it, see [`io_project!`](crate::io::io_project).
    #[inline]
    pub fn dma_address(&self) -> DmaAddress {
        self.dma_addr
    }
}

impl<T: KnownSize + ?Sized, Kind: CoherentKind> Drop for Coherent<T, Kind> {
    fn drop(&mut self) {
        // SAFETY: By the type invariants, `dev` is the device that the allocation was made for, and
        // size, address (or cookie), DMA address and attributes are those of the allocation, which
        // has not been freed yet.
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

/// Buffers for the device alone, with a layout of fixed size.
impl<T> Coherent<T, NoMapping> {
    /// Allocates memory for a `T` that only the device reaches.
    ///
    /// `dma_attrs` are attributes besides `DMA_ATTR_NO_KERNEL_MAPPING`, which the kind implies.
    ///
    /// Returns [`ENOMEM`] if the allocation fails. A `T` of size zero, or aligned to more than
    /// [`PAGE_SIZE`], does not compile. May sleep, depending on `gfp_flags`.
    ///
    /// # Content
    ///
    /// What the memory holds at first is unspecified, and with it what the device reads. In
    /// particular it need not be zeroed, not even with [`__GFP_ZERO`]: without a mapping there is
    /// nothing to clear it through, so `dma_direct_alloc()` in `kernel/dma/direct.c` takes that
    /// flag out. On that path the device sees what the pages held before. Other backends do clear
    /// the memory, e.g. `iommu_dma_alloc()` in `drivers/iommu/dma-iommu.c`.
    ///
    /// A driver whose device must not see stale kernel memory has the device overwrite the buffer
    /// first, takes a [`Normal`] buffer, or needs a kernel with `init_on_alloc=1`.
    ///
    /// Or it takes [`Self::new_zeroed`], whose memory the device reads as zeroes.
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
    /// let scratch = Coherent::<[u8; 8192], NoMapping>::new_with_attrs(
    ///     dev,
    ///     GFP_KERNEL,
    ///     DMA_ATTR_WRITE_COMBINE,
    /// )?;
    /// assert_eq!(scratch.size(), 8192);
    /// # Ok::<(), Error>(()) }
    /// ```
    ///
    /// [`__GFP_ZERO`]: crate::alloc::flags::__GFP_ZERO
    #[inline]
    pub fn new_with_attrs(dev: &Device<Bound>, gfp_flags: Flags, dma_attrs: Attrs) -> Result<Self> {
        Self::alloc_value(dev, gfp_flags, dma_attrs)
    }

    /// Same as [`Self::new_with_attrs`], but with no attributes besides those of the kind.
    #[inline]
    pub fn new(dev: &Device<Bound>, gfp_flags: Flags) -> Result<Self> {
        Self::new_with_attrs(dev, gfp_flags, Attrs(0))
    }
}

/// Buffers for the device alone, of a length that is known at run time.
impl<T> Coherent<[T], NoMapping> {
    /// Allocates memory for `len` elements that only the device reaches.
    ///
    /// `len` counts elements; for [`CoherentHandle`] these are bytes. `dma_attrs` are attributes
    /// besides `DMA_ATTR_NO_KERNEL_MAPPING`, which the kind implies.
    ///
    /// Returns [`EINVAL`] if `len` is zero, and [`ENOMEM`] if the size overflows or the allocation
    /// fails. A `T` of size zero, or aligned to more than [`PAGE_SIZE`], does not compile. May
    /// sleep, depending on `gfp_flags`.
    ///
    /// What the memory holds at first is unspecified, see
    /// [`Coherent<T, NoMapping>::new_with_attrs`](Coherent::new_with_attrs).
    ///
    /// That of [`Self::alloc_zeroed`] is zeroes.
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
    /// let ring =
    ///     Coherent::<[u64], NoMapping>::alloc_with_attrs(dev, len, GFP_KERNEL, DMA_ATTR_NO_WARN)?;
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
        Self::alloc_elements(dev, len, gfp_flags, dma_attrs)
    }

    /// Same as [`Self::alloc_with_attrs`], but with no attributes besides those of the kind.
    #[inline]
    pub fn alloc(dev: &Device<Bound>, len: usize, gfp_flags: Flags) -> Result<Self> {
        Self::alloc_with_attrs(dev, len, gfp_flags, Attrs(0))
    }
}

/// Access by the CPU.
///
/// Besides these methods, a buffer implements [`Io`](crate::io::Io) for access that is safe while
/// the device uses the memory.
impl<T: KnownSize + ?Sized> Coherent<T> {
    /// Returns a pointer to the memory, for the CPU.
    #[inline]
    pub fn as_ptr(&self) -> *const T {
        self.cpu_addr.as_ptr()
    }

    /// Returns a mutable pointer to the memory, for the CPU.
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
    /// - the device must not access the memory in a way that changes it,
    /// - nobody else may write to it, including through [`Self::as_mut`].
    #[inline]
    pub unsafe fn as_ref(&self) -> &T {
        // SAFETY: By the type invariants for `Normal`, `cpu_addr` is aligned and valid. The caller
        // promises that nothing changes the memory.
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
        // SAFETY: By the type invariants for `Normal`, `cpu_addr` is aligned and valid. The caller
        // promises that nothing else accesses the memory.
        unsafe { &mut *self.cpu_addr.as_ptr() }
    }
}

/// Buffers for the CPU and the device.
///
/// All constructors return [`ENOMEM`] if the allocation fails. A `T` of size zero, or aligned to
/// more than [`PAGE_SIZE`], does not compile. They may sleep, depending on `gfp_flags`.
impl<T: AsBytes + FromBytes> Coherent<T> {
    /// Allocates memory for a `T` and fills it with zeroes.
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
        Self::alloc_value(dev, gfp_flags | __GFP_ZERO, dma_attrs)
    }

    /// Same as [`Self::zeroed_with_attrs`], but with no attributes.
    #[inline]
    pub fn zeroed(dev: &Device<Bound>, gfp_flags: Flags) -> Result<Self> {
        Self::zeroed_with_attrs(dev, gfp_flags, Attrs(0))
    }

    /// Allocates memory for a `T` and initializes it with `init`.
    ///
    /// If `init` fails, the memory is freed and the error returned.
    pub fn init_with_attrs<E>(
        dev: &Device<Bound>,
        gfp_flags: Flags,
        dma_attrs: Attrs,
        init: impl Init<T, E>,
    ) -> Result<Self>
    where
        Error: From<E>,
    {
        let dmem = Self::alloc_value(dev, gfp_flags, dma_attrs)?;

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

    /// Allocates memory for `len` elements of type `T` and fills it with zeroes.
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
        Coherent::alloc_elements(dev, len, gfp_flags | __GFP_ZERO, dma_attrs)
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

// SAFETY: The allocation is tied to no thread. Whoever holds a `Coherent<T>` can reach the `T`, so
// it has to be one that can be sent.
unsafe impl<T: KnownSize + Send + ?Sized> Send for Coherent<T> {}

// SAFETY: Through a shared `Coherent<T>`, memory is reached as bytes, by volatile access that may
// race (hence `AsBytes + FromBytes`), or as a `T` by unsafe methods whose callers rule out races.
// `T: Sync` is for the shared references that the latter return.
unsafe impl<T: KnownSize + ?Sized + AsBytes + FromBytes + Sync> Sync for Coherent<T> {}

// SAFETY: The allocation is tied to no thread, and there is no way to reach a `T`.
unsafe impl<T: KnownSize + ?Sized> Send for Coherent<T, NoMapping> {}

// SAFETY: A shared `Coherent<T, NoMapping>` only tells its size and DMA address, and those of its
// parts, which do not change.
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

        // An offset that does not fit into a `usize` is beyond the end, as others may be.
        let end = self.size();
        let start = usize::try_from(*offset).map_or(end, |at| at.min(end));
        let count = (end - start).min(writer.len());

        writer.write_dma(self, start, count)?;

        // CAST: `count` is at most the size of an allocation, which is less than `isize::MAX`.
        *offset = offset.wrapping_add(count as file::Offset);
        Ok(count)
    }
}
