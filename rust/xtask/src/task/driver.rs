// SPDX-License-Identifier: GPL-2.0

//! `make driver`: builds a person's external module, loads and unloads it in QEMU, and judges what
//! the kernel says meanwhile.

use super::exit_code;
use crate::build::session::Session;
use crate::check::boot;
use crate::check::driver::{self, Request};
use crate::verdict::console::strip_time;
use crate::verdict::{Expected, Logs, Verdict};
use anyhow::{Context, Result};
use std::process::ExitCode;
use std::time::Duration;

pub fn run(session: &Session, request: &Request) -> Result<ExitCode> {
    // What can be wrong with the settings is said before anything is built.
    let directory = request.directory()?.context(
        "name the directory of your module with M=, as in `make driver M=path/to/module`; \
         samples/first_driver is one to start from",
    )?;
    let arguments = request.qemu_arguments()?;

    let kernel = session.debug_kernel()?;
    let modules = driver::build(session, &kernel, &directory)?;
    let (plan, limit) = (driver::plan(&modules), Duration::from_secs(request.timeout));
    let logs = boot(session, &kernel, "driver", plan, &arguments, limit)?;
    let (text, good) = report(&logs);
    println!("{text}");
    Ok(exit_code(good))
}

/// What a person wants to read of a run, and whether it was good.
fn report(logs: &Logs) -> (String, bool) {
    let verdict = Verdict::of(logs, &Expected::default());
    // From loading to unloading.
    let mut text = String::from("\n");
    let mut unbound = Vec::new();
    let lines = logs.console.lines();
    for line in lines
        .skip_while(|line| !strip_time(line).starts_with("coherent: step "))
        .take_while(|line| strip_time(line) != "coherent: end")
    {
        text += &format!("{line}\n");
        unbound.extend(strip_time(line).strip_prefix("coherent: no device for "));
    }
    text += &format!("\n{}", verdict.report.explanations());
    if !unbound.is_empty() {
        text += &format!(
            "note: no device is bound to {}; QEMU_ARGS='-device …' adds one to the machine\n",
            unbound.join(", ")
        );
    }
    if logs.timed_out {
        text += "note: TIMEOUT= sets another time limit\n";
    }
    text += match verdict.report.good() {
        true => "loaded and unloaded, and nothing to complain about",
        false => "FAILED",
    };
    text += &format!(" ({})", logs.console_path.display());
    (text, verdict.report.good())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn logs(console: &str, trace: &str) -> Logs {
        Logs {
            console_path: "console.log".into(),
            console: console.to_string(),
            trace: trace.to_string(),
            timed_out: false,
        }
    }

    const GOOD: &str = "\
[    0.100000] Linux version 7.3.4
[    1.000000] coherent: init start
[    1.100000] coherent: step insmod /lib/a-b.ko
[    1.200000] a_b 0000:00:01.0: hello
[    1.300000] coherent: step rmmod a-b
[    1.400000] coherent: end
[    1.500000] reboot: Power down
";

    #[test]
    fn the_log_from_loading_to_unloading_is_shown() {
        let (text, good) = report(&logs(GOOD, ""));
        assert!(good, "{text}");
        assert!(text.contains("a_b 0000:00:01.0: hello"), "{text}");
        assert!(text.contains("step rmmod a-b"), "{text}");
        assert!(!text.contains("Linux version"), "{text}");
        assert!(!text.contains("Power down"), "{text}");
        assert!(text.ends_with("nothing to complain about (console.log)"));
    }

    #[test]
    fn a_driver_without_a_device_is_noted_and_no_failure() {
        let console = GOOD.replace("a_b 0000:00:01.0: hello", "coherent: no device for pci:a_b");
        let (text, good) = report(&logs(&console, ""));
        assert!(good, "{text}");
        let note = "note: no device is bound to pci:a_b";
        assert!(text.contains(note), "{text}");
    }

    #[test]
    fn a_run_that_is_cut_off_shows_what_there_is() {
        let mut logs = logs(&GOOD[..GOOD.find("[    1.300000]").expect("a line")], "");
        logs.timed_out = true;
        let (text, good) = report(&logs);
        assert!(!good);
        for wanted in ["hello", "TIMEOUT=", "it was at: step insmod /lib/a-b.ko"] {
            assert!(text.contains(wanted), "{text}");
        }
    }

    #[test]
    fn a_warning_and_a_leak_of_memory_are_failures() {
        let path = format!("{}/tests/data/trace_leak.log", env!("CARGO_MANIFEST_DIR"));
        let trace = fs::read_to_string(path).expect("a trace");
        let warning = GOOD.replace("a_b 0000:00:01.0: hello", "WARNING: a.c:1 at f+0x1/0x2");
        let (text, good) = report(&logs(&warning, &trace));
        assert!(!good);
        // In the log, and among the reasons.
        assert_eq!(text.matches("WARNING: a.c:1").count(), 2, "{text}");
        assert!(text.contains("never freed"), "{text}");
    }
}
