// SPDX-License-Identifier: GPL-2.0

//! What a copy does when a command is completed: the interrupt handler.

use super::{
    commands::{
        CompletionEntry,
        Operation,
        SubmissionEntry, //
    },
    controller::{
        Admin,
        Controller, //
    },
    module_parameters,
    plan::Plan,
    queue::Queues,
    registers::Registers,
    slots::Slots,
    state::{
        Copy,
        Stage,
        State,
        Transfer, //
    },
    IO_QUEUE, //
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
    _admin: Admin<'bound>,
    queues: Queues<'bound, IO_ENTRIES>,
    slots: Slots<'bound>,
    copy: Arc<Copy>,
    /// Whether the namespace has a cache, which is flushed at the end.
    flush: bool,
}

impl<'bound> Engine<'bound> {
    /// Brings a controller up and plans the copy.
    pub(super) fn new(
        pdev: &'bound pci::Device<Core<'_>>,
        interrupts: pci::IrqType,
    ) -> Result<Self> {
        let registers = Arc::new(Registers::new(pdev, interrupts)?, GFP_KERNEL)?;
        let capabilities = registers.capabilities(pdev)?;

        // If anything fails, these are dropped in the opposite order, so after the controller.
        let dev = pdev.as_ref();
        let slots = Slots::new(dev)?;
        let queues: Queues<'_, IO_ENTRIES> = Queues::new(dev, IO_QUEUE, &capabilities)?;
        let mut admin = Admin::new(dev, &capabilities)?;
        let controller = Controller::enable(pdev, registers.clone(), capabilities.timeout, &admin)?;

        let (max_transfer, flush) = admin.identify(&controller)?;
        let source = admin.namespace(&controller, module_parameters::source.value())?;
        let target = admin.namespace(&controller, module_parameters::target.value())?;
        let max_depth = usize::from(queues.entries - 1);
        let plan = Plan::new(pdev, source, target, max_transfer, max_depth)?;
        admin.create_queues(&controller, &queues)?;

        let copy = Copy::new(pdev, registers, plan)?;

        // No field may fail: those before it would be dropped in the opposite order of their
        // declaration, the controller last.
        Ok(Self {
            controller,
            _admin: admin,
            queues,
            slots,
            copy,
            flush,
        })
    }

    /// Submits the first commands. The interrupt handler submits all others.
    pub(super) fn start(&self, interrupts: pci::IrqType) -> Result<Arc<Copy>> {
        let (pdev, plan) = (&self.copy.pdev, &self.copy.plan);
        dev_info!(
            pdev,
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
        if module_parameters::beyond.value() {
            dev_info!(pdev, "fault expected at {:#x}\n", self.slots.beyond()?);
        }

        let mut state = self.copy.state.lock();
        for slot in 0..plan.depth {
            self.read_next(&mut state, slot)?;
        }
        self.queues
            .submit(&mut state.position, &self.copy.registers)?;
        self.copy.registers.mask_interrupt(false)?;

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
        let read = Transfer {
            operation: Operation::Read,
            offset,
            blocks,
        };
        self.submit(state, slot, read)
    }

    /// Submits a command between a slot and the blocks of `transfer`.
    fn submit(&self, state: &mut State, slot: usize, transfer: Transfer) -> Result {
        let (operation, blocks) = (transfer.operation, transfer.blocks);
        let (namespace, block) = self.copy.plan.place(&transfer)?;

        let command = if operation == Operation::Flush {
            SubmissionEntry::new(operation as u8, namespace.id, [0; 2])
        } else {
            let mut prp = self.slots.prp(slot, blocks << namespace.block_shift)?;
            match operation {
                Operation::Write if slot == 0 && module_parameters::wrong_slot.value() => {
                    [prp[0], _] = self.slots.prp(1, 0)?;
                }
                Operation::Read if slot == 0 && module_parameters::beyond.value() => {
                    prp[0] = self.slots.beyond()?;
                }
                _ => {}
            }
            // CAST: Each keeps one half. The number of blocks is that less one.
            SubmissionEntry::new(operation as u8, namespace.id, prp).with_arguments([
                block as u32,
                (block >> 32) as u32,
                u32::try_from(blocks - 1)?,
            ])
        };

        let command = command.with_id(u16::try_from(slot)?);
        self.queues.push(&mut state.position, command)?;
        state.submitted(slot, transfer);
        Ok(())
    }

    /// Goes on with the slot whose command is completed.
    fn complete(&self, state: &mut State, completion: CompletionEntry) -> Result {
        let copy = &self.copy;
        let slot = completion.command_id();
        let Some(mut transfer) = state.completed(slot) else {
            dev_err!(copy.pdev, "no command has identifier {slot}\n");
            return Err(EIO);
        };

        let (kind, code) = completion.status();
        if (kind, code) != (0, 0) {
            let (_, block) = copy.plan.place(&transfer)?;
            dev_err!(
                copy.pdev,
                "{:?} of block {block:#x} failed: status code type {kind:#x} code {code:#x}\n",
                transfer.operation
            );
            state.stage = Stage::Failed;
        }
        if state.stage != Stage::Running {
            return Ok(());
        }

        match transfer.operation {
            Operation::Read => {
                transfer.operation = Operation::Write;
                self.submit(state, slot, transfer)
            }
            Operation::Write => {
                copy.written(state, transfer.blocks);
                if state.copied == copy.plan.blocks && self.flush {
                    transfer.operation = Operation::Flush;
                    return self.submit(state, slot, transfer);
                }
                self.read_next(state, slot)
            }
            Operation::Flush => Ok(()),
        }
    }

    /// Handles all completions, and returns whether there was one.
    fn process(&self, state: &mut State) -> Result<bool> {
        let registers = &self.copy.registers;
        let Some(first) = self.queues.pop(&mut state.position)? else {
            return Ok(false);
        };

        // A line that stays up for completions which come from now on may not be another interrupt.
        // Section 7.5.1.1 of the specification recommends to mask it until all are handled.
        registers.mask_interrupt(true)?;

        self.complete(state, first)?;
        while let Some(next) = self.queues.pop(&mut state.position)? {
            self.complete(state, next)?;
        }

        state.interrupts += 1;
        self.queues.release(&state.position, registers)?;
        if state.in_flight > 0 {
            self.queues.submit(&mut state.position, registers)?;
        } else if state.stage == Stage::Running {
            self.copy.finish(state);
        } else {
            self.copy.stop(state);
        }

        registers.mask_interrupt(false)?;
        Ok(true)
    }
}

impl irq::Handler for Engine<'_> {
    fn handle(&self) -> irq::IrqReturn {
        let mut state = self.copy.state.lock();
        if !matches!(state.stage, Stage::Running | Stage::Failed) {
            return irq::IrqReturn::None;
        }

        match self.process(&mut state) {
            Ok(false) => irq::IrqReturn::None,
            Ok(true) => irq::IrqReturn::Handled,
            Err(err) => {
                dev_err!(self.copy.pdev, "cannot go on: {err:?}\n");
                self.copy.stop(&mut state);
                irq::IrqReturn::Handled
            }
        }
    }
}
