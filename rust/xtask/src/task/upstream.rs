// SPDX-License-Identifier: GPL-2.0

//! `make upstream`: what Linux 7.3 itself has of users and tests of coherent memory, on the pristine
//! tree and on the grafted one.

use crate::build::kbuild::{self, Kernel, Lints};
use crate::build::session::Session;
use crate::host::process;
use crate::host::table;
use crate::run::boot::{self, Boot, Plan};
use crate::tree::series::STEPS;
use crate::verdict::ktap::Suite;
use crate::verdict::{Expected, Verdict};
use anyhow::{Context, Result};
use regex_lite::Regex;
use std::fs;
use std::process::ExitCode;
use std::time::Duration;

const FRAGMENTS: [&str; 2] = ["debug", "upstream"];

/// The suite that kbuild makes of the examples in the `kernel` crate's documentation.
const DOCTESTS: &str = "rust_doctests_kernel";

/// The directories of the tree with code in Rust that uses coherent memory. nova-core is built from
/// that above its own.
const USERS: [&str; 3] = ["rust/", "drivers/gpu/", "samples/rust/"];

/// What the `rust_dma` sample says when it is bound to QEMU's pci-testdev, and when it goes.
const RUST_DMA: [&str; 2] = ["Probe DMA test driver.", "Unload DMA test driver."];

/// What user space says of nova-core, which has no device here. What fails is a finding.
const NOVA_CORE: [&str; 2] = ["step insmod /lib/nova-core.ko", "step rmmod nova-core"];

/// Where the series puts its suites, and what builds them.
const KUNITCONFIG: &str = "lib/tests/dma_coherent";

/// What one tree did.
struct Side {
    doctests: usize,
    suites: usize,
    cases: usize,
    rust_dma: bool,
    nova_core: bool,
    warnings: [usize; 2],
}

pub fn run(session: &Session) -> Result<ExitCode> {
    let grafted = session.grafted("upstream", &FRAGMENTS)?;
    let pristine = session.pristine("upstream", &FRAGMENTS)?;
    let pristine = side(session, &pristine, "pristine")?;
    let grafted = side(session, &grafted, "grafted")?;

    let kunit_py = kunit_py(session)?;
    let (text, failed) = compare(&pristine, &grafted, kunit_py);
    println!("{text}");
    println!("{}", session.progress.times());
    for check in &failed {
        eprintln!("FAILED: {check}");
    }
    Ok(if failed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Builds a tree, boots it, and has clippy and rustdoc read it.
fn side(session: &Session, kernel: &Kernel, name: &str) -> Result<Side> {
    eprintln!("==> the {name} tree");
    kernel.build(&session.workspace, &session.progress)?;
    let nova_core = kernel.build.join("drivers/gpu/nova-core.ko");
    let run = format!("upstream-{name}");
    let logs = session.progress.step(&format!("booting: {name}"), |step| {
        let boot = Boot {
            name: &run,
            plan: Plan::default()
                .load_and_unload(&kernel.build.join("samples/rust/rust_dma.ko"))
                .load_and_unload(&nova_core),
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
    let suites = verdict.with_context(|| format!("the {name} tree"))?.suites;
    Ok(Side {
        doctests: passed(&suites, |suite| suite == DOCTESTS),
        cases: passed(&suites, |suite| suite != DOCTESTS),
        suites: suites.len(),
        rust_dma: said_in_order(&logs.console, &RUST_DMA),
        nova_core: said_in_order(&logs.console, &NOVA_CORE),
        warnings: [
            clippy(session, kernel, name)?,
            rustdoc(session, kernel, name)?,
        ],
    })
}

fn passed(suites: &[Suite], of: impl Fn(&str) -> bool) -> usize {
    let suites = suites.iter().filter(|suite| of(&suite.name));
    suites.map(|suite| suite.passed).sum()
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
    session.progress.step(&format!("clippy: {name}"), |step| {
        for object in ["rust/kernel.o", "drivers/gpu", "samples/rust"] {
            kbuild::remove(&clippy.build.join(object))?;
        }
        let log = session
            .workspace
            .cache(format!("logs/upstream-clippy-{name}.log"));
        let mut make = clippy.make(Lints::Clippy);
        process::logged(step, make.arg("prepare").args(USERS), &log)?;
        Ok(kbuild::warnings(&log)?.len())
    })
}

/// How many warnings rustdoc has. It reads all of it each time.
fn rustdoc(session: &Session, kernel: &Kernel, name: &str) -> Result<usize> {
    session.progress.step(&format!("rustdoc: {name}"), |step| {
        let log = session
            .workspace
            .cache(format!("logs/upstream-rustdoc-{name}.log"));
        process::logged(step, kernel.make(Lints::Rustc).arg("rustdoc"), &log)?;
        Ok(kbuild::warnings(&log)?.len())
    })
}

/// Runs the suites as a kernel developer does, in a tree to which the series is applied: with
/// `kunit.py` and the series' `.kunitconfig`. Returns how many cases passed.
fn kunit_py(session: &Session) -> Result<usize> {
    let (toolchain, _) = session.prepare()?;
    let source = session.source()?;
    let (workspace, progress) = (&session.workspace, &session.progress);
    let tree = kbuild::with_steps(workspace, progress, &source, "series", STEPS.len())?;
    session
        .progress
        .step("kunit.py in an applied tree", |step| {
            // kunit.py has QEMU try KVM first. All that this tool boots is emulated, so that it is the
            // same everywhere; and there are machines whose KVM opens and then hangs.
            let mut kunit = process::command("unshare");
            kunit
                .args(["--map-root-user", "--mount", "sh", "-c"])
                .arg("[ ! -e /dev/kvm ] || mount --bind /dev/null /dev/kvm; exec \"$@\"")
                .args(["sh", "python3", "-B", "tools/testing/kunit/kunit.py", "run"])
                .args(["--arch", "x86_64", "--kunitconfig", KUNITCONFIG])
                .args(["--build_dir", "build-kunit", "--jobs"])
                .arg(kbuild::jobs().to_string())
                .current_dir(&tree);
            toolchain.configure_kunit(&mut kunit);
            let log = session.workspace.cache("logs/upstream-kunit.log");
            process::logged(step, &mut kunit, &log)?;
            let text = fs::read_to_string(&log)?;
            let passed = Regex::new(r"Testing complete\. Ran \d+ tests: passed: (\d+)$")?;
            let found = text
                .lines()
                .find_map(|line| passed.captures(line.trim_end()));
            let found =
                found.with_context(|| format!("kunit.py says no result, see {}", log.display()))?;
            Ok(found[1].parse()?)
        })
}

/// The two beside each other, and the checks that the grafted one does not pass.
fn compare(pristine: &Side, grafted: &Side, kunit_py: usize) -> (String, Vec<String>) {
    let said = |good: bool| {
        if good {
            "loads and unloads"
        } else {
            "does not"
        }
        .to_string()
    };
    let rows = [
        (
            "doctests of the kernel crate that pass",
            pristine.doctests.to_string(),
            grafted.doctests.to_string(),
            grafted.doctests >= pristine.doctests && pristine.doctests > 0,
        ),
        (
            "KUnit suites",
            pristine.suites.to_string(),
            grafted.suites.to_string(),
            grafted.suites >= pristine.suites,
        ),
        (
            "their cases that pass",
            pristine.cases.to_string(),
            grafted.cases.to_string(),
            grafted.cases >= pristine.cases && pristine.cases > 0,
        ),
        (
            "rust_dma on pci-testdev",
            said(pristine.rust_dma),
            said(grafted.rust_dma),
            grafted.rust_dma,
        ),
        (
            "nova-core",
            said(pristine.nova_core),
            said(grafted.nova_core),
            grafted.nova_core,
        ),
        (
            "warnings of clippy",
            pristine.warnings[0].to_string(),
            grafted.warnings[0].to_string(),
            grafted.warnings[0] <= pristine.warnings[0],
        ),
        (
            "warnings of rustdoc",
            pristine.warnings[1].to_string(),
            grafted.warnings[1].to_string(),
            grafted.warnings[1] <= pristine.warnings[1],
        ),
        (
            "kunit.py with the series' .kunitconfig",
            "none".to_string(),
            kunit_py.to_string(),
            kunit_py > 0,
        ),
    ];
    let mut table = table::new(["upstream's own", "pristine", "grafted", "verdict"]);
    let mut failed = Vec::new();
    for (check, before, after, good) in rows {
        if !good {
            failed.push(format!("{check}: {before} before, {after} now"));
        }
        let verdict = if good { "ok" } else { "FAILED" };
        table.add_row([check, &before, &after, verdict]);
    }
    (table.to_string(), failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_side() -> Side {
        Side {
            doctests: 300,
            suites: 9,
            cases: 80,
            rust_dma: true,
            nova_core: true,
            warnings: [0, 2],
        }
    }

    #[test]
    fn one_doctest_less_fails() {
        assert!(compare(&a_side(), &a_side(), 50).1.is_empty());
        let mut grafted = a_side();
        grafted.doctests -= 1;
        grafted.warnings[0] += 1;
        let (_, failed) = compare(&a_side(), &grafted, 50);
        assert_eq!(failed.len(), 2, "{failed:?}");
        assert!(failed[0].contains("doctests"), "{failed:?}");
    }

    #[test]
    fn nothing_run_is_not_as_good_as_before() {
        let mut nothing = a_side();
        nothing.doctests = 0;
        assert!(!compare(&nothing, &nothing, 50).1.is_empty());
    }

    #[test]
    fn a_driver_goes_after_it_came() {
        let log = "a: Probe DMA test driver.\nb: Unload DMA test driver.\n";
        assert!(said_in_order(log, &RUST_DMA));
        assert!(!said_in_order("a: Unload DMA test driver.\n", &RUST_DMA));
        assert!(!said_in_order("a: Probe DMA test driver.\n", &RUST_DMA));
    }
}
