// SPDX-License-Identifier: GPL-2.0

//! A driver that is unbound while its device copies (based on QEMU's `edu` device).
//!
//! The copy goes to memory that is freed while it runs. Bus mastering is taken away before, so it
//! leads nowhere; with an IOMMU, it would be reported if it did not.

use kernel::{
    device::{
        Bound,
        Core, //
    },
    dma::{
        Coherent,
        CoherentHandle,
        Device,
        DmaMask, //
    },
    io::Io,
    page::PAGE_SIZE,
    pci,
    prelude::*,
    time::{
        delay::fsleep,
        Delta, //
    },
};

mod regs {
    use kernel::io::register;

    register! {
        pub(super) DMA_SRC(u32) @ 0x80 {
            31:0 address;
        }

        pub(super) DMA_DST(u32) @ 0x88 {
            31:0 address;
        }

        pub(super) DMA_COUNT(u32) @ 0x90 {
            31:0 bytes;
        }

        pub(super) DMA_COMMAND(u32) @ 0x98 {
            /// Copy from the device to memory, and not from memory to the device.
            1:1 to_memory => bool;
            /// Start. Reads as one until the copy is done.
            0:0 run => bool;
        }

        /// The command register in the configuration space of every PCI device.
        pub(super) PCI_COMMAND(u16) @ 0x4 {
            2:2 bus_master => bool;
        }
    }

    pub(super) const END: usize = 0x100;
}

const VENDOR: u16 = 0x1234;
const DEVICE: u16 = 0x11e8;
const CLASS: u32 = 0x00_ff00;

/// Where the device has its own buffer, among its own addresses.
const DEVICE_BUFFER: u32 = 0x40000;
const BYTES: u32 = 2048;

/// The right of the device to access memory, until this is dropped.
struct BusMaster<'bound>(&'bound pci::Device<Bound>);

impl Drop for BusMaster<'_> {
    fn drop(&mut self) {
        self.0
            .config_space()
            .update(regs::PCI_COMMAND, |command| command.with_bus_master(false));
    }
}

/// Waits for the end of a copy when it is dropped.
struct Engine<'bound>(pci::Bar<'bound, { regs::END }>, &'bound pci::Device<Bound>);

impl Drop for Engine<'_> {
    fn drop(&mut self) {
        for _ in 0..1000 {
            if !self.0.read(regs::DMA_COMMAND).run() {
                dev_info!(self.1, "the copy has ended, and its buffers are gone\n");
                return;
            }
            fsleep(Delta::from_millis(5));
        }
        dev_err!(self.1, "FAILED: the copy does not end\n");
    }
}

/// Fields are dropped in their order here: the device loses its reach before the buffers go.
struct Late<'bound> {
    _bus_master: BusMaster<'bound>,
    _normal: Coherent<[u8]>,
    target: CoherentHandle,
    engine: Engine<'bound>,
}

struct LateDriver;

kernel::pci_device_table!(
    PCI_TABLE,
    <LateDriver as pci::Driver>::IdInfo,
    [(pci::DeviceId::from_class(CLASS, !0), ())]
);

impl pci::Driver for LateDriver {
    type IdInfo = ();
    type Data<'bound> = Late<'bound>;
    const ID_TABLE: pci::IdTable<Self::IdInfo> = &PCI_TABLE;

    fn probe<'bound>(
        pdev: &'bound pci::Device<Core<'_>>,
        _info: Option<&'bound Self::IdInfo>,
    ) -> impl PinInit<Self::Data<'bound>, Error> + 'bound {
        if (pdev.vendor_id().as_raw(), pdev.device_id()) != (VENDOR, DEVICE) {
            return Err(ENODEV);
        }

        pdev.enable_device_mem()?;
        let bar = pdev.iomap_region_sized::<{ regs::END }>(0, c"edu_late")?;
        let mask = DmaMask::try_new(module_parameters::address_bits.value())?;
        // SAFETY: There are no concurrent calls to DMA allocation and mapping primitives.
        unsafe { pdev.dma_set_mask_and_coherent(mask) }?;
        pdev.set_master();

        Ok(Late {
            _bus_master: BusMaster(pdev),
            _normal: Coherent::zeroed_slice(pdev.as_ref(), PAGE_SIZE, GFP_KERNEL)?,
            target: CoherentHandle::alloc(pdev.as_ref(), PAGE_SIZE, GFP_KERNEL)?,
            engine: Engine(bar, pdev),
        })
    }

    fn unbind<'bound>(pdev: &'bound pci::Device<Core<'_>>, this: Pin<&Self::Data<'bound>>) {
        let Ok(to) = u32::try_from(this.target.dma_address()) else {
            return;
        };
        let bar = &this.engine.0;
        bar.write_reg(regs::DMA_SRC::zeroed().with_address(DEVICE_BUFFER));
        bar.write_reg(regs::DMA_DST::zeroed().with_address(to));
        bar.write_reg(regs::DMA_COUNT::zeroed().with_bytes(BYTES));
        bar.write_reg(
            regs::DMA_COMMAND::zeroed()
                .with_to_memory(true)
                .with_run(true),
        );
        dev_info!(pdev, "unbound while a copy to {to:#x} runs\n");
    }
}

kernel::module_pci_driver! {
    type: LateDriver,
    name: "edu_late",
    authors: ["The Coherent<T, Kind> project"],
    description: "A driver that is unbound while its device copies",
    license: "GPL v2",
    params: {
        address_bits: u32 {
            default: 28,
            description: "How many bits of address the device has (dma_mask= of QEMU's device)",
        },
    },
}
