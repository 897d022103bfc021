// SPDX-License-Identifier: GPL-2.0

//! Shows the steps of a task while they run, and their times at the end.
//!
//! Steps may run side by side, so each line names its step.

use anyhow::Result;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How often a step that is still running is reported.
const HEARTBEAT: Duration = Duration::from_secs(20);

pub struct Progress {
    started: Instant,
    steps: Mutex<Vec<(String, Duration)>>,
}

/// A running step.
pub struct Step {
    name: String,
    started: Instant,
    reported: Mutex<Instant>,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            steps: Mutex::default(),
        }
    }
}

impl Progress {
    /// Runs one step: prints its name, shows its progress, and records its time.
    pub fn step<T>(&self, name: &str, work: impl FnOnce(&Step) -> Result<T>) -> Result<T> {
        eprintln!("==> {name}");
        let started = Instant::now();
        let result = work(&Step {
            name: name.to_string(),
            started,
            reported: Mutex::new(started),
        });
        let took = started.elapsed();
        if result.is_err() {
            eprintln!("==> {name}: FAILED ({})", seconds(took));
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
    /// Shows the last line of output now and then.
    pub fn progress(&self, line: impl FnOnce() -> String) {
        let mut reported = lock(&self.reported);
        if reported.elapsed() >= HEARTBEAT {
            *reported = Instant::now();
            let elapsed = seconds(self.started.elapsed());
            self.say(&format!("{}: {elapsed}, at: {}", self.name, line()));
        }
    }

    /// Prints a line.
    pub fn say(&self, text: &str) {
        eprintln!("    {text}");
    }
}

/// The list of times is valid even after a panic in another thread.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
