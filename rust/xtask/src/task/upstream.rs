// SPDX-License-Identifier: GPL-2.0

//! `make upstream`: Linux 7.3's own users and tests of coherent memory, on the pristine tree and on the
//! grafted one.

use super::conclude;
use crate::build::kbuild::{self, Kernel};
use crate::build::session::Session;
use crate::host::process;
use crate::host::table;
use crate::run::boot::{self, Boot, Plan};
use crate::tree::series::STEPS;
use crate::verdict::report::Report;
use crate::verdict::{Expected, Verdict};
use anyhow::{Context, Result};
use regex_lite::Regex;
use std::fs;
use std::process::{Command, ExitCode};
use std::time::Duration;

const FRAGMENTS: [&str; 2] = ["debug", "upstream"];

/// The suite that kbuild makes of the examples in the `kernel` crate's documentation.
const DOCTESTS: &str = "rust_doctests_kernel";

/// The directories of the tree with code in Rust that uses coherent memory. nova-core is built from
/// that above its own.
const USERS: [&str; 3] = ["rust/", "drivers/gpu/", "samples/rust/"];

/// What the `rust_dma` sample says when it is bound to QEMU's pci-testdev, and when it goes.
const RUST_DMA: [&str; 2] = ["Probe DMA test driver.", "Unload DMA test driver."];

/// Where the series puts its suites, and what builds them.
const KUNITCONFIG: &str = "lib/tests/dma_coherent";

/// What is counted on each tree: first what must not get less, and then what must not get more.
const COUNTS: [&str; 6] = [
    "doctests of the kernel crate that pass",
    "KUnit suites",
    "their cases that pass",
    "rust_dma binds to pci-testdev, and unbinds",
    "warnings of clippy",
    "warnings of rustdoc",
];
const WARNINGS: usize = 4;

type Counts = [usize; COUNTS.len()];

pub fn run(session: &Session) -> Result<ExitCode> {
    let grafted = session.grafted("upstream", &FRAGMENTS)?;
    let pristine = session.pristine("upstream", &FRAGMENTS)?;
    let pristine = count(session, &pristine, "pristine")?;
    let grafted = count(session, &grafted, "grafted")?;
    let mut report = compare(&pristine, &grafted);
    report.number("kunit.py with the series' .kunitconfig", kunit_py(session));

    let mut table = table::new(["upstream's own", "pristine", "grafted"]);
    for (index, name) in COUNTS.iter().enumerate() {
        let counts = [pristine[index], grafted[index]].map(|count| count.to_string());
        table.add_row([*name, &counts[0], &counts[1]]);
    }
    println!("{table}");
    Ok(conclude(session, &report))
}

/// Builds a tree, boots it, and has clippy and rustdoc read it.
fn count(session: &Session, kernel: &Kernel, name: &str) -> Result<Counts> {
    eprintln!("==> the {name} tree");
    kernel.build(&session.workspace, &session.progress)?;
    let logs = session.progress.step(&format!("booting: {name}"), |step| {
        let boot = Boot {
            name: &format!("upstream-{name}"),
            // nova-core has no device here. That it cannot be loaded or unloaded is a finding.
            plan: Plan::default()
                .load_and_unload(&kernel.build.join("samples/rust/rust_dma.ko"))
                .load_and_unload(&kernel.build.join("drivers/gpu/nova-core.ko")),
            arguments: &["-device", "pci-testdev"],
            limit: Duration::from_secs(300),
        };
        boot::run(&session.workspace, step, kernel, &boot)
    })?;
    let expected = Expected {
        suites: Some(vec![DOCTESTS.to_string()]),
        ..Expected::default()
    };
    let verdict = Verdict::of(&logs, &expected).into_result();
    let verdict = verdict.with_context(|| format!("the {name} tree"))?;
    let doctests = verdict.suites.iter().filter(|suite| suite.name == DOCTESTS);
    let doctests = doctests.map(|suite| suite.passed).sum();
    Ok([
        doctests,
        verdict.suites.len(),
        verdict.tests_passed() - doctests,
        usize::from(said_in_order(&logs.console, &RUST_DMA)),
        clippy(session, kernel, name)?,
        // rustdoc reads all of it each time.
        warnings(
            session,
            kernel.make().arg("rustdoc"),
            &format!("rustdoc-{name}"),
        )?,
    ])
}

fn said_in_order(console: &str, lines: &[&str]) -> bool {
    let mut wanted = lines.iter().peekable();
    for line in console.lines() {
        wanted.next_if(|text| line.contains(**text));
    }
    wanted.peek().is_none()
}

/// How many warnings clippy has about the users of coherent memory.
///
/// In a build directory of its own, and from nothing: kbuild shows a warning once.
fn clippy(session: &Session, kernel: &Kernel, name: &str) -> Result<usize> {
    let clippy = kernel.with_build("upstream-clippy");
    clippy.configure(&session.workspace, &session.progress)?;
    for object in ["rust/kernel.o", "drivers/gpu", "samples/rust"] {
        kbuild::remove(&clippy.build.join(object))?;
    }
    let mut make = clippy.make();
    make.args(["CLIPPY=1", "prepare"]).args(USERS);
    warnings(session, &mut make, &format!("clippy-{name}"))
}

/// How many warnings a `make` has.
fn warnings(session: &Session, make: &mut Command, name: &str) -> Result<usize> {
    session.progress.step(name, |step| {
        let log = session.workspace.cache(format!("logs/upstream-{name}.log"));
        process::logged(step, make, &log)?;
        Ok(kbuild::warnings("", &log)?.len())
    })
}

/// Runs the suites as a kernel developer does, in a tree to which the series is applied: with
/// `kunit.py` and the series' `.kunitconfig`. Returns how many cases passed.
fn kunit_py(session: &Session) -> Result<usize> {
    let tree = session.tree(("series", STEPS.len()))?;
    // kunit.py has QEMU try KVM first. All that this tool boots is emulated, so that it is the same
    // everywhere; and there are machines whose KVM opens and then hangs.
    let mut kunit = process::command("unshare");
    kunit
        .args(["--map-root-user", "--mount", "sh", "-c"])
        .arg("[ ! -e /dev/kvm ] || mount --bind /dev/null /dev/kvm; exec \"$@\"")
        .args(["sh", "python3", "-B", "tools/testing/kunit/kunit.py", "run"])
        .args(["--arch", "x86_64", "--kunitconfig", KUNITCONFIG])
        .args(["--build_dir", "build-kunit", "--jobs"])
        .arg(kbuild::jobs().to_string())
        .current_dir(&tree);
    session.toolchain.configure(&mut kunit);
    let log = session.workspace.cache("logs/upstream-kunit.log");
    session
        .progress
        .step("kunit.py in a tree with the whole series", |step| {
            process::logged(step, &mut kunit, &log)
        })?;
    let text = fs::read_to_string(&log)?;
    let passed = Regex::new(r"(?m)Testing complete\. Ran \d+ tests: passed: ([1-9]\d*)\s*$")?;
    let found = passed.captures(&text);
    let found = found.with_context(|| format!("no test passed, see {}", log.display()))?;
    Ok(found[1].parse()?)
}

/// The grafted tree must be as good as the pristine one, and something must have run on both.
fn compare(pristine: &Counts, grafted: &Counts) -> Report {
    let mut report = Report::default();
    for (index, name) in COUNTS.iter().enumerate() {
        let (before, now) = (pristine[index], grafted[index]);
        let good = match index < WARNINGS {
            true => now >= before && now > 0,
            false => now <= before,
        };
        let problem = (!good).then(|| format!("{before} before, {now} now"));
        report.note_problems(*name, problem.into_iter().collect());
    }
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Counts = [300, 9, 80, 1, 0, 2];

    fn failing(grafted: Counts) -> usize {
        compare(&GOOD, &grafted).failing().count()
    }

    #[test]
    fn less_of_what_passes_and_more_warnings_fail() {
        assert_eq!(failing(GOOD), 0);
        assert_eq!(failing([299, 9, 80, 1, 1, 2]), 2);
        assert_eq!(failing([301, 9, 80, 0, 0, 1]), 1);
    }

    #[test]
    fn nothing_run_is_not_as_good_as_before() {
        let nothing = [0; COUNTS.len()];
        assert_eq!(compare(&nothing, &nothing).failing().count(), 4);
    }

    #[test]
    fn a_driver_goes_after_it_came() {
        let log = "a: Probe DMA test driver.\nb: Unload DMA test driver.\n";
        assert!(said_in_order(log, &RUST_DMA));
        assert!(!said_in_order("a: Unload DMA test driver.\n", &RUST_DMA));
        assert!(!said_in_order("a: Probe DMA test driver.\n", &RUST_DMA));
    }
}
