// SPDX-License-Identifier: GPL-2.0

//! The figures against their goals.

use super::results::Results;
use super::samples::{self, Costs};
use super::sizes::CALLS;
use comfy_table::Table;

pub const SIZES: [u64; 5] = [64, 4096, 65536, 1_048_576, 4_194_304];

pub const HEADER: [&str; 7] = ["what", "ours", "upstream", "C", "ours : C", "goal", "met"];

/// A landing pad for the call, a load, an addition, a return.
const STRAIGHT: usize = 4;

/// One figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub what: String,
    pub ours: f64,
    pub upstream: Option<f64>,
    pub c: Option<f64>,
    pub goal: &'static str,
    /// `None` if there is no goal.
    pub met: Option<bool>,
}

impl Row {
    /// A figure with the one of upstream's case and of the same work in C; without a goal yet.
    fn of(results: &Results, case: &str, upstream: &str) -> Option<Self> {
        Some(Self {
            what: case.to_string(),
            ours: *results.costs.ours.get(case)?,
            upstream: results.costs.upstream.get(upstream).copied(),
            c: results.c.ours.get(&samples::in_c(case)).copied(),
            goal: "",
            met: None,
        })
    }

    fn goal(mut self, goal: &'static str, met: impl FnOnce(&Self) -> bool) -> Self {
        self.met = Some(met(&self));
        self.goal = goal;
        self
    }

    fn at_most_c(&self, factor: f64) -> bool {
        self.c.is_some_and(|c| self.ours <= c * factor)
    }

    fn at_most_upstream(&self) -> bool {
        self.upstream.is_some_and(|upstream| self.ours <= upstream)
    }

    pub fn cells(&self) -> [String; 7] {
        let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
        [
            self.what.clone(),
            self.ours.to_string(),
            number(self.upstream),
            number(self.c),
            match self.c {
                Some(c) if c > 0.0 => format!("{:.3}", self.ours / c),
                _ => String::new(),
            },
            self.goal.to_string(),
            match self.met {
                Some(true) => "yes",
                Some(false) => "NO",
                None => "",
            }
            .to_string(),
        ]
    }
}

/// All figures of a run.
pub fn rows(results: &Results) -> Vec<Row> {
    let mut rows = Vec::new();
    for size in SIZES {
        rows.extend(allocation(results, size));
    }
    rows.extend(SIZES.iter().filter_map(|size| advantage(results, *size)));
    for case in ["project_field", "project_nested"] {
        rows.extend(constant(results, case));
        rows.extend(constant(results, &format!("{case}_no_mapping")));
    }
    for case in ["project_try", "project_panic"] {
        for case in [case.to_string(), format!("{case}_no_mapping")] {
            rows.extend(
                Row::of(results, &case, &case.replace("_no_mapping", ""))
                    .map(|row| row.goal("upstream", Row::at_most_upstream)),
            );
        }
    }
    for case in ["hand_field", "hand_nested", "hand_try"] {
        rows.extend(Row::of(results, case, case));
    }
    for width in ["u8", "u16", "u32", "u64"] {
        for case in [format!("read_{width}"), format!("write_{width}")] {
            rows.extend(Row::of(results, &case, &case).map(|row| {
                row.goal("C, upstream", |row| {
                    row.at_most_c(1.0) && row.at_most_upstream()
                })
            }));
        }
    }
    for case in ["copy_read", "copy_write"] {
        rows.extend(
            Row::of(results, case, case).map(|row| row.goal("upstream", Row::at_most_upstream)),
        );
    }
    rows.extend(code(results));
    rows
}

fn allocation(results: &Results, size: u64) -> impl Iterator<Item = Row> {
    [
        ("alloc_normal", "alloc_normal"),
        ("alloc_normal_slice", "alloc_normal_slice"),
        ("alloc_no_mapping", "alloc_handle"),
        ("alloc_handle", "alloc_handle"),
    ]
    .into_iter()
    .filter_map(move |(ours, upstream)| {
        let case = format!("{ours}_{size}");
        let row = Row::of(results, &case, &format!("{upstream}_{size}"))?;
        // How many free blocks the page allocator splits and merges is not the same in two
        // kernels; what C takes in each says by how much.
        let upstream_c = results.c.upstream.get(&samples::in_c(&case)).copied();
        Some(row.goal("C + 1 %, upstream", |row| {
            let beyond_c = |cost: Option<f64>, c: Option<f64>| Some(cost? - c?);
            let ours = beyond_c(Some(row.ours), row.c);
            let upstream = beyond_c(row.upstream, upstream_c);
            row.at_most_c(1.01) && ours.is_some() && upstream.is_some() && ours <= upstream
        }))
    })
}

/// What memory without a mapping is worth.
fn advantage(results: &Results, size: u64) -> Option<Row> {
    let factor = |costs: &Costs, normal: String, without: String| {
        Some((costs.get(&normal)? / costs.get(&without)? * 10.0).round() / 10.0)
    };
    let normal = format!("alloc_normal_{size}");
    let no_mapping = format!("alloc_no_mapping_{size}");
    let handle = format!("alloc_handle_{size}");
    let row = Row {
        what: format!("{size} bytes: NoMapping is cheaper than Normal by a factor of"),
        c: factor(
            &results.c.ours,
            samples::in_c(&normal),
            samples::in_c(&no_mapping),
        ),
        ours: factor(&results.costs.ours, normal.clone(), no_mapping)?,
        upstream: factor(&results.costs.upstream, normal, handle),
        goal: "",
        met: None,
    };
    Some(match size {
        4_194_304 => row.goal("at least 20", |row| row.ours >= 20.0),
        _ => row,
    })
}

fn constant(results: &Results, case: &str) -> Option<Row> {
    let straight = [&results.checked.ours, &results.unchecked.ours]
        .into_iter()
        .all(|shapes| {
            shapes.get(case).is_some_and(|shape| {
                shape.instructions <= STRAIGHT && shape.branches == 0 && shape.panics == 0
            })
        });
    let row = Row::of(results, case, &case.replace("_no_mapping", ""))?;
    Some(row.goal("a load, an add; as C", |row| straight && row.at_most_c(1.0)))
}

fn code(results: &Results) -> impl Iterator<Item = Row> {
    results.sizes.ours.iter().map(|(what, size)| {
        let row = Row {
            what: what.clone(),
            ours: *size as f64,
            upstream: results.sizes.upstream.get(what).map(|size| *size as f64),
            c: None,
            goal: "",
            met: None,
        };
        if what.contains(CALLS) {
            row
        } else {
            row.goal("upstream", Row::at_most_upstream)
        }
    })
}

/// The table for the terminal.
pub fn table(rows: &[Row]) -> Table {
    let mut table = crate::host::table::new(HEADER);
    for row in rows {
        table.add_row(row.cells());
    }
    table
}

/// The second instrument: how the cases compare in one boot by the time-stamp counter.
pub fn ratios(results: &Results) -> Table {
    let mut table = crate::host::table::new(["time in one boot", "ours : C", "upstream : C"]);
    for row in ratio_rows(results) {
        table.add_row(row);
    }
    table
}

pub fn ratio_rows(results: &Results) -> impl Iterator<Item = [String; 3]> {
    results.ratios.ours.iter().map(|(case, ratio)| {
        let upstream = results
            .ratios
            .upstream
            .get(&case.replace("_no_mapping_", "_handle_"));
        [
            case.clone(),
            format!("{ratio:.2}"),
            upstream.map_or_else(String::new, |ratio| format!("{ratio:.2}")),
        ]
    })
}

#[cfg(test)]
mod tests;
