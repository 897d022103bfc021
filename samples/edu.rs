// SPDX-License-Identifier: GPL-2.0

//! Rust sample for both kinds of DMA-coherent memory (based on QEMU's `edu` device).
//!
//! To make this driver probe, QEMU must be run with `-device edu`.
//!
//! The device copies between system memory and a buffer of its own. This driver has it carry
//! patterns from memory that the CPU filled into places of memory that the CPU cannot see, and back
//! into memory where the CPU compares them.

use kernel::{
    device::Core,
    dma::{
        Coherent,
        CoherentView,
        Device,
        DmaAddress,
        DmaMask,
        NoMapping, //
    },
    io::{
        io_project,
        io_read,
        io_write,
        register,
        Io, //
    },
    irq,
    new_condvar,
    new_mutex,
    pci,
    prelude::*,
    ptr::KnownSize,
    sync::{
        CondVar,
        CondVarTimeoutResult,
        Mutex, //
    },
    time::msecs_to_jiffies, //
};

mod regs {
    use super::*;

    register! {
        /// Why the device raised its interrupt.
        pub(super) IRQ_STATUS(u32) @ 0x24 {
            31:0 causes;
        }

        /// Takes causes back.
        pub(super) IRQ_ACK(u32) @ 0x64 {
            31:0 causes;
        }

        pub(super) DMA_SRC(u32) @ 0x80 {
            31:0 address;
        }

        pub(super) DMA_DST(u32) @ 0x88 {
            31:0 address;
        }

        /// Bytes to copy.
        pub(super) DMA_COUNT(u32) @ 0x90 {
            31:0 bytes;
        }

        pub(super) DMA_COMMAND(u32) @ 0x98 {
            /// Raise an interrupt at the end.
            2:2 interrupt => bool;
            /// Copy from the device to memory, and not from memory to the device.
            1:1 to_memory => bool;
            /// Start; reads as one until the copy is done.
            0:0 run => bool;
        }
    }

    pub(super) const END: usize = 0x100;
}

type Bar0<'bound> = pci::Bar<'bound, { regs::END }>;

/// What `edu` is. Its vendor has no entry in [`pci::Vendor`], so the table matches the class.
const VENDOR: u16 = 0x1234;
const DEVICE: u16 = 0x11e8;
const CLASS_OTHERS: u32 = 0x00_ff00;

/// Where the device has its own buffer, in its own address space.
const DEVICE_BUFFER: u32 = 0x40000;

/// The size of the device's buffer, and of the largest place here.
const BLOCK: usize = 4096;

/// How much is copied at once. QEMU before 8.0 aborts at a copy that reaches the last byte of the
/// device's buffer.
const CHUNK: usize = BLOCK / 2;

/// The device takes 100 ms for a copy.
const TIMEOUT_MS: u32 = 5000;

/// What this driver has in memory for the device alone.
///
/// No CPU ever sees one of these. The type says where things are, so that nobody has to add up
/// offsets; `#[repr(C)]` since a device would have to know them too.
#[repr(C)]
struct DeviceMemory {
    header: Header,
    ring: [Descriptor; 16],
    payload: [[u8; BLOCK]; 4],
}

#[repr(C)]
struct Header {
    magic: u64,
    head: u32,
    tail: u32,
}

#[repr(C)]
struct Descriptor {
    address: u64,
    length: u32,
    flags: u32,
    data: [u8; 48],
}

/// A place in [`DeviceMemory`], as a device sees it: an address and a size.
struct Place {
    name: &'static CStr,
    address: DmaAddress,
    size: usize,
}

impl Place {
    fn new<T: ?Sized + KnownSize>(
        name: &'static CStr,
        view: CoherentView<'_, T, NoMapping>,
    ) -> Self {
        Self {
            name,
            address: view.dma_address(),
            size: view.size(),
        }
    }

    /// Places that are first, in the middle and last, of sizes from a byte up to what the device can
    /// copy at once. None overlaps another.
    ///
    /// An index that is known at compile time is checked by the compiler (`build`); one that is not
    /// is checked when it is used, and fails with `ERANGE` (`try`).
    fn all(
        memory: &Coherent<DeviceMemory, NoMapping>,
        slot: usize,
        block: usize,
    ) -> Result<[Self; 9]> {
        // A part of a part: the view of a descriptor is projected like the buffer is.
        let descriptor = io_project!(memory, .ring[try: slot]);

        Ok([
            Self::new(c"header", io_project!(memory, .header)),
            Self::new(c"ring[0]", io_project!(memory, .ring[build: 0])),
            Self::new(c"ring[i].data", io_project!(descriptor, .data)),
            Self::new(
                c"ring[15].flags",
                io_project!(memory, .ring[build: 15].flags),
            ),
            Self::new(c"payload[0]", io_project!(memory, .payload[build: 0])),
            Self::new(
                c"payload[i][..512]",
                io_project!(memory, .payload[try: block][build: ..512]),
            ),
            Self::new(
                c"payload[i][4095]",
                io_project!(memory, .payload[try: block][build: 4095]),
            ),
            Self::new(
                c"payload[2][1..]",
                io_project!(memory, .payload[build: 2][build: 1..]),
            ),
            Self::new(c"payload[3]", io_project!(memory, .payload[build: 3])),
        ])
    }
}

/// The interrupt of the device: says when a copy is done.
#[pin_data]
struct Interrupt<'a> {
    bar: &'a Bar0<'a>,
    #[pin]
    done: Mutex<bool>,
    #[pin]
    changed: CondVar,
}

impl<'a> Interrupt<'a> {
    fn new(bar: &'a Bar0<'a>) -> impl PinInit<Self, Error> + 'a {
        try_pin_init!(Self {
            bar,
            done <- new_mutex!(false),
            changed <- new_condvar!(),
        })
    }
}

impl irq::ThreadedHandler for Interrupt<'_> {
    fn handle(&self) -> irq::ThreadedIrqReturn {
        let causes = self.bar.read(regs::IRQ_STATUS).causes();
        if causes.get() == 0 {
            return irq::ThreadedIrqReturn::None;
        }
        self.bar
            .write_reg(regs::IRQ_ACK::zeroed().with_causes(causes));
        irq::ThreadedIrqReturn::WakeThread
    }

    fn handle_threaded(&self) -> irq::IrqReturn {
        *self.done.lock() = true;
        self.changed.notify_all();
        irq::IrqReturn::Handled
    }
}

/// The device at work.
struct Edu<'a> {
    pdev: &'a pci::Device,
    bar: &'a Bar0<'a>,
    interrupt: &'a Interrupt<'a>,
}

impl Edu<'_> {
    /// Has the device carry `size` bytes from one address to another, through its own buffer.
    fn carry(&self, from: DmaAddress, to: DmaAddress, size: usize) -> Result {
        let (from, to) = (u32::try_from(from)?, u32::try_from(to)?);
        for offset in (0..size).step_by(CHUNK) {
            // CAST: Both are at most `BLOCK`.
            let (offset, bytes) = (offset as u32, CHUNK.min(size - offset) as u32);
            self.copy(from + offset, DEVICE_BUFFER, bytes, false)?;
            self.copy(DEVICE_BUFFER, to + offset, bytes, true)?;
        }
        Ok(())
    }

    /// Has the device copy between memory and its buffer, and waits for the end of that.
    fn copy(&self, from: u32, to: u32, bytes: u32, to_memory: bool) -> Result {
        let interrupt = self.interrupt;
        let mut done = interrupt.done.lock();
        *done = false;

        self.bar
            .write_reg(regs::DMA_SRC::zeroed().with_address(from));
        self.bar.write_reg(regs::DMA_DST::zeroed().with_address(to));
        self.bar
            .write_reg(regs::DMA_COUNT::zeroed().with_bytes(bytes));
        self.bar.write_reg(
            regs::DMA_COMMAND::zeroed()
                .with_interrupt(true)
                .with_to_memory(to_memory)
                .with_run(true),
        );

        let mut left = msecs_to_jiffies(TIMEOUT_MS);
        while !*done {
            left = match interrupt
                .changed
                .wait_interruptible_timeout(&mut done, left)
            {
                CondVarTimeoutResult::Woken { jiffies } => jiffies,
                CondVarTimeoutResult::Signal { .. } => return Err(EINTR),
                CondVarTimeoutResult::Timeout => {
                    dev_err!(
                        self.pdev,
                        "no interrupt {TIMEOUT_MS} ms after a copy of {bytes} bytes\n"
                    );
                    return Err(ETIMEDOUT);
                }
            };
        }
        Ok(())
    }

    fn is_busy(&self) -> bool {
        self.bar.read(regs::DMA_COMMAND).run()
    }

    /// Sends a pattern to every place, and then gets all of them back and compares.
    ///
    /// Every place has a pattern of its own, and all are written before the first is read: what was
    /// put into another place, or is still in the device's buffer, is not taken for what is right.
    fn check(
        &self,
        places: &[Place],
        source: &Coherent<[u8]>,
        destination: &Coherent<[u8]>,
    ) -> Result {
        for (number, place) in places.iter().enumerate() {
            for i in 0..place.size {
                io_write!(source, [try: i], pattern(number, i));
            }
            self.carry(source.dma_address(), place.address, place.size)?;
        }

        let mut failed = 0;
        for (number, place) in places.iter().enumerate() {
            for i in 0..place.size {
                io_write!(destination, [try: i], 0);
            }
            self.carry(place.address, destination.dma_address(), place.size)?;

            let Place {
                name,
                address,
                size,
            } = place;
            match first_difference(number, destination, *size)? {
                None => dev_info!(
                    self.pdev,
                    "transfer {name} size {size} dma_address {address:#x}: ok\n"
                ),
                Some((i, found)) => {
                    failed += 1;
                    dev_err!(
                        self.pdev,
                        "transfer {name} size {size} dma_address {address:#x}: FAILED, byte {i} is \
                         {found:#04x} and not {:#04x}\n",
                        pattern(number, i)
                    );
                }
            }
        }
        dev_info!(self.pdev, "{} transfers, {failed} failed\n", places.len());

        if failed == 0 {
            Ok(())
        } else {
            Err(EIO)
        }
    }
}

/// The byte at index `i` of the pattern for a place: never zero, and another one at most indices for
/// another place.
fn pattern(place: usize, i: usize) -> u8 {
    // CAST: The remainder is less than 251.
    ((place * 37 + i * 7) % 251) as u8 + 1
}

fn first_difference(
    place: usize,
    destination: &Coherent<[u8]>,
    size: usize,
) -> Result<Option<(usize, u8)>> {
    for i in 0..size {
        let found = io_read!(destination, [try: i]);
        if found != pattern(place, i) {
            return Ok(Some((i, found)));
        }
    }
    Ok(None)
}

/// What lives as long as the device is bound: the memory that the device may use.
struct EduDriver {
    _memory: Coherent<DeviceMemory, NoMapping>,
}

kernel::pci_device_table!(
    PCI_TABLE,
    <EduDriver as pci::Driver>::IdInfo,
    [(pci::DeviceId::from_class(CLASS_OTHERS, !0), ())]
);

impl pci::Driver for EduDriver {
    type IdInfo = ();
    type Data<'bound> = Self;
    const ID_TABLE: pci::IdTable<Self::IdInfo> = &PCI_TABLE;

    fn probe<'bound>(
        pdev: &'bound pci::Device<Core<'_>>,
        _info: Option<&'bound Self::IdInfo>,
    ) -> impl PinInit<Self::Data<'bound>, Error> + 'bound {
        if (pdev.vendor_id().as_raw(), pdev.device_id()) != (VENDOR, DEVICE) {
            return Err(ENODEV);
        }
        let dev = pdev.as_ref();

        pdev.enable_device_mem()?;
        pdev.set_master();

        // SAFETY: There are no concurrent calls to DMA allocation and mapping primitives.
        unsafe { pdev.dma_set_mask_and_coherent(DmaMask::new::<28>())? };

        // Both for the CPU and the device ...
        let source: Coherent<[u8]> = Coherent::zeroed_slice(dev, BLOCK, GFP_KERNEL)?;
        let destination: Coherent<[u8]> = Coherent::zeroed_slice(dev, BLOCK, GFP_KERNEL)?;
        // ... and for the device alone.
        let memory = Coherent::<DeviceMemory, NoMapping>::alloc(dev, GFP_KERNEL)?;
        dev_info!(
            pdev,
            "{} bytes without a mapping for the CPU at dma_address {:#x}\n",
            memory.size(),
            memory.dma_address()
        );

        let bar = pdev.iomap_region_sized::<{ regs::END }>(0, c"edu")?;
        let vectors = pdev.alloc_irq_vectors(1, 1, pci::IrqTypes::all())?;
        // SAFETY: The registration is a local variable that is dropped at the end of this function.
        let registration = unsafe {
            irq::ThreadedRegistration::new(
                vectors.index(0)?.into(),
                irq::Flags::SHARED,
                c"edu",
                Interrupt::new(&bar),
            )
        };
        let registration = KBox::pin_init(registration, GFP_KERNEL)?;

        let edu = Edu {
            pdev,
            bar: &bar,
            interrupt: registration.handler(),
        };
        let places = Place::all(&memory, 7, 1)?;
        let result = edu.check(&places, &source, &destination);

        // A copy that did not end in time may end later. Memory that the device may still write to
        // must not be freed, so it is better lost.
        if edu.is_busy() {
            core::mem::forget((source, destination, memory));
            return Err(result.err().unwrap_or(EBUSY));
        }
        result?;

        Ok(Self { _memory: memory })
    }
}

kernel::module_pci_driver! {
    type: EduDriver,
    name: "edu",
    authors: ["The Coherent<T, Kind> project"],
    description: "DMA-coherent memory with and without a mapping for the CPU",
    license: "GPL v2",
}
