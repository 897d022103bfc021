// SPDX-License-Identifier: GPL-2.0

//! Rust sample for the smallest use of memory without a mapping (based on QEMU's `pci-testdev`).
//!
//! To make this driver probe, QEMU must be run with `-device pci-testdev`.
//!
//! Some devices want a page that they can write to for the sake of writing, such as to flush what
//! was written before. Nobody ever reads it, so the CPU needs no access.

use kernel::{
    device::Core,
    dma::CoherentHandle,
    page::PAGE_SIZE,
    pci,
    prelude::*, //
};

/// Keeps the page as long as the device is bound.
struct FlushPage {
    _page: CoherentHandle,
}

kernel::pci_device_table!(
    PCI_TABLE,
    <FlushPage as pci::Driver>::IdInfo,
    [(pci::DeviceId::from_id(pci::Vendor::REDHAT, 0x5), ())]
);

impl pci::Driver for FlushPage {
    type IdInfo = ();
    type Data<'bound> = Self;
    const ID_TABLE: pci::IdTable<Self::IdInfo> = &PCI_TABLE;

    fn probe<'bound>(
        pdev: &'bound pci::Device<Core<'_>>,
        _info: Option<&'bound Self::IdInfo>,
    ) -> impl PinInit<Self::Data<'bound>, Error> + 'bound {
        let page = CoherentHandle::alloc(pdev.as_ref(), PAGE_SIZE, GFP_KERNEL)?;

        // A real driver writes the address to a register here, and takes it out in `unbind()`,
        // before the page is freed. `pci-testdev` has no such register.
        dev_info!(
            pdev,
            "flush page at dma_address {:#x}\n",
            page.dma_address()
        );

        Ok(Self { _page: page })
    }
}

kernel::module_pci_driver! {
    type: FlushPage,
    name: "flush_page",
    authors: ["The Coherent<T, Kind> project"],
    description: "A page for the device alone",
    license: "GPL v2",
}
