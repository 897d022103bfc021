// SPDX-License-Identifier: GPL-2.0

//! Bar charts as SVG. Written here, as no crate draws bars that CSS colors for light and dark pages.

use std::fmt::Write;

/// Horizontal bars: one group for each category, one bar in it for each series.
pub struct Chart {
    pub title: &'static str,
    /// The axis titles: what is measured, with its unit, and what the categories are.
    pub measured: &'static str,
    pub category: &'static str,
    pub categories: Vec<String>,
    pub series: Vec<(&'static str, Vec<Option<f64>>)>,
}

const WIDTH: f64 = 760.0;
/// Where the bars begin and end, with room for the categories and for the last value.
const LEFT: f64 = 210.0;
const RIGHT: f64 = WIDTH - 60.0;
const BAR: f64 = 18.0;
const GAP: f64 = 14.0;

const STYLE: &str = "\
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.title { font-size: 16px; font-weight: 600 }
.axis { font-style: italic }
.grid { stroke: #d1d9e0 }
.s0 { fill: #2a6fdb } .s1 { fill: #d9730d } .s2 { fill: #8a939c } .s3 { fill: #2f9e63 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.grid { stroke: #3d444d }
.s0 { fill: #6aa9ff } .s1 { fill: #ffa657 } .s2 { fill: #9aa4af } .s3 { fill: #56d08f }
}
";

impl Chart {
    /// The chart as a file of its own.
    pub fn svg(&self) -> String {
        let values = || {
            self.series
                .iter()
                .flat_map(|(_, bars)| bars.iter().flatten())
        };
        let step = grid_step(values().fold(0.0, |max, value| value.max(max)));
        let steps = (values().fold(0.0, |max: f64, value| value.max(max)) / step)
            .ceil()
            .max(1.0);
        let x = |value: f64| LEFT + (RIGHT - LEFT) * value / (step * steps);
        let legend = self.series.len() > 1;
        let top = if legend { 84.0 } else { 60.0 };
        let group = BAR * self.series.len() as f64 + GAP;
        let bottom = top + group * self.categories.len() as f64;
        let height = bottom + 52.0;

        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
             width=\"{WIDTH}\" height=\"{height}\" role=\"img\">\n<style>\n{STYLE}</style>\n"
        );
        text(&mut svg, "title", "start", (16.0, 26.0), self.title);
        text(
            &mut svg,
            "axis",
            "end",
            (LEFT - 10.0, top - 8.0),
            self.category,
        );
        let middle = (LEFT + RIGHT) / 2.0;
        text(
            &mut svg,
            "axis",
            "middle",
            (middle, bottom + 40.0),
            self.measured,
        );

        for line in 0..=steps as u32 {
            let value = f64::from(line) * step;
            let at = x(value);
            _ = writeln!(svg, r#"<path class="grid" d="M{at:.1} {top}V{bottom}"/>"#);
            text(
                &mut svg,
                "",
                "middle",
                (at, bottom + 18.0),
                &value.to_string(),
            );
        }
        for (index, (name, bars)) in self.series.iter().enumerate() {
            if legend {
                let at = LEFT + 130.0 * index as f64;
                _ = writeln!(
                    svg,
                    r#"<rect class="s{index}" x="{at}" y="45" width="12" height="12"/>"#
                );
                text(&mut svg, "", "start", (at + 18.0, 56.0), name);
            }
            for (place, value) in bars.iter().enumerate() {
                let y = top + group * place as f64 + GAP / 2.0 + BAR * index as f64;
                let Some(value) = *value else { continue };
                _ = writeln!(
                    svg,
                    r#"<rect class="s{index}" x="{LEFT}" y="{y}" width="{:.1}" height="{}"/>"#,
                    x(value) - LEFT,
                    BAR - 2.0
                );
                let label = ((value * 10.0).round() / 10.0).to_string();
                text(&mut svg, "", "start", (x(value) + 6.0, y + 13.0), &label);
            }
        }
        for (place, category) in self.categories.iter().enumerate() {
            let y = top + group * (place as f64 + 0.5) + 4.0;
            text(&mut svg, "", "end", (LEFT - 10.0, y), category);
        }
        svg + "</svg>\n"
    }
}

/// The distance between grid lines, 1, 2 or 5 times a power of ten, for at most five of them.
fn grid_step(max: f64) -> f64 {
    let power = 10f64.powf((max / 5.0).max(f64::MIN_POSITIVE).log10().floor());
    let step = [1.0, 2.0, 5.0].map(|factor| factor * power);
    step.into_iter()
        .find(|step| max / step <= 5.0)
        .unwrap_or(10.0 * power)
}

fn text(svg: &mut String, class: &str, anchor: &str, (x, y): (f64, f64), text: &str) {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    _ = writeln!(
        svg,
        r#"<text class="{class}" text-anchor="{anchor}" x="{x:.1}" y="{y:.1}">{text}</text>"#
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_long_as_its_value() {
        let chart = Chart {
            title: "a < b",
            measured: "instructions",
            category: "case",
            categories: vec!["one".to_string(), "two".to_string()],
            series: vec![("C", vec![Some(100.0), None])],
        };
        let svg = chart.svg();
        let full = format!(r#"width="{:.1}" height="16""#, RIGHT - LEFT);
        assert!(svg.contains(&full), "{svg}");
        assert_eq!(svg.matches("<rect").count(), 1, "no bar without a value");
        for wanted in ["a &lt; b", ">instructions<", ">case<", ">two<", ">100<"] {
            assert!(svg.contains(wanted), "no {wanted} in {svg}");
        }
    }

    #[test]
    fn grid_lines_are_few_and_round() {
        for (max, step) in [
            (59.7, 20.0),
            (13.0, 5.0),
            (9.0, 2.0),
            (5.0, 1.0),
            (0.4, 0.1),
        ] {
            assert!(
                (grid_step(max) - step).abs() < 1e-9,
                "{max}: {}",
                grid_step(max)
            );
        }
    }
}
