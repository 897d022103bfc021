// SPDX-License-Identifier: GPL-2.0

use super::*;

/// The trace of a real run, see tests/data.
fn real(name: &str) -> String {
    let path = format!("{}/tests/data/trace_{name}.log", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).expect(&path)
}

fn problems(trace: &str) -> String {
    judge(trace).problems.join("\n")
}

/// The header of a trace, made to count the events that follow.
fn with_events(events: &[&str]) -> String {
    let count = events.len();
    real("ok")
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| line.replace("4/4", &format!("{count}/{count}")))
        .chain(events.iter().map(ToString::to_string))
        .map(|line| line + "\n")
        .collect()
}

/// The events of the balanced trace: two allocations, and their frees the other way round.
fn events() -> Vec<String> {
    let is_event = |line: &&str| !line.starts_with('#');
    real("ok")
        .lines()
        .filter(is_event)
        .map(str::to_string)
        .collect()
}

#[test]
fn a_balanced_trace_is_good() {
    let report = judge(&real("ok"));
    assert_eq!(report.problems, Vec::<String>::new());
    assert_eq!(
        (report.made, report.without_mapping, report.freed),
        (2, 1, 2)
    );
}

#[test]
fn allocations_that_fail_need_no_free_and_addresses_may_come_again() {
    let report = judge(&real("failed"));
    assert_eq!(report.problems, Vec::<String>::new());
    assert_eq!((report.made, report.failed, report.freed), (3, 2, 3));
}

#[test]
fn a_leak_is_found() {
    let found = problems(&real("leak"));
    assert!(found.contains("8192 bytes"), "{found}");
    assert!(found.contains("never freed by bad"), "{found}");
}

#[test]
fn a_free_with_another_size_is_found() {
    let report = judge(&real("wrong_size"));
    assert_eq!(report.problems.len(), 1, "{report:?}");
    assert!(
        report.problems[0].contains("freed with size 4096"),
        "{report:?}"
    );
    assert!(report.problems[0].contains("with 8192"), "{report:?}");
}

#[test]
fn a_free_with_other_attributes_is_found() {
    let report = judge(&real("wrong_attrs"));
    assert_eq!(report.problems.len(), 1, "{report:?}");
    assert!(
        report.problems[0].contains("freed with attributes"),
        "{report:?}"
    );
    // Their order says nothing.
    let trace = real("failed").replacen(
        "attrs=WRITE_COMBINE|NO_KERNEL_MAPPING|NO_WARN",
        "attrs=NO_WARN|NO_KERNEL_MAPPING|WRITE_COMBINE",
        1,
    );
    assert_eq!(problems(&trace), "");
}

#[test]
fn a_free_with_another_cookie_is_found() {
    let cookie = "virt_addr=00000000f0e08b3b";
    let trace = real("ok").replacen(cookie, "virt_addr=00000000f0e08b3c", 1);
    assert!(problems(&trace).contains("freed with cookie f0e08b3b"));
}

#[test]
fn a_free_of_another_address_or_device_is_found() {
    let events = events();
    for (from, to) in [
        ("dma_addr=efc000", "dma_addr=efd000"),
        (": bad dir", ": worse dir"),
    ] {
        let wrong = events[3].replace(from, to);
        let found = problems(&with_events(&[&events[0], &wrong]));
        assert!(found.contains("which it does not have"), "{found}");
        assert!(found.contains("never freed by bad"), "{found}");
    }
}

#[test]
fn a_second_free_is_found() {
    let events = events();
    let found = problems(&with_events(&[&events[0], &events[3], &events[3]]));
    assert!(found.contains("which it does not have"), "{found}");
}

#[test]
fn a_second_allocation_of_what_is_in_use_is_found() {
    let events = events();
    let found = problems(&with_events(&[&events[0], &events[0], &events[3]]));
    assert!(found.contains("a second time"), "{found}");
}

#[test]
fn lost_events_are_found() {
    assert!(problems(&real("lost")).contains("only 1960 of 40000 events"));
    let trace = real("ok") + "CPU:1 [LOST 12 EVENTS]\n";
    assert!(problems(&trace).contains("[LOST 12 EVENTS]"));
}

#[test]
fn a_trace_that_is_cut_off_anywhere_is_found() {
    let trace = real("failed");
    for length in 0..trace.trim_end().len() - "attrs=".len() {
        let cut = &trace[..length];
        assert_ne!(problems(cut), "", "{cut}");
    }
    // Also where what is left is balanced.
    let lines: Vec<&str> = trace.lines().collect();
    let found = problems(&lines[..lines.len() - 2].join("\n"));
    assert_eq!(found, "the header counts 8 events, and 6 are here");
}

#[test]
fn a_garbled_event_is_found() {
    assert!(problems(&real("ok").replacen("size=", "sise=", 1)).contains("no size"));
    assert!(problems(&real("ok").replacen("virt_addr=", "virt_addr=x", 1)).contains("virt_addr"));
}

#[test]
fn no_events_are_no_good() {
    assert!(problems(&with_events(&[])).contains("no allocation"));
    assert!(problems("").contains("no allocation"));
}
