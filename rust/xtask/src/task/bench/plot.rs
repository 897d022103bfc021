// SPDX-License-Identifier: GPL-2.0

//! Pictures of how costs grow, as SVG and as PNG.

use super::report::SIZES;
use super::results::Results;
use super::samples::Costs;
use anyhow::{Context, Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::{FontStyle, register_font};
use std::fs;
use std::path::Path;

/// The files, and what they show.
pub const PICTURES: [(&str, &str); 2] = [
    ("cost", "Allocate and free: instructions against size"),
    (
        "overhead",
        "Allocate and free: instructions more than C with a reference",
    ),
];

const EXTENT: (u32, u32) = (900, 540);

struct Line<'a> {
    label: &'a str,
    color: RGBColor,
    points: Vec<(f64, f64)>,
}

/// Draws all pictures into `directory`.
pub fn draw(directory: &Path, results: &Results) -> Result<()> {
    fs::create_dir_all(directory)
        .with_context(|| format!("cannot create {}", directory.display()))?;
    // A PNG has no letters but those that are drawn; an SVG leaves them to who shows it.
    register_font(
        "sans-serif",
        FontStyle::Normal,
        epaint_default_fonts::UBUNTU_LIGHT,
    )
    .map_err(|_| anyhow!("the font of the pictures is no font"))?;

    for (file, title) in PICTURES {
        let lines = match file {
            "cost" => costs(results),
            _ => overheads(results),
        };
        let svg = directory.join(file).with_extension("svg");
        let png = directory.join(file).with_extension("png");
        picture(
            &SVGBackend::new(&svg, EXTENT).into_drawing_area(),
            title,
            &lines,
            file == "cost",
        )
        .with_context(|| format!("cannot draw {}", svg.display()))?;
        picture(
            &BitMapBackend::new(&png, EXTENT).into_drawing_area(),
            title,
            &lines,
            file == "cost",
        )
        .with_context(|| format!("cannot draw {}", png.display()))?;
    }
    Ok(())
}

fn series(costs: &Costs, case: &str, suffix: &str) -> Vec<(f64, f64)> {
    SIZES
        .iter()
        .filter_map(|size| {
            let cost = costs.get(&format!("{case}_{size}{suffix}"))?;
            Some((*size as f64, *cost))
        })
        .collect()
}

fn costs(results: &Results) -> Vec<Line<'static>> {
    vec![
        Line {
            label: "Normal",
            color: RED,
            points: series(&results.costs.ours, "alloc_normal", ""),
        },
        Line {
            label: "NoMapping",
            color: BLUE,
            points: series(&results.costs.ours, "alloc_no_mapping", ""),
        },
    ]
}

fn overheads(results: &Results) -> Vec<Line<'static>> {
    let above = |costs: &Costs, case: &str, in_c: &Costs, c: &str| {
        series(costs, case, "")
            .into_iter()
            .zip(series(in_c, c, "_ref"))
            .map(|((size, cost), (_, c))| (size, cost - c))
            .collect()
    };
    let (ours, upstream) = (&results.costs.ours, &results.costs.upstream);
    let (c, upstream_c) = (&results.c.ours, &results.c.upstream);
    vec![
        Line {
            label: "Normal",
            color: RED,
            points: above(ours, "alloc_normal", c, "alloc_normal"),
        },
        Line {
            label: "NoMapping",
            color: BLUE,
            points: above(ours, "alloc_no_mapping", c, "alloc_no_mapping"),
        },
        Line {
            label: "upstream's Coherent",
            color: MAGENTA,
            points: above(upstream, "alloc_normal", upstream_c, "alloc_normal"),
        },
        Line {
            label: "upstream's CoherentHandle",
            color: GREEN,
            points: above(upstream, "alloc_handle", upstream_c, "alloc_no_mapping"),
        },
    ]
}

fn picture<B: DrawingBackend>(
    area: &DrawingArea<B, Shift>,
    title: &str,
    lines: &[Line<'_>],
    logarithmic: bool,
) -> Result<()>
where
    B::ErrorType: 'static,
{
    area.fill(&WHITE)?;
    let (low, high) = extent(lines);
    let mut builder = ChartBuilder::on(area);
    builder
        .caption(title, ("sans-serif", 22))
        .margin(16)
        .x_label_area_size(44)
        .y_label_area_size(80);
    let sizes = (SIZES[0] as f64..SIZES[SIZES.len() - 1] as f64)
        .log_scale()
        .base(4.0);

    // The two kinds of axes are different types.
    macro_rules! plot {
        ($vertical:expr) => {{
            let mut chart = builder.build_cartesian_2d(sizes, $vertical)?;
            chart
                .configure_mesh()
                .x_desc("size")
                .x_label_formatter(&|size| bytes(*size))
                .y_desc("instructions")
                .y_label_formatter(&|cost| format!("{cost:.0}"))
                .label_style(("sans-serif", 15))
                .draw()?;
            for line in lines {
                let color = line.color;
                chart
                    .draw_series(
                        LineSeries::new(line.points.iter().copied(), color.stroke_width(2))
                            .point_size(4),
                    )?
                    .label(line.label)
                    .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color));
            }
            chart
                .configure_series_labels()
                .position(SeriesLabelPosition::UpperLeft)
                .background_style(WHITE.mix(0.8))
                .border_style(BLACK)
                .label_font(("sans-serif", 15))
                .draw()?;
        }};
    }
    if logarithmic {
        plot!((low.max(1.0)..high).log_scale());
    } else {
        plot!(low.min(0.0)..high);
    }
    area.present()?;
    Ok(())
}

fn bytes(size: f64) -> String {
    const KIB: f64 = 1024.0;
    if size < KIB {
        format!("{size:.0} B")
    } else if size < KIB * KIB {
        format!("{:.0} KiB", size / KIB)
    } else {
        format!("{:.0} MiB", size / KIB / KIB)
    }
}

/// The lowest and highest cost, with some room.
fn extent(lines: &[Line<'_>]) -> (f64, f64) {
    let costs = || {
        lines
            .iter()
            .flat_map(|line| line.points.iter().map(|point| point.1))
    };
    let low = costs().fold(f64::INFINITY, f64::min);
    let high = costs().fold(f64::NEG_INFINITY, f64::max);
    if low.is_finite() && high > low {
        (low * 0.7, high * 1.3)
    } else {
        (0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_figures_are_drawn() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bench/results.json");
        let results = Results::load(&file).expect("what `make bench` wrote");
        let directory = tempfile::tempdir().expect("a directory");
        draw(directory.path(), &results).expect("drawn");
        for (file, title) in PICTURES {
            let svg = directory.path().join(file).with_extension("svg");
            let svg = fs::read_to_string(svg).expect("text");
            for wanted in [title, "NoMapping", "<polyline"] {
                assert!(svg.contains(wanted), "{file} has no {wanted}");
            }
            let png = fs::read(directory.path().join(file).with_extension("png")).expect("there");
            assert!(png.starts_with(b"\x89PNG"), "{file} is no PNG");
        }
    }
}
