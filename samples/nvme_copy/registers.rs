// SPDX-License-Identifier: GPL-2.0

//! The registers of a controller, by their names in the NVM Express Base Specification 1.4,
//! section 3.1.

use kernel::{
    dma::{
        lower_32_bits,
        upper_32_bits,
        DmaAddress, //
    },
    io::{
        poll::read_poll_timeout,
        register,
        Io, //
    },
    pci,
    prelude::*,
    time::Delta, //
};

register! {
    /// Controller Capabilities, lower half.
    pub(super) CAP_LO(u32) @ 0x00 {
        /// Timeout: how long `CSTS.RDY` may take to follow `CC.EN`, in units of 500 ms.
        31:24 to;
        /// Maximum Queue Entries Supported, less one.
        15:0 mqes;
    }

    /// Controller Capabilities, upper half.
    pub(super) CAP_HI(u32) @ 0x04 {
        /// Memory Page Size Minimum, as a power of two of 4 KiB pages.
        19:16 mpsmin;
        /// Command Sets Supported: the NVM command set.
        5:5 css_nvm => bool;
        /// Doorbell Stride: `4 << dstrd` bytes.
        3:0 dstrd;
    }

    /// Interrupt Mask Set.
    pub(super) INTMS(u32) @ 0x0c {
        /// That of the first vector. Writing zero changes nothing.
        0:0 first => bool;
    }

    /// Interrupt Mask Clear.
    pub(super) INTMC(u32) @ 0x10 {
        /// That of the first vector. Writing zero changes nothing.
        0:0 first => bool;
    }

    /// Controller Configuration.
    pub(super) CC(u32) @ 0x14 {
        /// I/O Completion Queue Entry Size, as a power of two.
        23:20 iocqes;
        /// I/O Submission Queue Entry Size, as a power of two.
        19:16 iosqes;
        // Zero in Memory Page Size and Command Set Selected: 4 KiB, and the NVM command set.
        /// Enable.
        0:0 en => bool;
    }

    /// Controller Status.
    pub(super) CSTS(u32) @ 0x1c {
        /// Controller Fatal Status.
        1:1 cfs => bool;
        /// Ready.
        0:0 rdy => bool;
    }

    /// Admin Queue Attributes: the sizes of both queues, less one.
    pub(super) AQA(u32) @ 0x24 {
        27:16 acqs;
        11:0 asqs;
    }

    /// The command register in the configuration space of every PCI device.
    pub(super) PCI_COMMAND(u16) @ 0x4 {
        2:2 bus_master => bool;
    }
}

/// Admin Submission and Completion Queue Base Address, of 64 bits, which may be accessed by halves.
const ASQ: usize = 0x28;
const ACQ: usize = 0x30;

/// The offset of the first doorbell, which is the end of the registers above.
pub(super) const DOORBELLS: usize = 0x1000;

type Bar<'a> = pci::Bar<'a, DOORBELLS>;

/// What `CSTS` says about the controller.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    /// The device is unplugged: reads return all ones.
    Gone,
    /// `CSTS.CFS`.
    Fatal,
    Ready,
    NotReady,
}

/// What the `CAP` register says.
pub(super) struct Capabilities {
    /// How long `CSTS.RDY` may take to follow `CC.EN`.
    pub(super) timeout: Delta,
    /// How many entries a queue may have.
    pub(super) max_entries: usize,
    /// How many bytes each doorbell takes.
    pub(super) doorbell_stride: usize,
}

/// Access to the registers.
///
/// The timer uses them as well and knows no lifetime of the binding, hence the [`pci::DevresBar`].
pub(super) struct Registers {
    bar: pci::DevresBar<DOORBELLS>,
    /// MSI-X has masks of its own, and `INTMS` and `INTMC` must not be accessed.
    maskable: bool,
}

impl Registers {
    /// Maps the registers of a controller.
    pub(super) fn new(
        pdev: &pci::Device<kernel::device::Bound>,
        interrupts: pci::IrqType,
    ) -> Result<Self> {
        let bar = pdev.iomap_region_sized::<DOORBELLS>(0, c"nvme_copy")?;
        Ok(Self {
            bar: bar.into_devres()?,
            maskable: !matches!(interrupts, pci::IrqType::MsiX),
        })
    }

    /// Calls `f` with the registers, unless they are unmapped.
    fn with<R>(&self, f: impl FnOnce(&Bar<'_>) -> R) -> Result<R> {
        self.bar.try_access_with(|bar| f(bar)).ok_or(ENODEV)
    }

    /// Reads what the controller can do, and refuses one that this driver cannot use.
    pub(super) fn capabilities(&self, pdev: &pci::Device) -> Result<Capabilities> {
        let (low, high) = self.with(|bar| (bar.read(CAP_LO), bar.read(CAP_HI)))?;
        if !high.css_nvm() {
            refuse!(pdev, ENODEV, "the controller has no NVM command set");
        }
        let mpsmin = high.mpsmin().get();
        if mpsmin != 0 {
            refuse!(
                pdev,
                EINVAL,
                "unsupported page size, the smallest is 2^{}",
                12 + mpsmin
            );
        }

        Ok(Capabilities {
            // Zero would be no time at all.
            timeout: Delta::from_millis(500 * (i64::from(low.to().get()) + 1)),
            max_entries: usize::from(low.mqes()) + 1,
            doorbell_stride: 4 << high.dstrd().get(),
        })
    }

    pub(super) fn status(&self) -> Status {
        match self.with(|bar| bar.read(CSTS)) {
            Err(_) => Status::Gone,
            Ok(csts) if csts.into_raw() == !0 => Status::Gone,
            Ok(csts) if csts.cfs() => Status::Fatal,
            Ok(csts) if csts.rdy() => Status::Ready,
            Ok(_) => Status::NotReady,
        }
    }

    /// Enables the controller, for 4 KiB pages and the NVM command set, with these admin queues and
    /// without interrupts.
    pub(super) fn enable(
        &self,
        entries: u16,
        submission: DmaAddress,
        completion: DmaAddress,
    ) -> Result {
        let last = u32::from(entries - 1);
        let aqa = AQA::zeroed().try_with_asqs(last)?.try_with_acqs(last)?;

        self.mask_interrupt(true)?;
        self.with(|bar| {
            bar.write_reg(aqa);
            for (offset, address) in [(ASQ, submission), (ACQ, completion)] {
                bar.try_write32(lower_32_bits(address), offset)?;
                bar.try_write32(upper_32_bits(address), offset + 4)?;
            }
            bar.write_reg(
                CC::zeroed()
                    .with_const_iosqes::<6>()
                    .with_const_iocqes::<4>()
                    .with_en(true),
            );
            Ok(())
        })?
    }

    /// Starts a Controller Reset: aborts all commands and deletes all I/O queues.
    ///
    /// The controller does not interrupt any more, and may access memory until
    /// [`Status::NotReady`].
    pub(super) fn disable(&self) -> Result {
        self.mask_interrupt(true)?;
        self.with(|bar| bar.update(CC, |cc| cc.with_en(false)))
    }

    /// Waits until `CSTS.RDY` follows `CC.EN`.
    ///
    /// Returns [`ENODEV`] if the device is unplugged, [`EIO`] if the controller reports a fatal
    /// status on its way to [`Status::Ready`], and [`ETIMEDOUT`] after `timeout`.
    pub(super) fn wait_for(&self, wanted: Status, timeout: Delta) -> Result {
        read_poll_timeout(
            || match self.status() {
                Status::Gone => Err(ENODEV),
                Status::Fatal if wanted == Status::Ready => Err(EIO),
                status => Ok(status),
            },
            |status| *status == wanted,
            Delta::from_millis(1),
            timeout,
        )?;

        Ok(())
    }

    /// Keeps the controller from interrupting, or lets it interrupt again if it has a reason to.
    ///
    /// Does nothing for MSI-X.
    pub(super) fn mask_interrupt(&self, masked: bool) -> Result {
        if !self.maskable {
            return Ok(());
        }
        self.with(|bar| match masked {
            true => bar.write_reg(INTMS::zeroed().with_first(true)),
            false => bar.write_reg(INTMC::zeroed().with_first(true)),
        })
    }

    /// Writes a doorbell.
    ///
    /// The write is ordered after all earlier writes to coherent memory, as `writel()` in C is.
    pub(super) fn ring(&self, doorbell: usize, value: u16) -> Result {
        self.with(|bar| bar.try_write32(value.into(), doorbell))?
    }
}
