// SPDX-License-Identifier: GPL-2.0

//! A driver to start from: it binds to QEMU's `edu` device and allocates memory for the device
//! alone.
//!
//! `make driver M=samples/first_driver QEMU_ARGS='-device edu'` builds and runs it; see
//! `docs/your-driver.md`.

use kernel::{
    device::Core,
    dma::{
        Coherent,
        Device,
        DmaMask,
        NoMapping, //
    },
    io::{
        io_project,
        Io, //
    },
    pci,
    prelude::*, //
};

/// The layout of the memory. The CPU never has a value of this type.
#[repr(C)]
struct Memory {
    header: [u8; 256],
    slots: [[u8; 512]; 7],
}

struct FirstDriver {
    _memory: Coherent<Memory, NoMapping>,
}

// `pci::Vendor` has no constant for the vendor of edu, so this matches its class.
kernel::pci_device_table!(
    PCI_TABLE,
    <FirstDriver as pci::Driver>::IdInfo,
    [(pci::DeviceId::from_class(0x00_ff00, !0), ())]
);

/// The register with the source of a copy, and the end of the registers.
const DMA_SOURCE: usize = 0x80;
const END: usize = 0x100;

impl pci::Driver for FirstDriver {
    type IdInfo = ();
    type Data<'bound> = Self;
    const ID_TABLE: pci::IdTable<Self::IdInfo> = &PCI_TABLE;

    fn probe<'bound>(
        pdev: &'bound pci::Device<Core<'_>>,
        _info: Option<&'bound Self::IdInfo>,
    ) -> impl PinInit<Self::Data<'bound>, Error> + 'bound {
        if pdev.device_id() != 0x11e8 {
            return Err(ENODEV);
        }

        // SAFETY: There are no concurrent calls to DMA allocation and mapping primitives.
        unsafe { pdev.dma_set_mask_and_coherent(DmaMask::new::<28>())? };

        let memory = Coherent::<Memory, NoMapping>::new(pdev.as_ref(), GFP_KERNEL)?;
        dev_info!(
            pdev,
            "{} bytes for the device at {:#x}\n",
            memory.size(),
            memory.dma_address()
        );

        // The index is checked at compile time, and the address is the base plus a constant.
        let slot = io_project!(&memory, .slots[build: 3]).dma_address();

        pdev.enable_device_mem()?;
        let bar = pdev.iomap_region_sized::<END>(0, c"first_driver")?;
        bar.write32(u32::try_from(slot)?, DMA_SOURCE);
        dev_info!(
            pdev,
            "the device will copy from {:#x}\n",
            bar.read32(DMA_SOURCE)
        );

        Ok(Self { _memory: memory })
    }
}

kernel::module_pci_driver! {
    type: FirstDriver,
    name: "first_driver",
    authors: ["The Coherent<T, Kind> project"],
    description: "A driver to start from",
    license: "GPL v2",
}
