// SPDX-License-Identifier: GPL-2.0

use super::*;

/// The trace of a real run, see tests/data.
fn real(name: &str) -> String {
    let path = format!("{}/tests/data/trace_{name}.log", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).expect(&path)
}

fn problems(trace: &str) -> String {
    judge(trace, &[]).problems.join("\n")
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
    let report = judge(&real("ok"), &[]);
    assert_eq!(report.problems, Vec::<String>::new());
    assert_eq!(
        (report.made, report.without_mapping, report.freed),
        (2, 1, 2)
    );
}

#[test]
fn allocations_that_fail_need_no_free_and_addresses_may_come_again() {
    let report = judge(&real("failed"), &[]);
    assert_eq!(report.problems, Vec::<String>::new());
    assert_eq!((report.made, report.failed, report.freed), (3, 2, 3));
}

#[test]
fn a_leak_is_found() {
    let found = problems(&real("leak"));
    assert!(found.contains("size=8192"), "{found}");
    assert!(found.contains("is never freed by bad"), "{found}");
}

#[test]
fn a_free_with_another_size_or_attribute_is_found() {
    for (name, freed, made) in [
        ("wrong_size", "freed with size=4096", "with size=8192"),
        (
            "wrong_attrs",
            "attrs=NO_KERNEL_MAPPING|NO_WARN, and",
            "attrs=NO_KERNEL_MAPPING",
        ),
    ] {
        let problems = judge(&real(name), &[]).problems;
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains(freed), "{problems:?}");
        assert!(problems[0].contains(made), "{problems:?}");
    }
}

#[test]
fn a_free_with_another_cookie_is_found() {
    let cookie = "virt_addr=00000000f0e08b3b";
    let trace = real("ok").replacen(cookie, "virt_addr=00000000f0e08b3c", 1);
    assert!(problems(&trace).contains("virt_addr=00000000f0e08b3c"));
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
    for (from, to) in [("size=", "sise="), ("virt_addr=", "virt_addr=x")] {
        assert!(problems(&real("ok").replacen(from, to, 1)).contains("is no event"));
    }
}

#[test]
fn a_trace_may_be_empty_but_has_a_header() {
    assert_eq!(problems(&with_events(&[])), "");
    assert!(problems("").contains("no header"));
}

#[test]
fn a_device_can_be_left_out() {
    let judge = |name: &str| judge(&real("leak"), &[name.to_string()]);
    assert_eq!((judge("bad").made, judge("bad").problems.len()), (0, 0));
    assert_eq!(judge("other").problems.len(), 1);
}

#[test]
fn what_lives_at_each_mark_is_counted() {
    let found = judge(&real("marks"), &[]);
    assert_eq!(found.problems, [""; 0]);
    let expected = [("bound tied", 1), ("unbound tied", 0)];
    let expected = expected.map(|(mark, live)| (mark.to_string(), live));
    assert_eq!(found.marks, expected);
}

const TOTALS: &str = "\
# totals dma_alloc
# event histogram
#
# trigger info: hist:keys=device:vals=hitcount,size:sort=hitcount:size=2048 if virt_addr != 0 [active]
#

{ device: 0000:00:01.0                                       } hitcount:          2  size:       8192
{ device: normal                                             } hitcount:         10  size:      81920

Totals:
    Hits: 12
    Entries: 2
    Dropped: 0
# totals dma_free
{ device: normal                                             } hitcount:         10  size:      81920
{ device: 0000:00:01.0                                       } hitcount:          2  size:       8192

Totals:
    Hits: 12
    Entries: 2
    Dropped: 0
";

#[test]
fn a_leak_and_a_wrong_size_show_in_the_totals() {
    judge_totals(TOTALS, &[]).expect("balanced");
    let leak = TOTALS.replacen("hitcount:          2", "hitcount:          3", 1);
    let error = judge_totals(&leak, &[]).expect_err("one is not freed");
    assert!(error.to_string().contains("0000:00:01.0"), "{error}");
    assert!(!error.to_string().contains("normal"), "{error}");
    judge_totals(&leak, &["0000:00:01.0".to_string()]).expect("it is not judged");
    let size = TOTALS.replacen("size:       8192", "size:       4096", 1);
    judge_totals(&size, &[]).expect_err("more is freed than there is");
}

#[test]
fn what_was_not_counted_is_not_good() {
    judge_totals(&TOTALS.replacen("Dropped: 0", "Dropped: 7", 1), &[]).expect_err("dropped");
    judge_totals("", &[]).expect_err("nothing");
    let none: String = TOTALS
        .lines()
        .filter(|line| !line.starts_with('{'))
        .map(|l| l.to_string() + "\n")
        .collect();
    judge_totals(&none, &[]).expect_err("no allocation");
}
