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

fn symptoms(log: &str) -> Vec<Symptom> {
    judge(log).iter().map(|finding| finding.symptom).collect()
}

fn only(name: &str) -> Finding {
    let mut findings = judge(&log(name));
    assert_eq!(findings.len(), 1, "{findings:#?}");
    findings.remove(0)
}

#[test]
fn a_good_run_has_no_findings() {
    assert_eq!(judge(&log("clean")), []);
}

#[test]
fn a_panic_is_found_and_so_is_the_missing_end() {
    let findings = judge(&log("panic"));
    assert_eq!(symptoms(&log("panic")), [Symptom::Panic, Symptom::NoEnd]);
    assert!(findings[0].excerpt.contains("bad: asked for"));
    assert!(
        findings[1]
            .excerpt
            .starts_with("it was at: step insmod /lib/bad.ko what=panic")
    );
}

#[test]
fn an_oops_is_found_once_although_its_registers_are_printed_twice() {
    for (name, beginning) in [
        ("oops", "BUG: kernel NULL pointer dereference"),
        ("page", "BUG: unable to handle page fault"),
        ("gp", "Oops: general protection fault"),
        ("bug", "------------[ cut here ]------------\nkernel BUG at"),
    ] {
        let log = log(name);
        let findings = judge(&log);
        // The module can neither be loaded nor unloaded after that.
        assert_eq!(
            symptoms(&log),
            [Symptom::Oops, Symptom::Step, Symptom::Step],
            "{name}"
        );
        assert!(findings[0].excerpt.starts_with(beginning), "{name}");
        assert!(findings[0].excerpt.contains("\nRIP: 0010:"), "{name}");
        let end = "---[ end trace 0000000000000000 ]---";
        assert!(findings[0].excerpt.ends_with(end), "{name}");
    }
}

#[test]
fn an_oops_and_the_panic_after_it_are_both_found() {
    let expected = [Symptom::Oops, Symptom::Panic, Symptom::NoEnd];
    assert_eq!(symptoms(&log("oops-panic")), expected);
}

#[test]
fn an_oops_without_its_beginning_is_found() {
    let log = log("oops");
    for start in ["Oops: Oops: 0002", "RIP: 0010:bad_init"] {
        let cut = &log[log.find(start).expect(start)..];
        assert_eq!(symptoms(cut)[0], Symptom::Oops, "{start}");
    }
}

#[test]
fn a_warning_is_found_once_with_its_message() {
    let warning = only("warn");
    assert_eq!(warning.symptom, Symptom::Warning);
    assert!(
        warning
            .excerpt
            .contains("\nbad: asked for\nWARNING: bad.c:11")
    );
    assert!(
        warning
            .excerpt
            .ends_with("---[ end trace 0000000000000000 ]---")
    );
    assert_eq!(
        log("warn").lines().nth(warning.line - 1).map(strip_time),
        Some(CUT_HERE)
    );
}

#[test]
fn a_warning_that_breaks_off_is_found() {
    let log = log("warn");
    let cut = &log[..log.find("WARNING:").expect("a warning")];
    assert_eq!(symptoms(cut), [Symptom::Warning, Symptom::NoEnd]);
}

#[test]
fn two_warnings_that_run_into_each_other_are_two() {
    let log = log("warn");
    let cut = &log[..log.find("---[ end trace").expect("an end")];
    assert_eq!(symptoms(&format!("{cut}\n{log}")), [Symptom::Warning; 2]);
}

#[test]
fn a_complaint_that_breaks_off_ends_at_the_next_or_at_a_result() {
    let bug = log("bug");
    let cut = &bug[..bug.find("---[ end trace").expect("an end")];
    let warning = "[    2.000000] WARNING: a.c:1 at f+0x1/0x2, CPU#0: insmod/43\n";
    let result = "[    2.000001]     not ok 1 test\n[    2.000002] something else\n";
    let findings = judge(&format!("{cut}\n{warning}{result}{END}"));
    let kinds: Vec<Symptom> = findings.iter().map(|finding| finding.symptom).collect();
    assert_eq!(kinds, [Symptom::Oops, Symptom::Warning]);
    assert_eq!(findings[1].excerpt, strip_time(warning.trim_end()));
}

#[test]
fn a_dma_api_report_is_found_with_its_message_and_trace() {
    let report = only("dma");
    assert_eq!(report.symptom, Symptom::DmaApi);
    assert!(
        report
            .excerpt
            .contains("frees DMA memory with different size")
    );
    assert!(report.excerpt.contains("DMA-API: Mapped at:"));
    assert!(report.excerpt.ends_with("do_one_initcall+0x85/0x188"));
    let word = "[    0.100000] DMA-API: debugging out of memory - disabling\n";
    let findings = judge(&format!("{word}[    0.100001] something else\n{END}"));
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].excerpt, strip_time(word.trim_end()));
}

#[test]
fn sleeping_in_the_wrong_place_is_found() {
    let log = log("atomic").replace(" </TASK>", " </TASK>\n[    1.750000] something else");
    let atomic = judge(&log).remove(0);
    assert_eq!(atomic.symptom, Symptom::Context);
    assert!(atomic.excerpt.ends_with("\n </TASK>"), "{atomic}");
    // It left the counter of preemption unbalanced, which is a complaint of its own.
    assert_eq!(
        symptoms(&self::log("sleep")),
        [Symptom::Context, Symptom::Warning]
    );
}

#[test]
fn each_stall_is_found() {
    assert_eq!(
        symptoms(&log("stall")),
        [Symptom::Stall, Symptom::Stall, Symptom::NoEnd]
    );
}

#[test]
fn a_module_that_does_not_load_is_found_once() {
    let findings = judge(&log("fail"));
    assert_eq!(symptoms(&log("fail")), [Symptom::Step, Symptom::Step]);
    assert!(findings[0].excerpt.contains("No such device"));
    assert!(findings[0].excerpt.ends_with("what=fail (exit status 19)"));
    let findings = judge(&log("unknown"));
    assert_eq!(symptoms(&log("unknown")), [Symptom::Step, Symptom::Step]);
    assert!(
        findings[0]
            .excerpt
            .starts_with("judgeu: Unknown symbol judge_nowhere")
    );
}

#[test]
fn crashes_in_tests_are_found() {
    assert_eq!(symptoms(&log("kunit")), [Symptom::Oops]);
    assert_eq!(
        symptoms(&log("ktap-panic")),
        [Symptom::Panic, Symptom::NoEnd]
    );
}

#[test]
fn a_log_that_is_cut_off_anywhere_or_empty_is_a_failure() {
    let log = log("clean");
    let end = log.find("coherent: end").expect("an end");
    for length in (1..end).step_by(997) {
        let last = judge(&log[..length]).pop().map(|finding| finding.symptom);
        assert_eq!(last, Some(Symptom::NoEnd), "{}", &log[..length]);
    }
    assert_eq!(symptoms(""), [Symptom::Empty]);
    assert_eq!(symptoms("\r\n\r\n"), [Symptom::Empty]);
    let early = judge("[    0.000000] Linux version 7.3.4\n").remove(0);
    assert!(early.excerpt.starts_with("it did not reach user space"));
}

const END: &str = "[    9.000000] coherent: end\n";

/// How complaints begin that the fixtures have none of, as the kernel's source prints them.
const WORDS_OF_THE_KERNEL: [(Symptom, &str); 22] = [
    (
        Symptom::Panic,
        "Kernel panic - not syncing: VFS: Unable to mount root fs",
    ),
    (
        Symptom::Panic,
        "---[ end Kernel panic - not syncing: x ]---",
    ),
    (Symptom::Dropped, "** 12 printk messages dropped **"),
    (
        Symptom::Oops,
        "rust_kernel: panicked at rust/kernel/dma.rs:1:2:",
    ),
    (
        Symptom::Oops,
        "BUG: Bad page state in process insmod  pfn:00abc",
    ),
    (
        Symptom::Oops,
        "Unable to handle kernel paging request at virtual address 0",
    ),
    (
        Symptom::Oops,
        "Internal error: Oops: 0000000096000004 [#1] SMP",
    ),
    (
        Symptom::Oops,
        "BUG kmalloc-8 (Not tainted): Poison overwritten",
    ),
    (
        Symptom::Leak,
        "BUG foo (Not tainted): Objects remaining on __kmem_cache_shutdown()",
    ),
    (
        Symptom::Leak,
        "kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)",
    ),
    (
        Symptom::Sanitizer,
        "BUG: KASAN: slab-out-of-bounds in f+0x1/0x2",
    ),
    (Symptom::Sanitizer, "BUG: KCSAN: data-race in f / g"),
    (
        Symptom::Sanitizer,
        "UBSAN: array-index-out-of-bounds in a.c:1:2",
    ),
    (
        Symptom::Context,
        "WARNING: possible circular locking dependency detected",
    ),
    (
        Symptom::Context,
        "WARNING: possible recursive locking detected",
    ),
    (Symptom::Context, "[ BUG: Invalid wait context ]"),
    (Symptom::Context, "WARNING: insmod/43 still has locks held!"),
    (
        Symptom::Context,
        "INFO: possible recursive locking detected",
    ),
    (Symptom::Context, "INFO: trying to register non-static key."),
    (
        Symptom::Stall,
        "INFO: task insmod:43 blocked for more than 120 seconds.",
    ),
    (
        Symptom::Stall,
        "watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [insmod:43]",
    ),
    (
        Symptom::Step,
        "edu 0000:00:01.0: probe with driver edu failed with error -22",
    ),
];

#[test]
fn every_word_of_complaint_is_understood() {
    for (symptom, word) in WORDS_OF_THE_KERNEL {
        for start in [
            "[    1.234567] ",
            "[    1.234567][   T43] ",
            "",
            "$ [    1.234567] ",
        ] {
            let log = format!("{start}{word}\n{END}");
            assert_eq!(symptoms(&log), [symptom], "{log}");
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

#[test]
fn every_pattern_compiles() {
    for (_, pattern) in BEGINNINGS {
        Regex::new(pattern).expect(pattern);
    }
    Regex::new(DMA_API_TALK).expect("a pattern");
}
