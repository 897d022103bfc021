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

    /// Controller Configuration.
    pub(super) CC(u32) @ 0x14 {
        /// I/O Completion Queue Entry Size, as a power of two.
        23:20 iocqes;
        /// I/O Submission Queue Entry Size, as a power of two.
        19:16 iosqes;
        /// Memory Page Size, as a power of two of 4 KiB pages.
        10:7 mps;
        /// I/O Command Set Selected: zero is the NVM command set.
        6:4 css;
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

    /// Admin Submission Queue Base Address. All registers of 64 bits may be accessed by halves.
    pub(super) ASQ_LO(u32) @ 0x28 {
        31:0 address;
    }

    pub(super) ASQ_HI(u32) @ 0x2c {
        31:0 address;
    }

    /// Admin Completion Queue Base Address.
    pub(super) ACQ_LO(u32) @ 0x30 {
        31:0 address;
    }

    pub(super) ACQ_HI(u32) @ 0x34 {
        31:0 address;
    }

    /// The command register in the configuration space of every PCI device.
    pub(super) PCI_COMMAND(u16) @ 0x4 {
        2:2 bus_master => bool;
    }
}

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

/// Access to the registers.
///
/// The timer of the watchdog uses them as well and knows no lifetime of the binding, hence the
/// [`pci::DevresBar`].
pub(super) struct Registers(pci::DevresBar<DOORBELLS>);

impl Registers {
    /// Maps the registers of a controller.
    pub(super) fn new(pdev: &pci::Device<kernel::device::Bound>) -> Result<Self> {
        let bar = pdev.iomap_region_sized::<DOORBELLS>(0, c"nvme_copy")?;
        Ok(Self(bar.into_devres()?))
    }

    /// Calls `f` with the registers, unless they are unmapped.
    fn with<R>(&self, f: impl FnOnce(&Bar<'_>) -> R) -> Result<R> {
        self.0.try_access_with(|bar| f(bar)).ok_or(ENODEV)
    }

    pub(super) fn capabilities(&self) -> Result<(CAP_LO, CAP_HI)> {
        self.with(|bar| (bar.read(CAP_LO), bar.read(CAP_HI)))
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

    /// Tells the controller where the admin queues are.
    pub(super) fn set_admin_queues(
        &self,
        entries: u16,
        submission: DmaAddress,
        completion: DmaAddress,
    ) -> Result {
        let last = u32::from(entries - 1);
        let aqa = AQA::zeroed().try_with_asqs(last)?.try_with_acqs(last)?;

        self.with(|bar| {
            bar.write_reg(aqa);
            bar.write_reg(ASQ_LO::zeroed().with_address(lower_32_bits(submission)));
            bar.write_reg(ASQ_HI::zeroed().with_address(upper_32_bits(submission)));
            bar.write_reg(ACQ_LO::zeroed().with_address(lower_32_bits(completion)));
            bar.write_reg(ACQ_HI::zeroed().with_address(upper_32_bits(completion)));
        })
    }

    /// Enables the controller, for 4 KiB pages and the NVM command set.
    pub(super) fn enable(&self) -> Result {
        self.with(|bar| {
            bar.write_reg(
                CC::zeroed()
                    .with_const_iosqes::<6>()
                    .with_const_iocqes::<4>()
                    .with_const_mps::<0>()
                    .with_const_css::<0>()
                    .with_en(true),
            )
        })
    }

    /// Starts a Controller Reset: aborts all commands and deletes all I/O queues.
    ///
    /// The controller may access memory until [`Status::NotReady`].
    pub(super) fn disable(&self) -> Result {
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

    /// Writes a doorbell.
    ///
    /// The write is ordered after all earlier writes to coherent memory, as `writel()` in C is.
    pub(super) fn ring(&self, doorbell: usize, value: u32) -> Result {
        self.with(|bar| bar.try_write32(value, doorbell))?
    }
}
