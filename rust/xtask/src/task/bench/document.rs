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
    let library = |case: &str| Some(results.find(case)?.library);
    let advantage = |size: &u64| {
        Some(
            library(&format!("alloc_normal_{size}"))?
                / library(&format!("alloc_no_mapping_{size}"))?,
        )
    };
    let advantage = Chart {
        title: "Allocate + free: Normal over NoMapping",
        measured: "instructions, Normal : NoMapping",
        category: "buffer size",
        categories: SIZES.map(bytes).to_vec(),
        series: vec![("library", SIZES.iter().map(advantage).collect())],
    };

    let kinds = [
        ("Normal", "alloc_normal_4096"),
        ("NoMapping", "alloc_no_mapping_4096"),
        ("Normal, bound", "alloc_bound_normal_4096"),
        ("NoMapping, bound", "alloc_bound_no_mapping_4096"),
    ];
    let each = |value: fn(&Figure) -> Option<f64>, cases: &[(&str, &str)]| {
        cases
            .iter()
            .map(|(_, case)| results.find(case).and_then(value))
            .collect::<Vec<_>>()
    };
    let over = Chart {
        title: "Allocate + free: instructions over C",
        measured: "instructions",
        category: "4 KiB buffer",
        categories: kinds.map(|(name, _)| name.to_string()).to_vec(),
        series: vec![
            (
                "library",
                each(|figure| Some(figure.library - figure.c?), &kinds),
            ),
            (
                "Linux 7.3",
                each(|figure| Some(figure.upstream? - figure.upstream_c?), &kinds),
            ),
        ],
    };

    let access = [
        ("DMA address of a field", "project_field"),
        ("of a nested element", "project_nested"),
        ("at a run-time index", "project_try"),
        ("read of a u32", "read_u32"),
        ("write of a u32", "write_u32"),
    ];
    let access = Chart {
        title: "Addresses and access: instructions",
        measured: "instructions",
        category: "operation",
        categories: access.map(|(name, _)| name.to_string()).to_vec(),
        series: vec![
            ("library", each(|figure| Some(figure.library), &access)),
            ("Linux 7.3", each(|figure| figure.upstream, &access)),
            ("C", each(|figure| figure.c, &access)),
        ],
    };
    [
        ("advantage", advantage),
        ("overhead", over),
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
