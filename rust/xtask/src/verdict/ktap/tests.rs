// SPDX-License-Identifier: GPL-2.0

use super::*;
use crate::verdict::report::Check;

/// The log of a real run, see tests/data.
fn real(name: &str) -> String {
    let path = format!(
        "{}/tests/data/console-{name}.log",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read_to_string(&path).expect(&path)
}

fn named<'a>(suites: &'a Report, name: &str) -> &'a Check {
    let mut found = suites.checks.iter().filter(|suite| suite.name == name);
    let suite = found.next().expect(name);
    assert!(found.next().is_none(), "{name} is there twice");
    suite
}

/// Whether a test of each of these suites passed.
fn passed<const N: usize>(suites: &Report, names: [&str; N]) -> [bool; N] {
    names.map(|name| suites.checks.iter().any(|s| s.name == name && s.passed > 0))
}

const GOOD: &str = "\
[    0.100000] KTAP version 1
[    0.100000] 1..1
[    0.100000]     KTAP version 1
[    0.100000]     # Subtest: first
[    0.100000]     1..2
[    0.100000]     ok 1 one
[    0.100000] random: something in between
[    0.100000]     ok 2 two
[    0.100000] # first: pass:2 fail:0 skip:0 total:2
[    0.100000] ok 1 first
";

#[test]
fn a_good_run_with_suites_in_the_kernel_and_in_a_module_is_good() {
    let summary = read(&real("clean"));
    assert!(summary.good(), "{summary:?}");
    let wanted = [
        "rust_kernel_fmt",
        "dma_coherent_alloc",
        "dma_coherent_project",
    ];
    assert_eq!(passed(&summary, wanted), [true; 3]);
    assert_eq!(named(&summary, "dma_coherent_alloc").passed, 9);
}

#[test]
fn failures_crashes_and_skips_are_told_apart() {
    let summary = read(&real("kunit"));
    let first = named(&summary, "bad_first");
    assert_eq!((first.passed, first.failed, first.skipped), (1, 1, 1));
    let said = "fails: FAILED\n        # fails: EXPECTATION FAILED at badk.c:4\n";
    assert!(first.reasons[0].starts_with(said), "{first:?}");
    let second = named(&summary, "bad_second");
    assert_eq!((second.passed, second.failed), (1, 1));
    assert!(second.reasons[0].contains("    # crashes: try faulted"));
}

#[test]
fn the_suites_of_every_module_are_read() {
    let summary = read(&real("ktap-two-modules"));
    assert_eq!(named(&summary, "good").failed, 0);
    assert_eq!(named(&summary, "bad_second").failed, 1);
    let parameters = named(&summary, "params");
    assert_eq!((parameters.passed, parameters.failed), (3, 1));
    assert!(parameters.reasons[0].starts_with("with_params: number 2: FAILED\n"));
}

#[test]
fn a_suite_that_cannot_begin_has_failed() {
    let summary = read(&real("ktap-two-modules"));
    let suite = named(&summary, "no_init");
    assert_eq!((suite.passed, suite.failed), (0, 1));
    assert!(suite.reasons[0].contains("failed to initialize (-5)"));
}

#[test]
fn a_suite_without_cases_or_with_skipped_ones_only_is_missing() {
    // KUnit drops the suite `empty` of that module without a word.
    let summary = read(&real("ktap-two-modules"));
    let names = ["good", "empty", "skipped", "params", "never"];
    assert_eq!(passed(&summary, names), [true, false, false, true, false]);
}

#[test]
fn a_panic_in_a_test_fails_it_and_those_after_it() {
    let summary = read(&real("ktap-panic"));
    let suite = named(&summary, "panicking");
    assert_eq!((suite.passed, suite.failed), (1, 2));
    assert_eq!(
        suite.reasons,
        ["KTAP: 1 of 3 ended", "KTAP: it did not end"]
    );
    assert_eq!(passed(&summary, ["before", "after"]), [true, false]);
    assert!(named(&summary, "KTAP").reasons[0].contains("1 of 3 ended"));
}

#[test]
fn a_log_that_is_cut_off_anywhere_is_not_good() {
    let lines: Vec<&str> = GOOD.lines().collect();
    for end in 0..lines.len() {
        let summary = read(&lines[..end].join("\n"));
        assert!(!summary.good(), "{end}: {summary:?}");
    }
    assert!(read(&lines.join("\r\n")).good());
}

#[test]
fn a_log_without_one_of_its_lines_is_not_good() {
    let lines: Vec<&str> = GOOD.lines().collect();
    for (index, line) in lines.iter().enumerate() {
        let mut rest = lines.clone();
        rest.remove(index);
        let said_by_chance = line.contains("random") || line.contains("# ");
        let summary = read(&rest.join("\n"));
        assert_eq!(summary.good(), said_by_chance, "{line}: {summary:?}");
    }
}

#[test]
fn no_tests_are_not_good() {
    assert!(!read("").good());
    assert!(!read("[    0.100000] coherent: end\n").good());
    assert!(!read("[    0.100000] KTAP version 1\n[    0.100000] 1..0\n").good());
    let skipped = GOOD
        .replace("one", "one # SKIP")
        .replace("two", "two # SKIP");
    assert!(!read(&skipped).good());
}
