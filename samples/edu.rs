// SPDX-License-Identifier: GPL-2.0

//! Rust sample for both kinds of DMA-coherent memory (based on QEMU's `edu` device).
//!
//! To make this driver probe, QEMU must be run with `-device edu`.
//!
//! The device copies between memory and a buffer of its own. The driver fills memory that it shares
//! with the device, has the device put that into places of memory that no CPU can reach, has it
//! fetched back, and compares. It logs where that memory is, a line for each place, and a sum:
//!
//! ```text
//! device memory size 25680 dma_address 0x8a0000
//! transfer ring[7].data size 48 dma_address 0x8a01e0: ok
//! transfer ring[14].data size 48 dma_address 0x8a03a0: FAILED byte 0 expected 0xba found 0xdf
//! 2 transfers, 1 failed
//! ```
//!
//! Unless all are `ok`, probing fails.

use kernel::{
    device::{
        Bound,
        Core, //
    },
    dma::{
        Coherent,
        CoherentView,
        Device,
        DmaMask,
        NoMapping,
        Range, //
    },
    fmt,
    io::{
        io_project,
        io_read,
        io_write,
        Io, //
    },
    irq,
    new_condvar,
    new_mutex,
    pci,
    prelude::*,
    ptr::KnownSize,
    str::CString,
    sync::{
        CondVar,
        CondVarTimeoutResult,
        Mutex, //
    },
    time::msecs_to_jiffies, //
};

mod regs {
    use kernel::io::register;

    register! {
        /// Why the device raised its interrupt.
        pub(super) IRQ_STATUS(u32) @ 0x24 {
            31:0 causes;
        }

        /// Takes causes out of `IRQ_STATUS`.
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
            /// Start. Reads as one until the copy is done.
            0:0 run => bool;
        }
    }

    pub(super) const END: usize = 0x100;

    register! {
        /// The command register in the configuration space of every PCI device.
        pub(super) PCI_COMMAND(u16) @ 0x4 {
            2:2 bus_master => bool;
        }
    }
}

type Bar0<'bound> = pci::Bar<'bound, { regs::END }>;

// `pci::Vendor` does not know the vendor of the device, so the ID table matches its class.
const VENDOR: u16 = 0x1234;
const DEVICE: u16 = 0x11e8;
const CLASS: u32 = 0x00_ff00;

/// Where the device has its own buffer, among its own addresses.
const DEVICE_BUFFER: u32 = 0x40000;

/// The size of that buffer.
const BLOCK: usize = 4096;

/// The most that is copied at once. QEMU before 8.2.1 aborts at a copy of the whole buffer.
const CHUNK: usize = BLOCK / 2;

/// A copy takes the device 100 ms.
const TIMEOUT_MS: u32 = 5000;

/// The layout of the memory that only the device reaches.
///
/// No CPU ever sees one of these. The type is there to say where things are, so that nobody adds up
/// offsets and gets them wrong.
#[repr(C)]
struct DeviceMemory {
    header: Header,
    ring: [Descriptor; 16],
    payload: [[u8; BLOCK]; 6],
}

#[repr(C)]
struct Header {
    magic: u32,
    version: u32,
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

/// A part of [`DeviceMemory`] in the terms of a device.
struct Place {
    name: CString,
    range: Range,
}

/// Parts of [`DeviceMemory`], none of which overlaps another.
struct Places(KVec<Place>);

impl Places {
    fn new(memory: &Coherent<DeviceMemory, NoMapping>) -> Result<Self> {
        let mut places = Self(KVec::new());

        places.add(fmt!("header.head"), io_project!(memory, .header.head))?;
        places.add(fmt!("header.tail"), io_project!(memory, .header.tail))?;

        // An index known at compile time is checked at compile time (`build`), any other when it is
        // used (`try`, which fails with `ERANGE`).
        places.add(fmt!("ring[0]"), io_project!(memory, .ring[build: 0]))?;
        for i in [1, 7, 14] {
            // A view can be projected as the buffer can.
            let descriptor = io_project!(memory, .ring[try: i]);
            places.add(fmt!("ring[{i}].data"), io_project!(descriptor, .data))?;
        }
        places.add(fmt!("ring[15]"), io_project!(memory, .ring[build: 15]))?;

        // The same goes for ranges.
        places.add(fmt!("payload[0]"), io_project!(memory, .payload[build: 0]))?;
        for (i, size) in [(1, 4), (2, 64), (3, 512)] {
            places.add(
                fmt!("payload[{i}][..{size}]"),
                io_project!(memory, .payload[try: i][try: ..size]),
            )?;
        }
        places.add(
            fmt!("payload[4][1792..2304]"),
            io_project!(memory, .payload[build: 4][build: 1792..2304]),
        )?;
        places.add(fmt!("payload[5]"), io_project!(memory, .payload[build: 5]))?;

        Ok(places)
    }

    fn add<T: KnownSize + ?Sized>(
        &mut self,
        name: fmt::Arguments<'_>,
        view: CoherentView<'_, T, NoMapping>,
    ) -> Result {
        let place = Place {
            name: CString::try_from_fmt(name)?,
            range: view.dma_range()?,
        };

        Ok(self.0.push(place, GFP_KERNEL)?)
    }
}

/// The DMA engine of the device. It handles its interrupt itself.
#[pin_data]
struct Engine<'a> {
    bar: Bar0<'a>,
    #[pin]
    done: Mutex<bool>,
    #[pin]
    changed: CondVar,
}

impl<'a> Engine<'a> {
    fn new(bar: Bar0<'a>) -> impl PinInit<Self, Error> + 'a {
        try_pin_init!(Self {
            bar,
            done <- new_mutex!(false),
            changed <- new_condvar!(),
        })
    }

    /// Copies memory to memory of the same size, by way of the device's buffer.
    fn carry(&self, from: Range, to: Range) -> Result {
        if from.size() != to.size() {
            return Err(EINVAL);
        }

        for (from, to) in from.chunks(CHUNK)?.zip(to.chunks(CHUNK)?) {
            let bytes = u32::try_from(from.size())?;
            // The registers have 32 bits, and the DMA mask keeps all of a buffer in them.
            let (from, to) = (from.fits::<32>()?.into(), to.fits::<32>()?.into());
            self.copy(from, DEVICE_BUFFER, bytes, false)?;
            self.copy(DEVICE_BUFFER, to, bytes, true)?;
        }

        Ok(())
    }

    /// Copies between memory and the device's buffer, and waits for the end of that.
    fn copy(&self, from: u32, to: u32, bytes: u32, to_memory: bool) -> Result {
        // The handler waits for the lock, so no interrupt is missed between start and sleep.
        let mut done = self.done.lock();
        *done = false;

        let bar = &self.bar;
        bar.write_reg(regs::DMA_SRC::zeroed().with_address(from));
        bar.write_reg(regs::DMA_DST::zeroed().with_address(to));
        bar.write_reg(regs::DMA_COUNT::zeroed().with_bytes(bytes));
        bar.write_reg(
            regs::DMA_COMMAND::zeroed()
                .with_interrupt(true)
                .with_to_memory(to_memory)
                .with_run(true),
        );

        let mut left = msecs_to_jiffies(TIMEOUT_MS);
        while !*done {
            left = match self.changed.wait_interruptible_timeout(&mut done, left) {
                CondVarTimeoutResult::Woken { jiffies } => jiffies,
                CondVarTimeoutResult::Signal { .. } => return Err(EINTR),
                CondVarTimeoutResult::Timeout => return Err(ETIMEDOUT),
            };
        }

        Ok(())
    }
}

impl irq::ThreadedHandler for Engine<'_> {
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

/// The right of the device to access memory, until this is dropped.
struct BusMaster<'bound>(&'bound pci::Device<Bound>);

impl<'bound> BusMaster<'bound> {
    fn new(pdev: &'bound pci::Device<Core<'_>>) -> Self {
        pdev.set_master();
        Self(pdev)
    }
}

impl Drop for BusMaster<'_> {
    fn drop(&mut self) {
        // There is no abstraction of `pci_clear_master()` yet.
        self.0
            .config_space()
            .update(regs::PCI_COMMAND, |command| command.with_bus_master(false));
    }
}

/// The memory that the device may use while it is bound.
///
/// A device that still copies, since an interrupt was lost or a signal ended the wait, must not
/// write to memory that has been freed. `edu` cannot be told to stop; but without bus mastering its
/// copies lead nowhere. Fields are dropped in their order here, so that right goes first.
struct EduData<'bound> {
    _bus_master: BusMaster<'bound>,
    source: Coherent<[u8]>,
    destination: Coherent<[u8]>,
    memory: Coherent<DeviceMemory, NoMapping>,
}

impl EduData<'_> {
    /// Puts a pattern into every place, then fetches all of them and compares.
    ///
    /// Each place has its own pattern, and all are in place before the first is fetched. So what
    /// another place got, or what the device's buffer has left, is not taken for the right thing.
    fn check(&self, pdev: &pci::Device, engine: &Engine<'_>) -> Result {
        let places = Places::new(&self.memory)?.0;
        let memory = self.memory.dma_range();
        let mut failed = 0;

        for (number, place) in places.iter().enumerate() {
            let size = place.range.size();
            for i in 0..size {
                io_write!(self.source, [try: i], pattern(number, i));
            }
            engine
                .carry(self.source.dma_range().subrange(0, size)?, place.range)
                .inspect_err(|err| dev_err!(pdev, "{place}: FAILED put {err:?}\n"))?;
        }

        for (number, place) in places.iter().enumerate() {
            let size = place.range.size();
            for i in 0..size {
                io_write!(self.destination, [try: i], 0);
            }
            let from = match module_parameters::misdirect.value() {
                n if usize::try_from(n) == Ok(number) => &places[(number + 1) % places.len()],
                _ => place,
            };
            // This reaches beyond `from` if that is smaller, but not beyond the memory.
            let start = memory.offset_of(from.range.base()).ok_or(ERANGE)?;
            engine
                .carry(
                    memory.subrange(start, size)?,
                    self.destination.dma_range().subrange(0, size)?,
                )
                .inspect_err(|err| dev_err!(pdev, "{place}: FAILED fetch {err:?}\n"))?;

            match self.first_difference(number, size)? {
                None => dev_info!(pdev, "{place}: ok\n"),
                Some((i, expected, found)) => {
                    failed += 1;
                    dev_err!(
                        pdev,
                        "{place}: FAILED byte {i} expected {expected:#04x} found {found:#04x}\n"
                    );
                }
            }
        }

        dev_info!(pdev, "{} transfers, {failed} failed\n", places.len());
        if failed > 0 {
            return Err(EIO);
        }

        Ok(())
    }

    /// Returns the index of the first byte that is not that of the pattern, with both.
    fn first_difference(&self, number: usize, size: usize) -> Result<Option<(usize, u8, u8)>> {
        for i in 0..size {
            let (expected, found) = (pattern(number, i), io_read!(self.destination, [try: i]));
            if expected != found {
                return Ok(Some((i, expected, found)));
            }
        }

        Ok(None)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, range } = self;

        f.write_fmt(fmt!(
            "transfer {} size {} dma_address {:#x}",
            &**name,
            range.size(),
            range.base()
        ))
    }
}

/// The byte at index `i` for the place with this number: never zero, and different for every place.
///
/// The period is a prime, so what is off by a power of two is different as well.
fn pattern(number: usize, i: usize) -> u8 {
    // CAST: The remainder is less than 251.
    ((number * 37 + i * 7) % 251) as u8 + 1
}

struct EduDriver;

kernel::pci_device_table!(
    PCI_TABLE,
    <EduDriver as pci::Driver>::IdInfo,
    [(pci::DeviceId::from_class(CLASS, !0), ())]
);

impl pci::Driver for EduDriver {
    type IdInfo = ();
    type Data<'bound> = EduData<'bound>;
    const ID_TABLE: pci::IdTable<Self::IdInfo> = &PCI_TABLE;

    fn probe<'bound>(
        pdev: &'bound pci::Device<Core<'_>>,
        _info: Option<&'bound Self::IdInfo>,
    ) -> impl PinInit<Self::Data<'bound>, Error> + 'bound {
        if (pdev.vendor_id().as_raw(), pdev.device_id()) != (VENDOR, DEVICE) {
            return Err(ENODEV);
        }

        pdev.enable_device_mem()?;
        let bar = pdev.iomap_region_sized::<{ regs::END }>(0, c"edu")?;

        // The end of a copy that was left behind would go to memory that is no longer for it.
        if bar.read(regs::DMA_COMMAND).run() {
            dev_err!(pdev, "the device still copies\n");
            return Err(EBUSY);
        }

        let bits = module_parameters::address_bits.value();
        // SAFETY: There are no concurrent calls to DMA allocation and mapping primitives.
        unsafe { pdev.dma_set_mask_and_coherent(DmaMask::try_new(bits)?) }.inspect_err(|_| {
            dev_err!(
                pdev,
                "no DMA to {bits} bits of address (CONFIG_ZONE_DMA?)\n"
            )
        })?;

        let dev = pdev.as_ref();
        let data = EduData {
            _bus_master: BusMaster::new(pdev),
            // For the CPU and the device ...
            source: Coherent::zeroed_slice(dev, BLOCK, GFP_KERNEL)?,
            destination: Coherent::zeroed_slice(dev, BLOCK, GFP_KERNEL)?,
            // ... and for the device alone.
            memory: Coherent::<DeviceMemory, NoMapping>::new(dev, GFP_KERNEL)?,
        };
        dev_info!(
            pdev,
            "device memory size {} dma_address {:#x}\n",
            data.memory.size(),
            data.memory.dma_address()
        );

        // The interrupt is for the check alone. If that fails, it goes away before `data` does.
        let vectors = pdev.alloc_irq_vectors(1, 1, pci::IrqTypes::all())?;
        // SAFETY: The registration is dropped at the end of this function.
        let registration = unsafe {
            irq::ThreadedRegistration::new(
                vectors.index(0)?.into(),
                irq::Flags::SHARED,
                c"edu",
                Engine::new(bar),
            )
        };
        let registration = KBox::pin_init(registration, GFP_KERNEL)?;

        data.check(pdev, registration.handler())?;

        Ok(data)
    }
}

kernel::module_pci_driver! {
    type: EduDriver,
    name: "edu",
    authors: ["The Coherent<T, Kind> project"],
    description: "DMA-coherent memory with and without a mapping for the CPU",
    license: "GPL v2",
    params: {
        address_bits: u32 {
            default: 28,
            description: "How many bits of address the device has (dma_mask= of QEMU's device)",
        },
        misdirect: i64 {
            default: -1,
            description: "Fetch the place with this number from where the next one is, and fail",
        },
    },
}
