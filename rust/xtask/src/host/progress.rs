// SPDX-License-Identifier: GPL-2.0

//! Shows the steps of a task while they run, and their times at the end.
//!
//! Steps may run side by side, so everything works through shared references.

use anyhow::Result;
use indicatif::{HumanDuration, MultiProgress, ProgressBar, ProgressStyle};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How often a run without a terminal reports a step that is still running.
const HEARTBEAT: Duration = Duration::from_secs(60);

pub struct Progress {
    started: Instant,
    /// Hidden if there is no terminal.
    bars: MultiProgress,
    steps: Mutex<Vec<(String, Duration)>>,
}

/// A running step.
pub struct Step {
    bar: ProgressBar,
    reported: Mutex<Instant>,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            bars: MultiProgress::new(),
            steps: Mutex::default(),
        }
    }
}

impl Progress {
    /// Runs one step: prints its name, shows its progress, and records its time.
    pub fn step<T>(&self, name: &str, work: impl FnOnce(&Step) -> Result<T>) -> Result<T> {
        let bar = ProgressBar::new_spinner().with_message(name.to_string());
        let style = ProgressStyle::with_template("{spinner} {msg} ({elapsed}) {prefix:.dim}")?;
        let step = Step {
            bar: self.bars.add(bar.with_style(style)),
            reported: Mutex::new(Instant::now()),
        };
        if step.bar.is_hidden() {
            eprintln!("==> {name}");
        } else {
            step.bar.enable_steady_tick(Duration::from_millis(120));
        }

        let result = work(&step);

        let took = step.bar.elapsed();
        if !step.bar.is_hidden() {
            step.bar.finish_and_clear();
            let mark = if result.is_ok() { "ok" } else { "FAILED" };
            let line = format!("==> {name}: {mark} ({})", seconds(took));
            self.bars.suspend(|| eprintln!("{line}"));
        }
        lock(&self.steps).push((name.to_string(), took));
        result
    }

    /// The times of the steps so far, as a table. Steps that ran side by side overlap.
    pub fn times(&self) -> String {
        let mut table = crate::host::table::new(["step", "time"]);
        for (name, took) in lock(&self.steps).iter() {
            table.add_row([name, &seconds(*took)]);
        }
        table.add_row(["from start to end", &seconds(self.started.elapsed())]);
        table.to_string()
    }
}

impl Step {
    /// Shows the last line of output.
    pub fn progress(&self, detail: &str) {
        self.bar
            .set_prefix(detail.chars().take(90).collect::<String>());
        let mut reported = lock(&self.reported);
        if self.bar.is_hidden() && reported.elapsed() >= HEARTBEAT {
            *reported = Instant::now();
            let elapsed = HumanDuration(self.bar.elapsed());
            eprintln!("    {}: {elapsed}, at: {detail}", self.bar.message());
        }
    }

    /// Prints a line that stays on the screen.
    pub fn say(&self, text: &str) {
        self.bar.suspend(|| eprintln!("    {text}"));
    }
}

/// The list of times is valid even after a panic in another thread.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
