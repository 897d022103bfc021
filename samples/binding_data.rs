// SPDX-License-Identifier: GPL-2.0

//! Rust sample for buffers with the lifetime of the binding (based on QEMU's `edu` device).
//!
//! To make this driver probe, QEMU must be run with `-device edu`.
//!
//! The driver has the form of Linux 7.4, whose `dma::Coherent<'bound, T>` is `dma::bound::Coherent`
//! here. The buffers are part of its private data, and the compiler refuses to keep them for longer
//! than the device is bound. The device copies a number from one buffer to the other and back.

use kernel::{
    device::{
        Bound,
        Core, //
    },
    dma::{
        bound::Coherent,
        Device,
        DmaAddress,
        DmaMask,
        NoMapping, //
    },
    io::{
        io_read,
        io_write,
        poll::read_poll_timeout,
        Io, //
    },
    pci,
    prelude::*,
    time::Delta, //
};

mod regs {
    pub(super) const DMA_SRC: usize = 0x80;
    pub(super) const DMA_DST: usize = 0x88;
    pub(super) const DMA_COUNT: usize = 0x90;
    pub(super) const DMA_COMMAND: usize = 0x98;
    pub(super) const END: usize = 0x100;
}

/// Bits of the command register.
const RUN: u32 = 1;
const TO_MEMORY: u32 = 2;

/// The address of the device's own buffer.
const DEVICE_BUFFER: DmaAddress = 0x40000;

const NUMBER: u32 = 0x0123_4567;

type Bar0<'bound> = pci::Bar<'bound, { regs::END }>;

#[pin_data(PinnedDrop)]
struct BindingData<'bound> {
    pdev: &'bound pci::Device<Bound>,
    bar: Bar0<'bound>,
    dma: Coherent<'bound, u32>,
    copy: Coherent<'bound, u32, NoMapping>,
}

#[pinned_drop]
impl PinnedDrop for BindingData<'_> {
    fn drop(self: Pin<&mut Self>) {
        dev_info!(
            self.pdev,
            "frees {} and {} bytes\n",
            self.dma.size(),
            self.copy.size()
        );
    }
}

/// Copies a number from one place in memory to another, through the device's buffer.
fn copy_number(bar: &Bar0<'_>, from: DmaAddress, to: DmaAddress) -> Result {
    transfer(bar, from, DEVICE_BUFFER, 0)?;
    transfer(bar, DEVICE_BUFFER, to, TO_MEMORY)
}

fn transfer(bar: &Bar0<'_>, from: DmaAddress, to: DmaAddress, direction: u32) -> Result {
    // The DMA mask keeps addresses in the 32 bits of the registers.
    bar.write32(u32::try_from(from)?, regs::DMA_SRC);
    bar.write32(u32::try_from(to)?, regs::DMA_DST);
    bar.write32(size_of::<u32>() as u32, regs::DMA_COUNT);
    bar.write32(RUN | direction, regs::DMA_COMMAND);
    read_poll_timeout(
        || Ok(bar.read32(regs::DMA_COMMAND)),
        |command| command & RUN == 0,
        Delta::from_millis(10),
        Delta::from_secs(5),
    )?;

    Ok(())
}

struct BindingDataDriver;

kernel::pci_device_table!(
    PCI_TABLE,
    <BindingDataDriver as pci::Driver>::IdInfo,
    [(pci::DeviceId::from_class(0x00_ff00, !0), ())]
);

impl pci::Driver for BindingDataDriver {
    type IdInfo = ();
    type Data<'bound> = BindingData<'bound>;
    const ID_TABLE: pci::IdTable<Self::IdInfo> = &PCI_TABLE;

    fn probe<'bound>(
        pdev: &'bound pci::Device<Core<'_>>,
        _info: Option<&'bound Self::IdInfo>,
    ) -> impl PinInit<Self::Data<'bound>, Error> + 'bound {
        pin_init::pin_init_scope(move || {
            if (pdev.vendor_id().as_raw(), pdev.device_id()) != (0x1234, 0x11e8) {
                return Err(ENODEV);
            }

            // SAFETY: There are no concurrent calls to DMA allocation and mapping primitives.
            unsafe { pdev.dma_set_mask_and_coherent(DmaMask::new::<28>())? };
            pdev.enable_device_mem()?;
            pdev.set_master();

            Ok(try_pin_init!(BindingData {
                bar: pdev.iomap_region_sized::<{ regs::END }>(0, c"binding_data")?,
                dma: Coherent::zeroed(pdev.as_ref(), GFP_KERNEL)?,
                copy: Coherent::new(pdev.as_ref(), GFP_KERNEL)?,
                _: {
                    io_write!(&dma, , NUMBER);
                    copy_number(bar, dma.dma_address(), copy.dma_address())?;
                    io_write!(&dma, , 0);
                    copy_number(bar, copy.dma_address(), dma.dma_address())?;
                    if io_read!(&dma,) != NUMBER {
                        dev_err!(pdev, "another number came back\n");
                        return Err(EIO);
                    }
                    dev_info!(pdev, "the number came back\n");
                },
                pdev,
            }))
        })
    }
}

kernel::module_pci_driver! {
    type: BindingDataDriver,
    name: "binding_data",
    authors: ["The Coherent<T, Kind> project"],
    description: "DMA-coherent memory with the lifetime of the binding",
    license: "GPL v2",
}
