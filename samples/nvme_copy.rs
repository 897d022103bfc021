// SPDX-License-Identifier: GPL-2.0

//! Rust sample that copies blocks between NVMe namespaces through memory that no CPU accesses.
//!
//! To make this driver probe, QEMU must be run with a controller that has two namespaces:
//!
//! ```text
//! -drive id=a,if=none,format=raw,file=source.img -drive id=b,if=none,format=raw,file=target.img
//! -device nvme,id=nvme,serial=1 -device nvme-ns,bus=nvme,nsid=1,drive=a
//! -device nvme-ns,bus=nvme,nsid=2,drive=b
//! ```
//!
//! The driver reads blocks of one namespace into slots and writes them from there to the other. It
//! logs how far it is and, at the end:
//!
//! ```text
//! copied 32768 blocks, 16777216 bytes, 257 commands, 96 interrupts in 57 ms
//! ```
//!
//! The copy runs in the interrupt handler, so the device can be unbound or unplugged while it does.

use kernel::{
    device::Core,
    dma::{
        Device,
        DmaMask, //
    },
    irq,
    pci,
    prelude::*,
    time::hrtimer::ArcHrTimerHandle, //
};

/// Says in the log why a copy is refused, and returns an error.
macro_rules! refuse {
    ($pdev:expr, $err:expr, $($arg:tt)*) => {{
        dev_err!($pdev, "refused: {}\n", fmt!($($arg)*));
        return Err($err);
    }};
}

#[path = "nvme_copy/commands.rs"]
mod commands;
#[path = "nvme_copy/controller.rs"]
mod controller;
#[path = "nvme_copy/engine.rs"]
mod engine;
#[path = "nvme_copy/plan.rs"]
mod plan;
#[path = "nvme_copy/queue.rs"]
mod queue;
#[path = "nvme_copy/registers.rs"]
mod registers;
#[path = "nvme_copy/slots.rs"]
mod slots;
#[path = "nvme_copy/state.rs"]
mod state;

use engine::Engine;

/// The page size of the controller, whatever that of the CPU is.
const PAGE: usize = 4096;

/// The identifier of the only pair of I/O queues.
const IO_QUEUE: u16 = 1;

/// Fields are dropped in their order here: first the timer and the interrupt handler, which use the
/// controller, then the [`Engine`], which is the handler, and the vectors of the interrupt.
#[pin_data]
struct NvmeCopy<'bound> {
    _timer: ArcHrTimerHandle<state::Copy>,
    #[pin]
    irq: irq::Registration<'bound, Engine<'bound>>,
    vectors: pci::IrqVectorRegistration<'bound>,
}

struct NvmeCopyDriver;

kernel::pci_device_table!(
    PCI_TABLE,
    <NvmeCopyDriver as pci::Driver>::IdInfo,
    // Only QEMU's, whose disks are for tests: the copy begins as soon as the driver is loaded.
    [(
        pci::DeviceId::from_class_and_vendor(
            pci::Class::STORAGE_EXPRESS,
            pci::ClassMask::Full,
            pci::Vendor::REDHAT
        ),
        ()
    )]
);

impl pci::Driver for NvmeCopyDriver {
    type IdInfo = ();
    type Data<'bound> = NvmeCopy<'bound>;
    const ID_TABLE: pci::IdTable<Self::IdInfo> = &PCI_TABLE;

    fn probe<'bound>(
        pdev: &'bound pci::Device<Core<'_>>,
        _info: Option<&'bound Self::IdInfo>,
    ) -> impl PinInit<Self::Data<'bound>, Error> + 'bound {
        pin_init::pin_init_scope(move || {
            pdev.enable_device_mem()?;
            // PRP entries have 64 bits.
            //
            // SAFETY: There are no concurrent calls to DMA allocation and mapping primitives.
            unsafe { pdev.dma_set_mask_and_coherent(DmaMask::new::<64>())? };

            // MSI-X if the device has it, else MSI or INTx.
            let vectors = pdev.alloc_irq_vectors(1, 1, pci::IrqTypes::all())?;
            let engine = Engine::new(pdev, vectors.irq_type())?;

            Ok(try_pin_init!(NvmeCopy {
                vectors,
                // SAFETY:
                // - The registration is a field of the driver's data, which is dropped at unbind.
                // - `vectors` is initialized before, lives at a pinned address, and is dropped
                //   after the registration, as it is a later field.
                irq <- unsafe {
                    irq::Registration::new(
                        (*core::ptr::from_ref(vectors)).index(0)?.into(),
                        irq::Flags::SHARED,
                        c"nvme_copy",
                        Ok(engine),
                    )
                },
                _timer: irq.handler().start(vectors.irq_type())?.watch(),
            }))
        })
    }

    fn unbind<'bound>(_pdev: &'bound pci::Device<Core<'_>>, this: Pin<&Self::Data<'bound>>) {
        this.irq.handler().stop();
    }
}

kernel::module_pci_driver! {
    type: NvmeCopyDriver,
    name: "nvme_copy",
    authors: ["The Coherent<T, Kind> project"],
    description: "Copies blocks between NVMe namespaces through memory that no CPU accesses",
    license: "GPL v2",
    params: {
        source: u32 {
            default: 1,
            description: "The namespace to read",
        },
        target: u32 {
            default: 2,
            description: "The namespace to write",
        },
        first: u64 {
            default: 0,
            description: "The first block to read",
        },
        target_first: u64 {
            default: 0,
            description: "The first block to write",
        },
        blocks: usize {
            default: 0,
            description: "How many blocks to copy; 0 is all that follow in the source",
        },
        depth: usize {
            default: 8,
            description: "How many commands at the same time, 1 to 32",
        },
        timeout_ms: u32 {
            default: 30000,
            description: "How long a command may take before the controller is reset",
        },
        wrong_slot: bool {
            default: false,
            description: "Test aid: write a page from another slot, so that the copy is wrong",
        },
        beyond: bool {
            default: false,
            description: "Test aid: read into the page after the slots, which an IOMMU prevents",
        },
    },
}
