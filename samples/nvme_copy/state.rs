// SPDX-License-Identifier: GPL-2.0

//! How far a copy is, and the timer that ends one that takes too long.
//!
//! There is no memory for the device in here: the timer knows no lifetime of the binding.

use super::{
    commands::Operation,
    module_parameters,
    plan::Plan,
    queue::Position,
    registers::{
        Registers,
        Status, //
    },
    slots::DEPTH, //
};
use kernel::{
    impl_has_hr_timer, new_spinlock_irq, pci,
    prelude::*,
    sync::{
        aref::ARef,
        Arc,
        ArcBorrow,
        SpinLockIrq, //
    },
    time::{
        hrtimer::{
            ArcHrTimerHandle,
            HrTimer,
            HrTimerCallback,
            HrTimerCallbackContext,
            HrTimerPointer,
            HrTimerRestart,
            RelativeMode, //
        },
        Delta,
        Instant,
        Monotonic, //
    },
};

/// The timer expires this often while a command may take what it may take.
const TICKS: u32 = 4;

/// How often the timer looks whether a reset is complete.
const RESET_PERIOD: Delta = Delta::from_millis(10);

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Commands are submitted.
    Running,
    /// A command failed; others are not completed yet.
    Failed,
    /// The controller was disabled because of a command that took too long.
    Resetting,
    Ended,
}

/// A command that is not completed.
#[derive(Clone, Copy)]
pub(super) struct Transfer {
    pub(super) operation: Operation,
    /// The first block, counted from the first one that is copied.
    pub(super) offset: usize,
    pub(super) blocks: usize,
}

pub(super) struct State {
    pub(super) stage: Stage,
    pub(super) position: Position,
    /// The command of each slot, whose index is the command identifier, and when it was submitted.
    transfers: [Option<(Transfer, u32)>; DEPTH],
    pub(super) in_flight: usize,
    /// Blocks that some command was submitted for.
    pub(super) next: usize,
    /// Blocks that are written.
    pub(super) copied: usize,
    commands: usize,
    pub(super) interrupts: usize,
    started: Instant<Monotonic>,
    tick: u32,
}

impl State {
    fn new() -> Self {
        Self {
            stage: Stage::Running,
            position: Position::START,
            transfers: [None; DEPTH],
            in_flight: 0,
            next: 0,
            copied: 0,
            commands: 0,
            interrupts: 0,
            started: Instant::now(),
            tick: 0,
        }
    }

    /// Takes the command of `slot` down as submitted.
    pub(super) fn submitted(&mut self, slot: usize, transfer: Transfer) {
        self.transfers[slot] = Some((transfer, self.tick));
        self.commands += 1;
        self.in_flight += 1;
    }

    /// Returns the command of `slot`, which is completed, or [`None`] if there is none.
    pub(super) fn completed(&mut self, slot: usize) -> Option<Transfer> {
        let (transfer, _) = self.transfers.get_mut(slot)?.take()?;
        self.in_flight -= 1;
        Some(transfer)
    }

    /// Returns a command that takes too long.
    fn overdue(&self) -> Option<&Transfer> {
        let late = |since: u32| self.tick.wrapping_sub(since) > TICKS;
        let mut all = self.transfers.iter().flatten();
        all.find_map(|(transfer, since)| late(*since).then_some(transfer))
    }
}

/// A copy: what is shared by the interrupt handler and the timer.
#[pin_data]
pub(super) struct Copy {
    pub(super) pdev: ARef<pci::Device>,
    pub(super) registers: Arc<Registers>,
    pub(super) plan: Plan,
    /// How long a command may take, in milliseconds.
    timeout_ms: u32,
    #[pin]
    pub(super) state: SpinLockIrq<State>,
    #[pin]
    timer: HrTimer<Self>,
}

impl Copy {
    pub(super) fn new(
        pdev: &pci::Device,
        registers: Arc<Registers>,
        plan: Plan,
    ) -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                pdev: pdev.into(),
                registers,
                state <- new_spinlock_irq!(State::new(), "nvme_copy::State"),
                plan,
                timeout_ms: module_parameters::timeout_ms.value(),
                timer <- HrTimer::new(),
            }),
            GFP_KERNEL,
        )
    }

    /// Starts the timer, which runs until the copy has ended or the handle is dropped.
    pub(super) fn watch(self: Arc<Self>) -> ArcHrTimerHandle<Self> {
        let period = self.period();
        self.start(period)
    }

    fn period(&self) -> Delta {
        Delta::from_millis(i64::from((self.timeout_ms / TICKS).max(1)))
    }

    /// Counts blocks that are written, and says so in the log at each quarter.
    pub(super) fn written(&self, state: &mut State, blocks: usize) {
        let (all, before) = (self.plan.blocks, state.copied);
        state.copied += blocks;
        let quarter = (all / 4).max(1);
        if state.copied / quarter > before / quarter && state.copied < all {
            dev_info!(self.pdev, "{} of {all} blocks\n", state.copied);
        }
    }

    /// Ends a copy that is complete.
    pub(super) fn finish(&self, state: &mut State) {
        // An `i64` is not formatted: on a 32-bit CPU, `core` has no division for that.
        let ms = u32::try_from(state.started.elapsed().as_millis()).unwrap_or(u32::MAX);
        state.stage = Stage::Ended;
        dev_info!(
            self.pdev,
            "copied {} blocks, {} bytes, {} commands, {} interrupts in {ms} ms\n",
            state.copied,
            self.plan.bytes,
            state.commands,
            state.interrupts
        );
    }

    /// Ends a copy that is not complete.
    pub(super) fn stop(&self, state: &mut State) {
        state.stage = Stage::Ended;
        dev_info!(
            self.pdev,
            "stopped after {} of {} blocks\n",
            state.copied,
            self.plan.blocks
        );
    }

    /// Looks whether the controller is well and no command takes too long.
    fn check(&self, state: &mut State) {
        match self.registers.status() {
            Status::Gone => {
                dev_err!(self.pdev, "the device is gone\n");
                return self.stop(state);
            }
            Status::Fatal => dev_err!(self.pdev, "fatal controller status (CSTS.CFS)\n"),
            Status::NotReady => dev_err!(self.pdev, "the controller is not ready (CSTS.RDY)\n"),
            Status::Ready => {
                let Some(transfer) = state.overdue() else {
                    return;
                };
                let block = self.plan.place(transfer).map_or(0, |(_, block)| block);
                dev_err!(
                    self.pdev,
                    "{:?} of block {block:#x} takes more than {} ms\n",
                    transfer.operation,
                    self.timeout_ms
                );
            }
        }

        dev_info!(self.pdev, "resetting the controller\n");
        state.stage = match self.registers.disable() {
            Ok(()) => Stage::Resetting,
            Err(_) => Stage::Ended,
        };
    }
}

impl HrTimerCallback for Copy {
    type Pointer<'a> = Arc<Self>;

    fn run(
        this: ArcBorrow<'_, Self>,
        mut context: HrTimerCallbackContext<'_, Self>,
    ) -> HrTimerRestart {
        let mut state = this.state.lock();
        state.tick = state.tick.wrapping_add(1);

        match state.stage {
            Stage::Running | Stage::Failed => this.check(&mut state),
            Stage::Resetting => match this.registers.status() {
                // If that takes for ever, unbinding says so.
                Status::Ready | Status::Fatal => {}
                Status::NotReady => {
                    dev_info!(this.pdev, "the controller is reset\n");
                    this.stop(&mut state);
                }
                Status::Gone => {
                    dev_err!(this.pdev, "the device is gone\n");
                    this.stop(&mut state);
                }
            },
            Stage::Ended => {}
        }

        context.forward_now(match state.stage {
            Stage::Running | Stage::Failed => this.period(),
            Stage::Resetting => RESET_PERIOD,
            Stage::Ended => return HrTimerRestart::NoRestart,
        });
        HrTimerRestart::Restart
    }
}

impl_has_hr_timer! {
    impl HasHrTimer<Self> for Copy {
        mode: RelativeMode<Monotonic>, field: self.timer
    }
}
