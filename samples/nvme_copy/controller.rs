// SPDX-License-Identifier: GPL-2.0

//! Bring-up and shutdown of a controller (NVM Express Base Specification 1.4, section 7.6).

use super::{
    commands::{
        IdentifyController,
        IdentifyNamespace,
        SubmissionEntry, //
    },
    queue::{
        Position,
        Queues, //
    },
    registers::{
        Registers,
        Status,
        PCI_COMMAND, //
    },
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

/// What the `CAP` register says.
#[derive(Clone, Copy)]
pub(super) struct Capabilities {
    /// How long `CSTS.RDY` may take to follow `CC.EN`.
    timeout: Delta,
    /// How many entries a queue may have.
    max_entries: u32,
    doorbell_stride: usize,
}

impl Capabilities {
    /// Reads the register, and refuses a controller that this driver cannot use.
    pub(super) fn new(pdev: &pci::Device, registers: &Registers) -> Result<Self> {
        let (low, high) = registers.capabilities()?;
        if !high.css_nvm() {
            dev_err!(pdev, "refused: the controller has no NVM command set\n");
            return Err(ENODEV);
        }
        let mpsmin = high.mpsmin().get();
        if mpsmin != 0 {
            dev_err!(
                pdev,
                "refused: unsupported page size, the smallest is 2^{} bytes\n",
                12 + mpsmin
            );
            return Err(EINVAL);
        }

        Ok(Self {
            // In QEMU it is 7.5 s; zero would be no time at all.
            timeout: Delta::from_millis(500 * (i64::from(low.to().get()) + 1)),
            max_entries: low.mqes().get() + 1,
            doorbell_stride: 4 << high.dstrd().get(),
        })
    }

    /// Allocates queues with identifier `id`.
    pub(super) fn queues<'bound, const N: usize>(
        self,
        dev: &'bound Device<Bound>,
        id: u16,
    ) -> Result<Queues<'bound, N>> {
        Queues::new(dev, id, self.max_entries, self.doorbell_stride)
    }
}

/// What the device accesses on the way to its I/O queues.
///
/// All of it is allocated before the controller is enabled, and dropped after the [`Controller`]:
/// also a command that fails or is given up may not leave the device with memory that is freed.
pub(super) struct AdminMemory<'bound> {
    queues: Queues<'bound, ADMIN_ENTRIES>,
    controller: Coherent<'bound, IdentifyController>,
    namespace: Coherent<'bound, IdentifyNamespace>,
}

impl<'bound> AdminMemory<'bound> {
    pub(super) fn new(dev: &'bound Device<Bound>, capabilities: Capabilities) -> Result<Self> {
        Ok(Self {
            queues: capabilities.queues(dev, 0)?,
            controller: Coherent::zeroed(dev, GFP_KERNEL)?,
            namespace: Coherent::zeroed(dev, GFP_KERNEL)?,
        })
    }
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
    /// Resets the controller and enables it, with the admin queues in `memory`.
    pub(super) fn enable(
        pdev: &'bound pci::Device<Core<'_>>,
        registers: Arc<Registers>,
        capabilities: Capabilities,
        memory: &AdminMemory<'_>,
    ) -> Result<Self> {
        let controller = Self {
            pdev,
            registers,
            timeout: capabilities.timeout,
        };
        let registers = &controller.registers;

        // Firmware may have left it enabled.
        registers.disable()?;
        registers
            .wait_for(Status::NotReady, capabilities.timeout)
            .inspect_err(|_| dev_err!(pdev, "refused: the controller cannot be disabled\n"))?;

        let (submission, completion) = memory.queues.addresses();
        registers.set_admin_queues(memory.queues.entries(), submission, completion)?;
        pdev.set_master();
        registers.enable()?;
        registers
            .wait_for(Status::Ready, capabilities.timeout)
            .inspect_err(|err| match *err {
                EIO => dev_err!(pdev, "refused: fatal controller status (CSTS.CFS)\n"),
                _ => dev_err!(pdev, "refused: the controller does not get ready\n"),
            })?;

        Ok(controller)
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
        self.shut_down();
    }
}

/// Admin commands, one at a time. Their completions are polled for.
pub(super) struct Admin<'a> {
    pdev: &'a pci::Device,
    registers: &'a Registers,
    memory: &'a AdminMemory<'a>,
    position: Position,
}

impl<'a> Admin<'a> {
    /// Begins where a controller is that was just enabled with the queues in `memory`.
    pub(super) fn new(controller: &'a Controller<'_>, memory: &'a AdminMemory<'a>) -> Self {
        Self {
            pdev: controller.pdev,
            registers: &controller.registers,
            memory,
            position: Position::START,
        }
    }

    /// Executes a command and returns its result.
    fn execute(&mut self, name: &str, command: SubmissionEntry) -> Result<u32> {
        let (pdev, registers, position) = (self.pdev, self.registers, &mut self.position);
        let queues = &self.memory.queues;

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

        if !completion.status.is_success() {
            dev_err!(pdev, "{name} failed: {}\n", completion.status);
            return Err(EIO);
        }

        Ok(completion.result)
    }

    /// Returns how many bytes a command may transfer, and whether there is a write cache.
    pub(super) fn controller(&mut self) -> Result<(usize, bool)> {
        let data = &self.memory.controller;
        self.execute(
            "Identify Controller",
            SubmissionEntry::identify_controller(data.dma_address()),
        )?;

        // The entry sizes that the controller requires, which are those of this driver.
        if (io_read!(data, .sqes) & 0xf, io_read!(data, .cqes) & 0xf) != (6, 4) {
            dev_err!(self.pdev, "refused: unsupported sizes of queue entries\n");
            return Err(EINVAL);
        }

        let max_transfer = match io_read!(data, .mdts) {
            // More than 2 GiB is no limit either: a slot is smaller.
            0 | 20.. => usize::MAX,
            mdts => PAGE << mdts,
        };
        Ok((max_transfer, io_read!(data, .vwc) & 1 != 0))
    }

    /// Returns what the controller says about a namespace.
    pub(super) fn namespace(&mut self, id: u32) -> Result<Namespace> {
        let data = &self.memory.namespace;
        self.execute(
            "Identify Namespace",
            SubmissionEntry::identify_namespace(id, data.dma_address()),
        )?;

        let low = u32::from_le(io_read!(data, .nsze[build: 0]));
        let high = u32::from_le(io_read!(data, .nsze[build: 1]));
        let format = usize::from(io_read!(data, .flbas) & 0xf);
        let namespace = Namespace {
            id,
            blocks: u64::from(high) << 32 | u64::from(low),
            block_shift: io_read!(data, .lbaf[try: format].lbads),
        };

        if namespace.blocks == 0 {
            dev_err!(self.pdev, "refused: there is no namespace {id}\n");
            return Err(ENODEV);
        }
        if io_read!(data, .lbaf[try: format].ms) != 0 {
            dev_err!(self.pdev, "refused: namespace {id} has metadata\n");
            return Err(EINVAL);
        }

        Ok(namespace)
    }

    /// Creates the pair of I/O queues.
    pub(super) fn create_queues<const N: usize>(&mut self, queues: &Queues<'_, N>) -> Result {
        // The result has how many are granted, less one: always one of each.
        self.execute("Set Features", SubmissionEntry::one_queue_pair())?;

        let (submission, completion) = queues.addresses();
        self.execute(
            "Create I/O Completion Queue",
            SubmissionEntry::create_completion_queue(queues.entries(), completion),
        )?;
        self.execute(
            "Create I/O Submission Queue",
            SubmissionEntry::create_submission_queue(queues.entries(), submission),
        )?;

        Ok(())
    }
}
