// SPDX-License-Identifier: GPL-2.0

//! `docs/benchmarks.md` and its charts, made from the committed figures alone.

use super::chart::Chart;
use super::figures::{Figure, HEADER, Results, SIZES};
use anyhow::{Context, Result};
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// Writes the files to `docs/` in the checkout.
pub fn write(checkout: &Path, results: &Results) -> Result<()> {
    for (name, text) in files(results) {
        let file = checkout.join("docs").join(name);
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

/// The document, with figures in place of `{{..}}`.
const TEMPLATE: &str = include_str!("benchmarks.md");

/// The files, by their names in `docs/`.
fn files(results: &Results) -> Vec<(String, String)> {
    let mut environment = String::from("| | |\n| --- | --- |");
    for (what, is) in &results.environment {
        _ = write!(environment, "\n| {what} | {is} |");
    }
    let goals = results
        .figures
        .iter()
        .filter(|figure| figure.goal().is_some())
        .count();
    let met = goals - results.missed().len();
    let mut document = TEMPLATE
        .replace("{{environment}}", &environment)
        .replace("{{goals}}", &format!("{met} of {goals}"));
    while let Some((before, rest)) = document.split_once("{{table ") {
        let (cases, after) = rest.split_once("}}").unwrap_or((rest, ""));
        document = [before, &table(results, cases), after].concat();
    }
    let svg = |(name, chart): (&str, Chart)| (format!("benchmarks/{name}.svg"), chart.svg());
    let mut files: Vec<_> = charts(results).map(svg).to_vec();
    files.push(("benchmarks.md".to_string(), document));
    files
}

/// The figures of the cases with these prefixes.
fn table(results: &Results, prefixes: &str) -> String {
    let mut table = format!(
        "| {} |\n|{}",
        HEADER.join(" | "),
        " --- |".repeat(HEADER.len())
    );
    for figure in &results.figures {
        if prefixes
            .split(' ')
            .any(|prefix| figure.case.starts_with(prefix))
        {
            _ = write!(table, "\n| {} |", figure.cells().join(" | "));
        }
    }
    table
}

fn charts(results: &Results) -> [(&'static str, Chart); 3] {
    let advantage = |size| {
        let library = |kind| Some(results.find(&format!("alloc_{kind}_{size}"))?.library);
        let factor = (|| Some(library("normal")? / library("no_mapping")?))();
        (bytes(size), vec![factor])
    };
    let advantage = Chart {
        title: "Allocate + free: Normal over NoMapping",
        axes: ["buffer size", "instructions, Normal : NoMapping"],
        series: &["library"],
        rows: SIZES.map(advantage).to_vec(),
    };

    type Values = fn(&Figure) -> Vec<Option<f64>>;
    let row = |values: Values, name: &str, case: &str| {
        let values = results.find(case).map(values);
        (name.to_string(), values.unwrap_or_default())
    };
    let kind = |name, kind| {
        let over_c: Values = |figure| {
            let c = |count: Option<f64>, c: Option<f64>| Some(count? - c?);
            vec![
                c(Some(figure.library), figure.c),
                c(figure.upstream, figure.upstream_c),
            ]
        };
        row(over_c, name, &format!("alloc_{kind}_4096"))
    };
    let overhead = Chart {
        title: "Allocate + free: instructions over C",
        axes: ["4 KiB buffer", "instructions"],
        series: &["library", "Linux 7.3"],
        rows: vec![
            kind("Normal", "normal"),
            kind("NoMapping", "no_mapping"),
            kind("Normal, bound", "bound_normal"),
            kind("NoMapping, bound", "bound_no_mapping"),
        ],
    };

    let access = |name, case| {
        row(
            |figure| vec![Some(figure.library), figure.upstream, figure.c],
            name,
            case,
        )
    };
    let access = Chart {
        title: "Addresses and access: instructions",
        axes: ["operation", "instructions"],
        series: &["library", "Linux 7.3", "C"],
        rows: vec![
            access("DMA address of a field", "project_field"),
            access("of a nested element", "project_nested"),
            access("at a run-time index", "project_try"),
            access("read of a u32", "read_u32"),
            access("write of a u32", "write_u32"),
        ],
    };
    [
        ("advantage", advantage),
        ("overhead", overhead),
        ("access", access),
    ]
}

fn bytes(size: u64) -> String {
    match size {
        0..1024 => format!("{size} B"),
        1024..1_048_576 => format!("{} KiB", size / 1024),
        _ => format!("{} MiB", size / 1_048_576),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Set, it has the test write the files: after an edit of this module no figure changes.
    const WRITE: &str = "BENCH_DOCS";

    #[test]
    fn the_documents_show_the_committed_figures() {
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let results = Results::load(&checkout.join("bench/results.json")).expect("figures");
        if std::env::var_os(WRITE).is_some() {
            write(&checkout, &results).expect("written");
        }
        for (name, text) in files(&results) {
            let committed = fs::read_to_string(checkout.join("docs").join(&name)).expect(&name);
            assert!(
                committed == text,
                "docs/{name} is not of bench/results.json: {WRITE}=1"
            );
        }
    }

    #[test]
    fn each_figure_is_in_one_section() {
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let results = Results::load(&checkout.join("bench/results.json")).expect("figures");
        let (_, document) = files(&results).pop().expect("the document");
        for figure in &results.figures {
            let row = format!("\n| {} |", figure.case);
            assert_eq!(document.matches(&row).count(), 1, "{}", figure.case);
        }
    }

    #[test]
    fn each_chart_is_shown_under_its_title() {
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let results = Results::load(&checkout.join("bench/results.json")).expect("figures");
        for (name, chart) in charts(&results) {
            let image = format!("![{}](benchmarks/{name}.svg)", chart.title);
            assert!(TEMPLATE.contains(&image), "{image}");
        }
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(
            SIZES.map(bytes),
            ["64 B", "4 KiB", "64 KiB", "1 MiB", "4 MiB"]
        );
    }
}
