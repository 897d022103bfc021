// SPDX-License-Identifier: GPL-2.0

//! docs/benchmarks.md

use super::object::Shape;
use super::plot;
use super::report::{self, HEADER, Row};
use super::results::Results;
use std::fmt::Write;

/// The text of the document.
pub fn write(results: &Results, rows: &[Row]) -> String {
    let mut text = String::from(PREFACE);
    for (what, is) in results.made.parts() {
        _ = writeln!(text, "| {what} | {is} |");
    }

    let with_goal: Vec<_> = rows.iter().filter_map(|row| row.met).collect();
    let met = with_goal.iter().filter(|met| **met).count();
    text.push_str("\n## Figures and goals\n\n");
    _ = writeln!(text, "{met} of {} goals are met.\n", with_goal.len());
    text.push_str(FIGURES);
    let c = |case: &str| results.c.ours.get(case);
    if let (Some(with), Some(without)) = (c("alloc_no_mapping_64_ref"), c("alloc_no_mapping_64")) {
        let reference = with - without;
        _ = writeln!(
            text,
            "Of what C takes, the reference to the device is {reference} instructions.\n"
        );
    }
    table(&mut text, HEADER, rows.iter().map(Row::cells));

    text.push_str("\n## Growth\n\n");
    for (file, what) in plot::PICTURES {
        _ = writeln!(text, "![{what}](benchmarks/{file}.svg)\n");
    }

    text.push_str(CODE);
    let cases = results.checked.ours.keys().map(|case| {
        let shapes = [&results.checked, &results.unchecked];
        let [with, without] = shapes
            .map(|pair| [&pair.ours, &pair.upstream].map(|shapes| describe(shapes.get(case))));
        let [ours, upstream] = with;
        let [ours_without, upstream_without] = without;
        [case.clone(), ours, upstream, ours_without, upstream_without]
    });
    table(
        &mut text,
        [
            "case",
            "ours, checks on",
            "upstream, checks on",
            "ours, checks off",
            "upstream, checks off",
        ],
        cases,
    );

    text.push_str(TIMES);
    table(
        &mut text,
        ["case", "ours : C", "upstream : C"],
        report::ratio_rows(results),
    );
    text
}

fn table<const N: usize>(
    text: &mut String,
    header: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) {
    _ = writeln!(text, "| {} |\n|{}", header.join(" | "), " --- |".repeat(N));
    for row in rows {
        _ = writeln!(text, "| {} |", row.join(" | "));
    }
}

fn describe(shape: Option<&Shape>) -> String {
    shape.map_or_else(String::new, |shape| {
        format!(
            "{}, {}, {}",
            shape.instructions, shape.branches, shape.panics
        )
    })
}

const PREFACE: &str = "\
<!-- Written by `make bench`; do not edit. -->

# What it costs

The modules in [`bench/`](../bench) do the same work in C and in Rust. The Rust source is compiled
for a kernel with the library and for one without, of one configuration and with one compiler. QEMU
runs them with `-icount`: its clock, and with it the time-stamp counter, advances by one for each
instruction. `make bench` does not take that on trust: a loop of 200,000 instructions has to take
200,000 units, and the kernel with the library is booted twice and has to give the same figures.
The figures are medians. Those are the same in every run with the same compilers: after another
`make bench`, git shows a difference in the commit and in the times of the last section only. The
largest samples are not the same, since the timer's interrupt comes at another place in each boot.

`make bench-check` compares with [`results.json`](../bench/results.json) and the code of the cases
with [`bench/asm`](../bench/asm).

| | |
| --- | --- |
";

const FIGURES: &str = "\
Medians of 101 samples after 20 for warming up, in instructions, less those of a call of an empty
function. A case of allocation is `dma_alloc_attrs` and `dma_free_attrs`; as a `Coherent` holds a
reference to its device, the C that it is compared with does `get_device` and `put_device` as well.
How many free blocks the page allocator splits and merges depends on what the kernel has used
before, which is not the same for two kernels: an allocation may take some instructions more or less
in one of them, C as well as Rust. So ours and upstream are each taken from C in the same boot.
The device is without an IOMMU, on the direct path. The processor that QEMU shows has no ERMS: the
kernel clears memory by a loop of plain stores, of eleven instructions for 64 bytes. (Of a
`rep stosb`, QEMU would count each byte.) A projection in C with a run-time index returns zero if the
index is out of bounds. `hand_` cases add offsets up by hand, in Rust.

`copy_write` takes more than C because the value goes through the stack in
`SysMemBackend::copy_write` of `rust/kernel/io.rs`, which both sides call. Copies of allocation and
drop are functions of their own; what was put into its callers is seen in the calls and in `.text`.

";

const CODE: &str = "\
## Code of the cases

Instructions, conditional branches and ways to panic in the object code, with
`CONFIG_RUST_OVERFLOW_CHECKS` on and off. The instructions include the landing pad (`endbr64`) and
the return. The library's code is in [`bench/asm`](../bench/asm), one file for each case.

";

const TIMES: &str = "
## Time

The second instrument is the time-stamp counter, without `-icount`. QEMU translates code, so these
are ratios to C within one boot, and the medians of those in five boots. What else the host does is
in them: they are not the same in every run.

";
