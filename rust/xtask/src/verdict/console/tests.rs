// SPDX-License-Identifier: GPL-2.0

use super::*;

/// The log of a real run, see tests/data.
fn log(name: &str) -> String {
    let path = format!(
        "{}/tests/data/console-{name}.log",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read_to_string(&path).expect(&path)
}

/// The first lines of the findings.
fn found(log: &str) -> Vec<String> {
    let first = |finding: Finding| finding.excerpt.lines().next().map(str::to_string);
    judge(log).into_iter().filter_map(first).collect()
}

/// Checks how the findings begin.
fn assert_found(log: &str, expected: &[&str]) {
    let found = found(log);
    let begin = |(line, start): (&String, &&str)| line.starts_with(start);
    let all = found.iter().zip(expected).all(begin);
    assert!(
        found.len() == expected.len() && all,
        "{found:#?} and not {expected:#?}"
    );
}

const NO_END: &str = "the run did not reach its end";

#[test]
fn a_good_run_has_no_findings() {
    assert_eq!(judge(&log("clean")), []);
}

#[test]
fn a_panic_is_found_and_so_is_the_missing_end() {
    assert_found(&log("panic"), &["Kernel panic", NO_END]);
    let findings = judge(&log("panic"));
    assert!(findings[0].excerpt.contains("bad: asked for"));
    let place = "it was at: step insmod /lib/bad.ko what=panic";
    assert!(findings[1].excerpt.contains(place));
}

#[test]
fn an_oops_is_found_once_although_its_registers_are_printed_twice() {
    for (name, beginning) in [
        ("oops", "BUG: kernel NULL pointer dereference"),
        ("page", "BUG: unable to handle page fault"),
        ("gp", "Oops: general protection fault"),
        ("bug", CUT_HERE),
    ] {
        let log = log(name);
        // The module can neither be loaded nor unloaded after that.
        let failed = "coherent: failed insmod";
        let said = "rmmod: can't unload module";
        assert_found(&log, &[beginning, failed, said, "coherent: failed rmmod"]);
        assert!(judge(&log)[0].excerpt.contains("\nRIP: 0010:"), "{name}");
    }
}

#[test]
fn an_oops_and_the_panic_after_it_are_both_found() {
    assert_found(&log("oops-panic"), &["BUG: ", "Kernel panic", NO_END]);
}

#[test]
fn an_oops_without_its_beginning_is_found() {
    let log = log("oops");
    let start = "Oops: Oops: 0002";
    assert!(found(&log[log.find(start).expect(start)..])[0].starts_with(start));
}

#[test]
fn a_warning_is_found_once_with_its_message() {
    assert_found(&log("warn"), &[CUT_HERE]);
    let warning = &judge(&log("warn"))[0];
    let message = "\nbad: asked for\nWARNING: bad.c:11";
    assert!(warning.excerpt.contains(message), "{warning}");
    let text = log("warn");
    let line = text.lines().nth(warning.line - 1).map(strip_time);
    assert_eq!(line, Some(CUT_HERE));
}

#[test]
fn a_warning_that_breaks_off_is_found() {
    let log = log("warn");
    let cut = &log[..log.find("WARNING:").expect("a warning")];
    assert_found(cut, &[CUT_HERE, NO_END]);
}

#[test]
fn two_warnings_that_run_into_each_other_are_two() {
    let log = log("warn");
    let cut = &log[..log.find("</TASK>").expect("an end")];
    assert_found(&format!("{cut}\n{log}"), &[CUT_HERE; 2]);
}

#[test]
fn a_report_that_breaks_off_ends_at_a_result_and_at_a_complaint() {
    let warning = "[    2.000000] WARNING: a.c:1 at f+0x1/0x2, CPU#0: insmod/43\n";
    let result = "[    2.000001]     not ok 1 test\n[    2.000002] something else\n";
    let failed = "[    2.000003] edu 0000:00:01.0: probe with driver edu failed with error -5\n";
    let log = [warning, result, warning, failed, END].concat();
    let findings = judge(&log);
    assert_found(&log, &["WARNING: ", "WARNING: ", "edu 0000:00:01.0: "]);
    assert!(
        findings
            .iter()
            .all(|finding| !finding.excerpt.contains('\n')),
        "{findings:?}"
    );
}

#[test]
fn a_dma_api_report_is_found_with_its_message() {
    assert_found(&log("dma"), &[CUT_HERE]);
    let report = &judge(&log("dma"))[0].excerpt;
    assert!(
        report.contains("frees DMA memory with different size"),
        "{report}"
    );
    let word = "DMA-API: debugging out of memory - disabling";
    assert_found(&format!("[    0.100000] {word}\n{END}"), &[word]);
}

#[test]
fn sleeping_in_the_wrong_place_is_found() {
    let log = log("atomic").replace(" </TASK>", " </TASK>\n[    1.750000] something else");
    assert_found(&log, &["BUG: sleeping function called"]);
    assert!(judge(&log)[0].excerpt.ends_with("\n </TASK>"));
    // It left the counter of preemption unbalanced, which is a complaint of its own.
    assert_found(&self::log("sleep"), &["BUG: scheduling", CUT_HERE]);
}

#[test]
fn each_stall_is_found() {
    assert_found(&log("stall"), &["rcu: INFO: ", "rcu: INFO: ", NO_END]);
}

#[test]
fn a_module_that_does_not_load_is_found() {
    for (name, said) in [
        ("fail", "insmod: "),
        ("unknown", "judgeu: Unknown symbol judge_nowhere"),
    ] {
        assert!(
            found(&log(name))[0].starts_with(said),
            "{:?}",
            found(&log(name))
        );
    }
}

#[test]
fn crashes_in_tests_are_found() {
    assert_found(&log("kunit"), &["BUG: kernel NULL pointer"]);
    assert_found(&log("ktap-panic"), &["Kernel panic", NO_END]);
}

#[test]
fn a_log_that_is_cut_off_anywhere_or_empty_is_a_failure() {
    let log = log("clean");
    let end = log.find("coherent: end").expect("an end");
    for length in (0..end).step_by(997) {
        assert_found(&log[..length], &[NO_END]);
    }
    let early = judge("[    0.000000] Linux version 7.3.4\n").remove(0);
    assert!(early.excerpt.contains("it did not reach user space"));
}

const END: &str = "[    9.000000] coherent: end\n";

/// How complaints begin that the fixtures have none of, as the kernel's source prints them.
const WORDS_OF_THE_KERNEL: [&str; 22] = [
    "---[ end Kernel panic - not syncing: x ]---",
    "Kernel panic - not syncing: VFS: Unable to mount root fs",
    "** 12 printk messages dropped **",
    "rust_kernel: panicked at rust/kernel/dma.rs:1:2:",
    "BUG: Bad page state in process insmod  pfn:00abc",
    "Unable to handle kernel paging request at virtual address 0",
    "Internal error: Oops: 0000000096000004 [#1] SMP",
    "BUG kmalloc-8 (Not tainted): Poison overwritten",
    "BUG foo (Not tainted): Objects remaining on __kmem_cache_shutdown()",
    "kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)",
    "BUG: KASAN: slab-out-of-bounds in f+0x1/0x2",
    "BUG: KCSAN: data-race in f / g",
    "UBSAN: array-index-out-of-bounds in a.c:1:2",
    "WARNING: possible circular locking dependency detected",
    "WARNING: possible recursive locking detected",
    "[ BUG: Invalid wait context ]",
    "WARNING: insmod/43 still has locks held!",
    "INFO: possible recursive locking detected",
    "INFO: trying to register non-static key.",
    "INFO: task insmod:43 blocked for more than 120 seconds.",
    "watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [insmod:43]",
    "edu 0000:00:01.0: probe with driver edu failed with error -22",
];

#[test]
fn every_word_of_complaint_is_understood() {
    for word in WORDS_OF_THE_KERNEL {
        for start in [
            "[    1.234567] ",
            "[    1.234567][   T43] ",
            "",
            "$ [    1.234567] ",
        ] {
            assert_found(&format!("{start}{word}\n{END}"), &[word]);
        }
    }
}

#[test]
fn what_only_looks_like_a_complaint_is_none() {
    let log = "\
[    0.000000] Kernel command line: console=ttyS0 panic=-1 BUG: WARNING:
[    0.100000] DMA-API: preallocated 65536 debug entries
[    0.100001] DMA-API: debugging enabled by kernel config
[    0.100002] DMA-API: dma_debug_entry pool grown to 131072 (200%)
[    0.110000] kmemleak: Kernel memory leak detector initialized (mem pool available: 15861)
[    0.120000] NMI watchdog: Perf NMI watchdog permanently disabled
[    0.130000] clocksource: Watchdog remote CPU 1 read timed out
[    0.140000] bad: loading out-of-tree module taints kernel.
[    0.150000] PCI: Using host bridge windows from ACPI; if necessary, use \"pci=nocrs\" and report a bug
[    0.200000]     ok 1 no_warning_on_panic
[    0.200001]     # some_test: WARNING: in what a test says
[    0.200002]     # Subtest: BUG: in a name
[    0.300000] edu 0000:00:01.0: transfer oops[0] size 1 dma_address 0x1: ok
[    0.500000] coherent: end
";
    assert_eq!(judge(log), []);
    // And with the time stamp gone, too.
    let bare: String = log
        .lines()
        .map(|line| format!("{}\n", strip_time(line)))
        .collect();
    assert_eq!(judge(&bare), []);
}
