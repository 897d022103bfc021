// SPDX-License-Identifier: GPL-2.0

use super::*;

fn request(m: &Path) -> Request {
    Request {
        m: Some(m.into()),
        ..Request::default()
    }
}

fn refused(m: &Path) -> String {
    format!("{:#}", request(m).directory().expect_err("a bad M="))
}

fn logs(console: &str, trace: &str) -> Logs {
    Logs {
        console_path: "console.log".into(),
        console: console.to_string(),
        trace: trace.to_string(),
        timed_out: false,
    }
}

fn judged(logs: &Logs) -> (String, bool) {
    report(&["a-b.ko".into()], logs, Duration::from_secs(7))
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
fn a_directory_that_cannot_be_a_modules_is_refused_with_a_way_out() {
    let dir = tempfile::tempdir().expect("a directory");
    let missing = refused(&dir.path().join("missing"));
    assert!(missing.contains("missing: name the directory"), "{missing}");

    let empty = refused(dir.path());
    assert!(empty.contains("neither a Kbuild nor a Makefile"), "{empty}");
    assert!(empty.contains("obj-m += my_driver.o"), "{empty}");

    let file = dir.path().join("my_driver.rs");
    fs::write(&file, "").expect("written");
    let file = refused(&file);
    assert!(file.contains("is a file"), "{file}");

    fs::create_dir(dir.path().join("Kbuild")).expect("a directory");
    assert!(refused(dir.path()).contains("neither"));
    fs::write(dir.path().join("Makefile"), "").expect("written");
    assert!(request(dir.path()).directory().expect("good").is_some());
}

#[test]
fn an_empty_setting_is_none() {
    let empty = Request {
        m: Some("".into()),
        qemu_args: Some("".into()),
        timeout: Some("".into()),
    };
    assert!(empty.directory().expect("none").is_none());
    assert_eq!(empty.limit().expect("the default").as_secs(), 60);
}

#[test]
fn a_time_limit_that_is_none_is_refused() {
    for bad in ["0", "soon", "-1", "1.5"] {
        let request = Request {
            timeout: Some(bad.into()),
            ..Request::default()
        };
        let error = request.limit().expect_err(bad).to_string();
        assert!(error.contains(&format!("TIMEOUT={bad} ")), "{error}");
    }
}

#[test]
fn the_log_from_loading_to_unloading_is_shown() {
    let (text, good) = judged(&logs(GOOD, ""));
    assert!(good, "{text}");
    assert!(text.contains("a_b 0000:00:01.0: hello"), "{text}");
    assert!(text.contains("step rmmod a-b"), "{text}");
    assert!(!text.contains("Linux version"), "{text}");
    assert!(!text.contains("Power down"), "{text}");
    assert!(
        text.ends_with("a-b: loaded and unloaded, and nothing to complain about (console.log)")
    );
}

#[test]
fn a_driver_without_a_device_is_noted_and_no_failure() {
    let console = GOOD.replace("a_b 0000:00:01.0: hello", "coherent: no device for pci:a_b");
    let (text, good) = judged(&logs(&console, ""));
    assert!(good, "{text}");
    assert!(
        text.contains("note: no device is bound to pci:a_b"),
        "{text}"
    );
}

#[test]
fn a_complaint_is_a_failure_and_its_lines_are_shown_once() {
    let console = GOOD.replace(
        "a_b 0000:00:01.0: hello",
        "------------[ cut here ]------------\n\
         [    1.200000] WARNING: a.c:1 at f+0x1/0x2\n[    1.200000] CPU: 0 PID: 1",
    );
    let (text, good) = judged(&logs(&console, ""));
    assert!(!good);
    assert!(text.contains("line 4: WARNING: a.c:1"), "{text}");
    assert_eq!(text.matches("CPU: 0 PID: 1").count(), 1, "{text}");
}

#[test]
fn a_run_that_is_cut_off_shows_what_there_is() {
    let mut logs = logs(&GOOD[..GOOD.find("[    1.300000]").expect("a line")], "");
    logs.timed_out = true;
    let (text, good) = judged(&logs);
    assert!(!good);
    assert!(text.contains("hello"), "{text}");
    assert!(text.contains("limit of 7 s is over; TIMEOUT="), "{text}");
    assert!(
        text.contains("it was at: step insmod /lib/a-b.ko"),
        "{text}"
    );
}

#[test]
fn a_leak_of_memory_is_a_failure() {
    let path = format!("{}/tests/data/trace_leak.log", env!("CARGO_MANIFEST_DIR"));
    let trace = fs::read_to_string(path).expect("a trace");
    let (text, good) = judged(&logs(GOOD, &trace));
    assert!(!good);
    assert!(text.contains("never freed"), "{text}");
}

#[test]
fn the_compilers_error_is_shown_and_not_what_make_says_of_it() {
    let log = "make[1]: Entering directory 'x'\n  UPD x\n  RUSTC [M] a.o\nerror[E0599]: no\n \
               --> a.rs:1:1\nmake[3]: *** [Makefile:1: a.o] Error 1\n";
    assert_eq!(
        complaint(log),
        "  RUSTC [M] a.o\nerror[E0599]: no\n --> a.rs:1:1"
    );
}

#[test]
fn where_make_itself_fails_it_is_heard() {
    let log =
        "make[1]: Entering directory 'x'\nmake[3]: *** No rule to make target 'a.o'.  Stop.\n";
    assert!(
        complaint(log).starts_with("make[3]: *** No rule"),
        "{}",
        complaint(log)
    );
}

#[test]
fn a_symbol_that_is_missing_is_named_without_what_make_adds() {
    let log = "  MODPOST Module.symvers\nERROR: modpost: a.ko: symbol 'b' undefined!\n\
               make[4]: *** [Makefile.modpost:147: Module.symvers] Error 1\n";
    let told = complaint(log);
    assert!(told.ends_with("symbol 'b' undefined!"), "{told}");
}
