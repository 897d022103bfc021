// SPDX-License-Identifier: GPL-2.0

use super::*;
use std::path::PathBuf;

fn read(log: &str) -> Summary {
    let tree = PathBuf::from(
        std::env::var_os("KERNEL_TREE")
            .expect("KERNEL_TREE names a pristine 7.3 tree for these tests; `make test` sets it"),
    );
    summarise(&tree, log).expect("a summary")
}

/// The log of a real run, see tests/data.
fn real(name: &str) -> String {
    let path = format!(
        "{}/tests/data/console-{name}.log",
        env!("CARGO_MANIFEST_DIR")
    );
    fs::read_to_string(&path).expect(&path)
}

fn named<'a>(summary: &'a Summary, name: &str) -> &'a Suite {
    let mut found = summary.suites.iter().filter(|suite| suite.name == name);
    let suite = found.next().expect(name);
    assert!(found.next().is_none(), "{name} is there twice");
    suite
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
    assert!(summary.counts.good(), "{summary:?}");
    assert_eq!(summary.diagnosis, "");
    let wanted = [
        "rust_kernel_fmt",
        "dma_coherent_alloc",
        "dma_coherent_project",
    ];
    assert_eq!(summary.missing(&wanted), [""; 0]);
    assert_eq!(named(&summary, "dma_coherent_alloc").counts.passed, 9);
}

#[test]
fn failures_crashes_and_skips_are_told_apart() {
    let summary = read(&real("kunit"));
    let first = named(&summary, "bad_first").counts;
    assert_eq!((first.passed, first.failed, first.skipped), (1, 1, 1));
    let failures: Vec<&str> = summary
        .suites
        .iter()
        .flat_map(|suite| &suite.failures)
        .map(String::as_str)
        .collect();
    assert_eq!(
        failures,
        ["bad_first.fails: FAIL", "bad_second.crashes: FAIL"]
    );
    assert!(
        summary
            .diagnosis
            .contains("\nExpected 1 == 2, but\n[FAILED] fails\n")
    );
    assert!(summary.diagnosis.contains("RIP: 0010:crashes"));
}

#[test]
fn the_suites_of_every_module_are_read() {
    let summary = read(&real("ktap-two-modules"));
    assert!(named(&summary, "good").counts.good());
    assert!(!named(&summary, "bad_second").counts.good());
    let parameters = named(&summary, "params");
    assert_eq!(parameters.counts.passed, 3);
    assert_eq!(parameters.failures, ["params.with_params.number 2: FAIL"]);
}

#[test]
fn a_suite_that_cannot_begin_has_failed() {
    let summary = read(&real("ktap-two-modules"));
    let suite = named(&summary, "no_init");
    assert_eq!(suite.counts.bad(), 1);
    assert_eq!(suite.failures, ["no_init: FAIL"]);
    let sum: usize = summary.suites.iter().map(|suite| suite.counts.bad()).sum();
    assert_eq!(sum, summary.counts.bad());
}

#[test]
fn a_suite_without_cases_or_with_skipped_ones_only_is_missing() {
    // KUnit drops the suite `empty` of that module without a word.
    let summary = read(&real("ktap-two-modules"));
    let missing = summary.missing(&["good", "empty", "skipped", "params", "never"]);
    assert_eq!(missing, ["empty", "skipped", "never"]);
}

#[test]
fn a_panic_in_a_test_fails_it_and_those_after_it() {
    let summary = read(&real("ktap-panic"));
    let suite = named(&summary, "panicking");
    assert_eq!((suite.counts.passed, suite.counts.crashed), (1, 2));
    assert!(
        suite
            .failures
            .contains(&"panicking.(did not run): ERROR".to_string())
    );
    assert_eq!(named(&summary, "(did not run)").counts.crashed, 1);
    assert_eq!(summary.missing(&["before", "after"]), ["after"]);
}

#[test]
fn a_log_that_is_cut_off_anywhere_is_not_good() {
    let lines: Vec<&str> = GOOD.lines().collect();
    for end in 0..lines.len() {
        let summary = read(&lines[..end].join("\n"));
        assert!(!summary.counts.good(), "{end}: {summary:?}");
    }
    assert!(read(&lines.join("\r\n")).counts.good());
}

#[test]
fn a_log_without_one_of_its_lines_is_not_good() {
    let lines: Vec<&str> = GOOD.lines().collect();
    for (index, line) in lines.iter().enumerate() {
        let mut rest = lines.clone();
        rest.remove(index);
        let said_by_chance = line.contains("random") || line.contains("# ");
        let summary = read(&rest.join("\n"));
        assert_eq!(summary.counts.good(), said_by_chance, "{line}: {summary:?}");
    }
}

#[test]
fn no_tests_are_not_good() {
    assert!(!read("").counts.good());
    assert!(!read("[    0.100000] coherent: end\n").counts.good());
    assert!(
        !read("[    0.100000] KTAP version 1\n[    0.100000] 1..0\n")
            .counts
            .good()
    );
    let skipped = GOOD
        .replace("one", "one # SKIP")
        .replace("two", "two # SKIP");
    assert!(!read(&skipped).counts.good());
}
