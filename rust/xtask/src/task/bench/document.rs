// SPDX-License-Identifier: GPL-2.0

//! `docs/benchmarks.md` and its charts, made from the committed figures alone.

use super::chart::Chart;
use super::copies;
use super::figures::{Figure, HEADER, Results};
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

/// The document. In place of `{{table PREFIX ..}}` come the figures of the cases with these prefixes.
const TEMPLATE: &str = include_str!("benchmarks.md");

/// Writes the files to `docs/` in the checkout.
pub fn write(checkout: &Path, results: &Results) -> Result<()> {
    for (name, text) in files(results) {
        let file = checkout.join("docs").join(name);
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

/// The files, by their names in `docs/`.
fn files(results: &Results) -> Vec<(String, String)> {
    let environment = results.environment.iter();
    let environment = environment.map(|(what, is)| format!("{what} | {is}"));
    let has_goal = |figure: &&Figure| figure.goal().is_some();
    let goals = results.figures.iter().filter(has_goal).count();
    let met = goals - results.missed().len();
    let copies = results
        .nvme
        .iter()
        .map(|copying| copying.row(&results.nvme));
    let mut document = TEMPLATE
        .replace("{{environment}}", &table(" | ", environment))
        .replace("{{nvme}}", &table(copies::HEADER, copies))
        .replace("{{goals}}", &format!("{met} of {goals}"));
    while let Some((before, rest)) = document.split_once("{{table ") {
        let (prefixes, after) = rest.split_once("}}").unwrap_or((rest, ""));
        let wanted = |figure: &&Figure| {
            prefixes
                .split(' ')
                .any(|prefix| figure.case.starts_with(prefix))
        };
        let rows = results.figures.iter().filter(wanted).map(Figure::row);
        document = [before, &table(HEADER, rows), after].concat();
    }
    let svg = |chart: Chart| (format!("benchmarks/{}.svg", chart.name), chart.svg());
    let mut files: Vec<_> = charts(results).into_iter().map(svg).collect();
    files.push(("benchmarks.md".to_string(), document));
    files
}

/// A table in Markdown, of cells separated by ` | `.
fn table(header: &str, rows: impl Iterator<Item = String>) -> String {
    let columns = header.split(" | ").count();
    let head = format!("| {header} |\n|{}", " --- |".repeat(columns));
    rows.fold(head, |table, row| table + &format!("\n| {row} |"))
}

fn charts(results: &Results) -> Vec<Chart> {
    let find = |case: &str| results.figures.iter().find(|figure| figure.case == case);
    let advantage = |(size, label)| {
        let library = |kind| Some(find(&format!("alloc_{kind}_{size}"))?.library);
        let factor = (|| Some(library("normal")? / library("no_mapping")?))();
        (label, vec![factor])
    };
    let over_c = |(case, label)| {
        let figure = find(case);
        let library = figure.and_then(|figure| Some(figure.library - figure.c?));
        let upstream = figure.and_then(|figure| Some(figure.upstream? - figure.upstream_c?));
        (label, vec![library, upstream])
    };
    let instructions = |(case, label)| {
        let values = |figure: &Figure| vec![Some(figure.library), figure.upstream, figure.c];
        (label, find(case).map(values).unwrap_or_default())
    };
    let sizes = [
        (64, "64 B"),
        (4096, "4 KiB"),
        (65536, "64 KiB"),
        (1_048_576, "1 MiB"),
        (4_194_304, "4 MiB"),
    ];
    let kinds = [
        ("alloc_normal_4096", "Normal"),
        ("alloc_no_mapping_4096", "NoMapping"),
        ("alloc_bound_normal_4096", "Normal, bound"),
        ("alloc_bound_no_mapping_4096", "NoMapping, bound"),
    ];
    let ways = [
        ("nvme_dd_buffered", "dd, buffered"),
        ("nvme_dd_direct", "dd, O_DIRECT"),
        ("nvme_copy_1", "nvme_copy, depth 1"),
        ("nvme_copy_8", "nvme_copy, depth 8"),
        ("nvme_copy_32", "nvme_copy, depth 32"),
    ];
    let a_mib = |(case, label)| {
        let copying = results.nvme.iter().find(|copying| copying.case == case);
        (label, vec![copying.map(|copying| copying.instructions)])
    };
    let accesses = [
        ("project_field", "DMA address of a field"),
        ("project_nested", "of a nested element"),
        ("project_try", "at a run-time index"),
        ("read_u32", "read of a u32"),
        ("write_u32", "write of a u32"),
    ];
    vec![
        Chart {
            name: "advantage",
            title: "Allocate + free: Normal over NoMapping",
            axes: ["buffer size", "instructions, Normal : NoMapping"],
            series: &["library"],
            rows: sizes.map(advantage).to_vec(),
        },
        Chart {
            name: "overhead",
            title: "Allocate + free: instructions over C",
            axes: ["4 KiB buffer", "instructions"],
            series: &["library", "Linux 7.3"],
            rows: kinds.map(over_c).to_vec(),
        },
        Chart {
            name: "access",
            title: "Addresses and access: instructions",
            axes: ["operation", "instructions"],
            series: &["library", "Linux 7.3", "C"],
            rows: accesses.map(instructions).to_vec(),
        },
        Chart {
            name: "nvme",
            title: "Copying a disk: instructions for a MiB",
            axes: ["way", "instructions"],
            series: &["nvme"],
            rows: ways.map(a_mib).to_vec(),
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Set, it has the test write the files: after an edit of this module no figure changes.
    const WRITE: &str = "BENCH_DOCS";

    fn committed() -> (&'static Path, Results) {
        let checkout = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        let results = Results::load(&checkout.join("bench/results.json"));
        (checkout, results.expect("figures"))
    }

    #[test]
    fn the_documents_show_the_committed_figures() {
        let (checkout, results) = committed();
        if std::env::var_os(WRITE).is_some() {
            write(checkout, &results).expect("written");
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
        let (_, results) = committed();
        let (_, document) = files(&results).pop().expect("the document");
        for figure in &results.figures {
            let row = format!("\n| {} |", figure.case);
            assert_eq!(document.matches(&row).count(), 1, "{}", figure.case);
        }
    }

    #[test]
    fn each_chart_is_shown_under_its_title_and_no_row_is_empty() {
        for chart in charts(&committed().1) {
            let image = format!("![{}](benchmarks/{}.svg)", chart.title, chart.name);
            assert!(TEMPLATE.contains(&image), "{image}");
            for (row, values) in chart.rows {
                assert!(values.iter().any(Option::is_some), "{row}");
            }
        }
    }
}
