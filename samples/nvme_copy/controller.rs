// SPDX-License-Identifier: GPL-2.0

//! Bring-up and shutdown of a controller (NVM Express Base Specification 1.4, section 7.6).

use super::{
    commands::*,
    queue::{
        Position,
        Queues, //
    },
    registers::{
        Capabilities,
        Registers,
        Status,
        PCI_COMMAND, //
    },
    IO_QUEUE,
    PAGE, //
};
use kernel::{
    device::{
        Bound,
        Core,
        Device, //
    },
    dma::bound::Coherent,
    io::{
        io_read,
        poll::read_poll_timeout,
        Io, //
    },
    pci,
    prelude::*,
    sync::Arc,
    time::Delta, //
};

const ADMIN_ENTRIES: usize = 16;

/// How long an admin command may take.
const ADMIN_TIMEOUT: Delta = Delta::from_secs(10);

/// A namespace, as Identify describes it.
#[derive(Clone, Copy)]
pub(super) struct Namespace {
    pub(super) id: u32,
    /// How many blocks it has.
    pub(super) blocks: u64,
    /// The size of a block, as a power of two of bytes.
    pub(super) block_shift: u8,
}

/// An enabled controller.
///
/// When this is dropped, the device stops to access memory. What it accesses has to be dropped
/// later: in a struct, that is a field after this one.
pub(super) struct Controller<'bound> {
    pdev: &'bound pci::Device<Bound>,
    registers: Arc<Registers>,
    timeout: Delta,
}

impl<'bound> Controller<'bound> {
    /// Resets the controller and enables it, with the queues of `admin`.
    pub(super) fn enable(
        pdev: &'bound pci::Device<Core<'_>>,
        registers: Arc<Registers>,
        timeout: Delta,
        admin: &Admin<'_>,
    ) -> Result<Self> {
        let controller = Self {
            pdev,
            registers,
            timeout,
        };
        let (registers, queues) = (&controller.registers, &admin.queues);

        // Firmware may have left it enabled.
        registers.disable()?;
        if let Err(err) = registers.wait_for(Status::NotReady, timeout) {
            refuse!(pdev, err, "the controller cannot be disabled");
        }

        pdev.set_master();
        registers.enable(
            queues.entries,
            queues.submission.dma_address(),
            queues.completion.dma_address(),
        )?;
        match registers.wait_for(Status::Ready, timeout) {
            Ok(()) => Ok(controller),
            Err(EIO) => refuse!(pdev, EIO, "fatal controller status (CSTS.CFS)"),
            Err(err) => refuse!(pdev, err, "the controller does not get ready"),
        }
    }

    /// Disables the controller. When this returns, the device does not access memory any more.
    ///
    /// A controller that does not answer is cut off from the bus.
    pub(super) fn shut_down(&self) {
        let idle = self
            .registers
            .disable()
            .and_then(|()| self.registers.wait_for(Status::NotReady, self.timeout));

        match idle {
            Ok(()) => {}
            // Nobody is there to access memory.
            Err(ENODEV) => dev_info!(self.pdev, "the device is gone\n"),
            Err(_) => dev_err!(self.pdev, "the controller cannot be disabled\n"),
        }

        // There is no abstraction of `pci_clear_master()` yet.
        self.pdev
            .config_space()
            .update(PCI_COMMAND, |command| command.with_bus_master(false));
    }
}

impl Drop for Controller<'_> {
    fn drop(&mut self) {
        // Unbinding has done that, a probe that fails has not.
        if self.pdev.config_space().read(PCI_COMMAND).bus_master() {
            self.shut_down();
        }
    }
}

/// Admin commands, one at a time, and the memory for them. Their completions are polled for.
///
/// All memory is allocated before the controller is enabled, and dropped after the [`Controller`]:
/// also a command that fails or is given up may not leave the device with memory that is freed.
pub(super) struct Admin<'bound> {
    queues: Queues<'bound, ADMIN_ENTRIES>,
    position: Position,
    controller: Coherent<'bound, IdentifyController>,
    namespace: Coherent<'bound, IdentifyNamespace>,
}

impl<'bound> Admin<'bound> {
    pub(super) fn new(dev: &'bound Device<Bound>, capabilities: &Capabilities) -> Result<Self> {
        Ok(Self {
            queues: Queues::new(dev, 0, capabilities)?,
            position: Position::START,
            controller: Coherent::zeroed(dev, GFP_KERNEL)?,
            namespace: Coherent::zeroed(dev, GFP_KERNEL)?,
        })
    }

    fn execute(
        &mut self,
        controller: &Controller<'_>,
        name: &str,
        command: SubmissionEntry,
    ) -> Result {
        let (pdev, registers) = (controller.pdev, &controller.registers);
        let (queues, position) = (&self.queues, &mut self.position);

        queues.push(position, command)?;
        queues.submit(position, registers)?;
        let completion = read_poll_timeout(
            || match registers.status() {
                Status::Gone => Err(ENODEV),
                Status::Fatal => Err(EIO),
                _ => queues.pop(position),
            },
            |completion| completion.is_some(),
            Delta::from_micros(100),
            ADMIN_TIMEOUT,
        )
        .inspect_err(|err| dev_err!(pdev, "{name} is not completed: {err:?}\n"))?
        .ok_or(EIO)?;
        queues.release(position, registers)?;

        match completion.status() {
            (0, 0) => Ok(()),
            (kind, code) => refuse!(
                pdev,
                EIO,
                "{name}: status code type {kind:#x} code {code:#x}"
            ),
        }
    }

    /// Returns how many bytes a command may transfer, and whether there is a write cache.
    pub(super) fn identify(&mut self, controller: &Controller<'_>) -> Result<(usize, bool)> {
        let command = SubmissionEntry::new(IDENTIFY, 0, [self.controller.dma_address(), 0])
            .with_arguments([IDENTIFY_CONTROLLER, 0, 0]);
        self.execute(controller, "Identify Controller", command)?;

        let data = &self.controller;
        let max_transfer = match io_read!(data, .mdts) {
            // More than 2 GiB is no limit either: a slot is smaller.
            0 | 20.. => usize::MAX,
            mdts => PAGE << mdts,
        };
        Ok((max_transfer, io_read!(data, .vwc) & 1 != 0))
    }

    /// Returns what the controller says about a namespace.
    pub(super) fn namespace(&mut self, controller: &Controller<'_>, id: u32) -> Result<Namespace> {
        let command = SubmissionEntry::new(IDENTIFY, id, [self.namespace.dma_address(), 0]);
        self.execute(controller, "Identify Namespace", command)?;

        let (data, pdev) = (&self.namespace, controller.pdev);
        let low = u32::from_le(io_read!(data, .nsze[build: 0]));
        let high = u32::from_le(io_read!(data, .nsze[build: 1]));
        let blocks = u64::from(high) << 32 | u64::from(low);
        if blocks == 0 {
            refuse!(pdev, ENODEV, "there is no namespace {id}");
        }
        let format = usize::from(io_read!(data, .flbas) & 0xf);
        if io_read!(data, .lbaf[try: format].ms) != 0 {
            refuse!(pdev, EINVAL, "namespace {id} has metadata");
        }

        Ok(Namespace {
            id,
            blocks,
            block_shift: io_read!(data, .lbaf[try: format].lbads),
        })
    }

    /// Creates the pair of I/O queues, with interrupt vector 0.
    pub(super) fn create_queues<const N: usize>(
        &mut self,
        controller: &Controller<'_>,
        queues: &Queues<'_, N>,
    ) -> Result {
        // Zero asks for one of each, which is always granted.
        let set =
            SubmissionEntry::new(SET_FEATURES, 0, [0; 2]).with_arguments([NUMBER_OF_QUEUES, 0, 0]);
        self.execute(controller, "Set Features", set)?;

        let id = u32::from(IO_QUEUE);
        let id_and_size = u32::from(queues.entries - 1) << 16 | id;
        let address = queues.completion.dma_address();
        let create = SubmissionEntry::new(CREATE_COMPLETION_QUEUE, 0, [address, 0])
            .with_arguments([id_and_size, INTERRUPTS_ENABLED | PHYSICALLY_CONTIGUOUS, 0]);
        self.execute(controller, "Create I/O Completion Queue", create)?;

        let address = queues.submission.dma_address();
        let create = SubmissionEntry::new(CREATE_SUBMISSION_QUEUE, 0, [address, 0])
            .with_arguments([id_and_size, id << 16 | PHYSICALLY_CONTIGUOUS, 0]);
        self.execute(controller, "Create I/O Submission Queue", create)
    }
}
