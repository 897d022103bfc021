// SPDX-License-Identifier: GPL-2.0

//! What a copy does when a command is completed: the interrupt handler.

use super::{
    commands::{
        Operation,
        SubmissionEntry,
        IO_QUEUE, //
    },
    controller::{
        Admin,
        AdminMemory,
        Capabilities,
        Controller, //
    },
    plan::{
        Plan,
        Request, //
    },
    queue::{
        Completion,
        Queues, //
    },
    registers::Registers,
    slots::Slots,
    state::{
        Copy,
        Stage,
        State, //
    },
};
use kernel::{
    device::Core,
    irq,
    pci,
    prelude::*,
    sync::Arc, //
};

/// How many entries the I/O queues have: more than there are slots.
const IO_ENTRIES: usize = 64;

/// A controller with all that it accesses, and the copy that it is busy with.
///
/// Fields are dropped in their order here. So the controller is disabled before memory is freed.
pub(super) struct Engine<'bound> {
    controller: Controller<'bound>,
    _admin: AdminMemory<'bound>,
    queues: Queues<'bound, IO_ENTRIES>,
    slots: Slots<'bound>,
    copy: Arc<Copy>,
    /// Whether the namespace has a cache, which is flushed at the end.
    flush: bool,
    mistake: Mistake,
}

/// A test aid: where the first page of a write of slot 0 is taken from.
#[derive(Clone, Copy)]
pub(super) enum Mistake {
    None,
    /// Slot 1.
    WrongSlot,
    /// The page after all slots.
    Beyond,
}

impl<'bound> Engine<'bound> {
    /// Brings a controller up and plans the copy.
    pub(super) fn new(
        pdev: &'bound pci::Device<Core<'_>>,
        source: u32,
        target: u32,
        request: Request,
        timeout_ms: u32,
        mistake: Mistake,
    ) -> Result<Self> {
        let registers = Arc::new(Registers::new(pdev)?, GFP_KERNEL)?;
        let capabilities = Capabilities::new(pdev, &registers)?;

        // If anything fails, these are dropped in the opposite order, so after the controller.
        let dev = pdev.as_ref();
        let slots = Slots::new(dev)?;
        let queues: Queues<'_, IO_ENTRIES> = capabilities.queues(dev, IO_QUEUE)?;
        let memory = AdminMemory::new(dev, capabilities)?;
        let controller = Controller::enable(pdev, registers.clone(), capabilities, &memory)?;

        let mut admin = Admin::new(&controller, &memory);
        let (max_transfer, flush) = admin.controller()?;
        let (source, target) = (admin.namespace(source)?, admin.namespace(target)?);
        let max_depth = usize::from(queues.entries() - 1);
        let plan = Plan::new(pdev, request, source, target, max_transfer, max_depth)?;
        admin.create_queues(&queues)?;

        let copy = Copy::new(pdev, registers, plan, timeout_ms)?;

        // No field may fail: those before it would be dropped in the opposite order of their
        // declaration, the controller last.
        Ok(Self {
            controller,
            _admin: memory,
            queues,
            slots,
            copy,
            flush,
            mistake,
        })
    }

    /// Submits the first commands. The interrupt handler submits all others.
    pub(super) fn start(&self, interrupts: pci::IrqType) -> Result<Arc<Copy>> {
        let plan = &self.copy.plan;
        dev_info!(
            self.copy.pdev,
            "copying {} blocks of {} bytes, namespace {} block {:#x} to namespace {} block {:#x}, \
             depth {}, slots at {:#x}, {interrupts:?}\n",
            plan.blocks,
            1u32 << plan.source.block_shift,
            plan.source.id,
            plan.first,
            plan.target.id,
            plan.target_first,
            plan.depth,
            self.slots.dma_range().base()
        );

        if let Mistake::Beyond = self.mistake {
            dev_info!(
                self.copy.pdev,
                "fault expected at {:#x}\n",
                self.slots.beyond()?
            );
        }

        let mut state = self.copy.state.lock();
        for slot in 0..plan.depth {
            self.read_next(&mut state, slot)?;
        }
        self.queues.submit(&state.position, &self.copy.registers)?;

        Ok(self.copy.clone())
    }

    /// Ends the copy, wherever it is, and disables the controller.
    pub(super) fn stop(&self) {
        let mut state = self.copy.state.lock();
        if state.stage != Stage::Ended {
            self.copy.stop(&mut state);
        }
        drop(state);

        self.controller.shut_down();
    }

    /// Submits a read of the next blocks into a slot, if there are more.
    fn read_next(&self, state: &mut State, slot: usize) -> Result {
        let plan = &self.copy.plan;
        let offset = state.next;
        let blocks = plan.chunk.min(plan.blocks - offset);
        if blocks == 0 {
            return Ok(());
        }

        state.next += blocks;
        self.transfer(state, slot, Operation::Read, offset, u16::try_from(blocks)?)
    }

    /// Submits a read or write between a slot and the blocks at `offset`.
    fn transfer(
        &self,
        state: &mut State,
        slot: usize,
        operation: Operation,
        offset: usize,
        blocks: u16,
    ) -> Result {
        let plan = &self.copy.plan;
        let (namespace, first) = match operation {
            Operation::Read => (&plan.source, plan.first),
            _ => (&plan.target, plan.target_first),
        };

        let mut prp = self
            .slots
            .prp(slot, usize::from(blocks) << namespace.block_shift)?;
        if slot == 0 && operation == Operation::Write {
            match self.mistake {
                Mistake::None => {}
                Mistake::WrongSlot => [prp[0], _] = self.slots.prp(1, 0)?,
                Mistake::Beyond => prp[0] = self.slots.beyond()?,
            }
        }

        let block = first + u64::try_from(offset)?;
        self.push(
            state,
            slot,
            SubmissionEntry::transfer(operation, namespace.id, block, blocks, prp),
        )?;
        state.submitted(slot, operation, offset, blocks);
        Ok(())
    }

    fn push(&self, state: &mut State, slot: usize, command: SubmissionEntry) -> Result {
        let command = command.with_id(u16::try_from(slot)?);
        self.queues.push(&mut state.position, command)
    }

    /// Goes on with the slot whose command is completed.
    fn complete(&self, state: &mut State, completion: Completion) -> Result {
        let copy = &self.copy;
        let Some(transfer) = state.completed(completion.id) else {
            dev_err!(copy.pdev, "no command has identifier {}\n", completion.id);
            return Err(EIO);
        };

        if !completion.status.is_success() {
            dev_err!(
                copy.pdev,
                "{} of block {:#x} failed: {}\n",
                transfer.operation,
                copy.block(&transfer)?,
                completion.status
            );
            state.stage = Stage::Failed;
        }
        if state.stage != Stage::Running {
            return Ok(());
        }

        let slot = usize::from(completion.id);
        match transfer.operation {
            Operation::Read => self.transfer(
                state,
                slot,
                Operation::Write,
                transfer.offset,
                transfer.blocks,
            )?,
            Operation::Write => {
                state.copied += usize::from(transfer.blocks);
                copy.report(state);
                self.read_next(state, slot)?;
                if state.copied == copy.plan.blocks && self.flush {
                    self.push(state, slot, SubmissionEntry::flush(copy.plan.target.id))?;
                    state.submitted(slot, Operation::Flush, 0, 0);
                }
            }
            Operation::Flush => {}
        }

        Ok(())
    }

    /// Handles all completions there are, and returns how many.
    fn process(&self, state: &mut State) -> Result<usize> {
        let registers = &self.copy.registers;
        let mut completions = 0;
        while let Some(completion) = self.queues.pop(&mut state.position)? {
            completions += 1;
            self.complete(state, completion)?;
        }
        if completions == 0 {
            return Ok(0);
        }

        state.interrupts += 1;
        self.queues.release(&state.position, registers)?;
        if state.in_flight > 0 {
            self.queues.submit(&state.position, registers)?;
        } else if state.stage == Stage::Running {
            self.copy.finish(state);
        } else {
            self.copy.stop(state);
        }

        Ok(completions)
    }
}

impl irq::Handler for Engine<'_> {
    fn handle(&self) -> irq::IrqReturn {
        let mut state = self.copy.state.lock();
        if !matches!(state.stage, Stage::Running | Stage::Failed) {
            return irq::IrqReturn::None;
        }

        match self.process(&mut state) {
            Ok(0) => irq::IrqReturn::None,
            Ok(_) => irq::IrqReturn::Handled,
            Err(err) => {
                dev_err!(self.copy.pdev, "cannot go on: {err:?}\n");
                self.copy.stop(&mut state);
                irq::IrqReturn::Handled
            }
        }
    }
}
