// SPDX-License-Identifier: GPL-2.0

//! Bar charts as SVG. Written here, as no crate draws bars that CSS colors for light and dark pages.

/// Horizontal bars, each labelled with its value: one group for each row, one bar for each series.
pub struct Chart {
    /// The name of its file.
    pub name: &'static str,
    pub title: &'static str,
    /// The axis titles: the rows, and the values with their unit.
    pub axes: [&'static str; 2],
    /// The names of the series; not shown if there is only one.
    pub series: &'static [&'static str],
    /// Names and values.
    pub rows: Vec<(&'static str, Vec<Option<f64>>)>,
}

const WIDTH: f64 = 760.0;
/// Where the bars begin, and how long the longest is; its value follows.
const LEFT: f64 = 210.0;
const TOP: f64 = 84.0;
const LONGEST: f64 = 480.0;
const BAR: f64 = 18.0;
const GAP: f64 = 14.0;

const STYLE: &str = "\
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.title { font-size: 16px; font-weight: 600 }
.axis { font-style: italic }
.end { text-anchor: end }
path { stroke: #818b98 }
.s0 { fill: #2a6fdb } .s1 { fill: #d9730d } .s2 { fill: #8a939c }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.s0 { fill: #6aa9ff } .s1 { fill: #ffa657 } .s2 { fill: #9aa4af }
}
";

impl Chart {
    pub fn svg(&self) -> String {
        let values = self.rows.iter().flat_map(|(_, values)| values).flatten();
        let max = values.fold(1.0, |max: f64, value| max.max(*value));
        let group = BAR * self.series.len() as f64 + GAP;
        let bottom = TOP + group * self.rows.len() as f64;
        let height = bottom + 28.0;

        let [rows, measured] = self.axes;
        let mut marks = text("title", 16.0, 26.0, self.title);
        marks += &text("axis end", LEFT - 10.0, TOP - 8.0, rows);
        marks += &text("axis", LEFT, bottom + 18.0, measured);
        if self.series.len() > 1 {
            for (index, name) in self.series.iter().enumerate() {
                let x = LEFT + 130.0 * index as f64;
                marks += &rect(index, x, 45.0, 12.0);
                marks += &text("", x + 18.0, 56.0, name);
            }
        }
        for (place, (name, values)) in self.rows.iter().enumerate() {
            let y = TOP + GAP / 2.0 + group * place as f64;
            marks += &text("end", LEFT - 10.0, y + (group - GAP) / 2.0 + 4.0, name);
            for (index, value) in values.iter().enumerate() {
                let Some(value) = value else { continue };
                let (y, length) = (y + BAR * index as f64, LONGEST * value / max);
                let label = ((value * 10.0).round() / 10.0).to_string();
                marks += &rect(index, LEFT, y, length);
                marks += &text("", LEFT + length + 6.0, y + 12.0, &label);
            }
        }
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
             width=\"{WIDTH}\" height=\"{height}\" role=\"img\">\n<style>\n{STYLE}</style>\n{marks}\
             <path d=\"M{LEFT} {TOP}V{bottom}\"/>\n</svg>\n"
        )
    }
}

/// A bar of a series, or its mark in the legend.
fn rect(series: usize, x: f64, y: f64, length: f64) -> String {
    let class = format!("s{series}");
    format!("<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{length:.1}\" height=\"15\"/>\n")
}

fn text(class: &str, x: f64, y: f64, text: &str) -> String {
    format!("<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{text}</text>\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_long_as_its_value() {
        let chart = Chart {
            name: "a",
            title: "a title",
            axes: ["case", "instructions"],
            series: &["C"],
            rows: vec![
                ("one", vec![Some(100.0)]),
                ("two", vec![Some(25.0)]),
                ("three", vec![None]),
            ],
        };
        let svg = chart.svg();
        assert_eq!(svg.matches("<rect").count(), 2, "no bar without a value");
        for wanted in ["width=\"480.0\"", "width=\"120.0\"", ">100<", ">25<"] {
            assert!(svg.contains(wanted), "no {wanted} in {svg}");
        }
        for wanted in [">a title<", ">instructions<", ">case<", ">two<"] {
            assert!(svg.contains(wanted), "no {wanted} in {svg}");
        }
    }
}
