// SPDX-License-Identifier: GPL-2.0

//! Rust sample for a buffer that is stored outside the driver's data (on QEMU's `edu` device).
//!
//! To make this driver probe, QEMU must be run with `-device edu`.
//!
//! The driver keeps its buffer in a static, which outlives the binding. `Devres` frees the buffer
//! on unbind all the same. The next probe tells that it is gone.

use kernel::{
    device::Core,
    devres::Devres,
    dma::{
        Coherent,
        Device,
        DmaMask, //
    },
    driver,
    io::{
        io_read,
        io_write, //
    },
    pci,
    prelude::*,
    InPlaceModule,
    ModuleMetadata, //
};

kernel::sync::global_lock! {
    // SAFETY: Initialized in the initializer of the module, before the driver is registered.
    unsafe(uninit) static KEPT: Mutex<Option<Devres<Coherent<[u32; 16]>>>> = None;
}

struct BindingDevresDriver;

kernel::pci_device_table!(
    PCI_TABLE,
    <BindingDevresDriver as pci::Driver>::IdInfo,
    [(pci::DeviceId::from_class(0x00_ff00, !0), ())]
);

impl pci::Driver for BindingDevresDriver {
    type IdInfo = ();
    type Data<'bound> = Self;
    const ID_TABLE: pci::IdTable<Self::IdInfo> = &PCI_TABLE;

    fn probe<'bound>(
        pdev: &'bound pci::Device<Core<'_>>,
        _info: Option<&'bound Self::IdInfo>,
    ) -> impl PinInit<Self::Data<'bound>, Error> + 'bound {
        if (pdev.vendor_id().as_raw(), pdev.device_id()) != (0x1234, 0x11e8) {
            return Err(ENODEV);
        }

        // SAFETY: There are no concurrent calls to DMA allocation and mapping primitives.
        unsafe { pdev.dma_set_mask_and_coherent(DmaMask::new::<28>())? };

        let mut kept = KEPT.lock();
        if let Some(before) = kept.as_ref() {
            let state = match before.try_access() {
                Some(_) => "still there",
                None => "gone",
            };
            dev_info!(pdev, "the buffer of the last binding is {state}\n");
        }

        let shared = Devres::new(pdev.as_ref(), Coherent::zeroed(pdev.as_ref(), GFP_KERNEL)?)?;
        let buffer: &Coherent<[u32; 16]> = shared.access(pdev.as_ref())?;
        io_write!(buffer, [build: 3], 42);
        dev_info!(pdev, "the CPU reads {}\n", io_read!(buffer, [build: 3]));
        *kept = Some(shared);

        Ok(Self)
    }
}

/// Clears the static, which is not dropped when the module is unloaded.
struct Forget;

impl Drop for Forget {
    fn drop(&mut self) {
        drop(KEPT.lock().take());
    }
}

/// Fields are dropped in order: the driver first.
#[pin_data]
struct BindingDevres {
    #[pin]
    driver: driver::Registration<pci::Adapter<BindingDevresDriver>>,
    _forget: Forget,
}

impl InPlaceModule for BindingDevres {
    fn init(module: &'static ThisModule) -> impl PinInit<Self, Error> {
        // SAFETY: Called once, when the module is loaded.
        unsafe { KEPT.init() };

        try_pin_init!(Self {
            driver <- driver::Registration::new(<LocalModule as ModuleMetadata>::NAME, module),
            _forget: Forget,
        })
    }
}

module! {
    type: BindingDevres,
    name: "binding_devres",
    authors: ["The Coherent<T, Kind> project"],
    description: "DMA-coherent memory in Devres",
    license: "GPL v2",
}
