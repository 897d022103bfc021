// SPDX-License-Identifier: GPL-2.0

//! What a person sees while the tool works: the step it is at, and at the end how long each took.

use anyhow::Result;
use indicatif::{HumanDuration, ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// How often a run without a terminal says that it is still alive.
const HEARTBEAT: Duration = Duration::from_secs(60);

#[derive(Default)]
pub struct Ui {
    steps: Vec<(String, Duration)>,
}

/// The step at hand, for progress.
pub struct Step {
    bar: Option<ProgressBar>,
    name: String,
    started: Instant,
    spoke: Instant,
}

impl Ui {
    /// Runs one step: says what it is, shows its progress, and notes its time.
    pub fn step<T>(&mut self, name: &str, work: impl FnOnce(&mut Step) -> Result<T>) -> Result<T> {
        let started = Instant::now();
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new_spinner().with_message(name.to_string());
            if let Ok(style) =
                ProgressStyle::with_template("{spinner} {msg} ({elapsed}) {prefix:.dim}")
            {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        if bar.is_none() {
            eprintln!("==> {name}");
        }
        let mut step = Step {
            bar,
            name: name.to_string(),
            started,
            spoke: started,
        };

        let result = work(&mut step);

        let took = started.elapsed();
        if let Some(bar) = step.bar {
            bar.finish_and_clear();
            let mark = if result.is_ok() { "ok" } else { "FAILED" };
            eprintln!("==> {name}: {mark} ({})", seconds(took));
        }
        self.steps.push((name.to_string(), took));
        result
    }

    /// The times of the steps so far, as a table.
    pub fn times(&self) -> String {
        let mut table = crate::host::table::new(["step", "time"]);
        let mut total = Duration::ZERO;
        for (name, took) in &self.steps {
            table.add_row([name.clone(), seconds(*took)]);
            total += *took;
        }
        table.add_row(["together".to_string(), seconds(total)]);
        table.to_string()
    }
}

impl Step {
    /// Shows the newest sign of life.
    pub fn progress(&mut self, detail: &str) {
        match &self.bar {
            Some(bar) => bar.set_prefix(detail.trim().chars().take(90).collect::<String>()),
            None if self.spoke.elapsed() >= HEARTBEAT => {
                self.spoke = Instant::now();
                eprintln!(
                    "    {}: {}, at: {}",
                    self.name,
                    HumanDuration(self.started.elapsed()),
                    detail.trim()
                );
            }
            None => {}
        }
    }

    /// Says something that stays on the screen.
    pub fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(format!("    {text}")),
            None => eprintln!("    {text}"),
        }
    }

    /// Shows what another program has said, as it is.
    pub fn say_plainly(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(text),
            None => eprintln!("{text}"),
        }
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
