// SPDX-License-Identifier: GPL-2.0

//! The figures of a run, their goals, and the file in which they are kept.

use crate::verdict::instructions::{Counts, Instructions};
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

pub const SIZES: [u64; 5] = [64, 4096, 65536, 1_048_576, 4_194_304];

/// The versions of the kernel and of each program, and the commit.
pub type Environment = BTreeMap<String, String>;

/// What `bench/results.json` holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Results {
    pub environment: Environment,
    pub figures: Vec<Figure>,
}

/// One case, in instructions, or in bytes for a case of code size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    pub case: String,
    pub library: f64,
    /// With the types of Linux 7.3, in a kernel without the library.
    pub upstream: Option<f64>,
    /// The same work in C, in the kernel with the library and in the other one.
    pub c: Option<f64>,
    pub upstream_c: Option<f64>,
}

/// A case of C, or of upstream's types, that does the same work as `case`.
fn c_case(case: &str) -> String {
    if !case.starts_with("alloc_") {
        let case = case.replace("_no_mapping", "").replace("_panic", "_try");
        return case
            .replace("hand_", "project_")
            .replace("range_field", "project_field");
    }
    let case = case.replace("_slice", "").replace("_handle", "_no_mapping");
    match case.strip_prefix("alloc_bound_") {
        // A bound buffer holds no reference to its device.
        Some(rest) => format!("alloc_{rest}"),
        None => case + "_ref",
    }
}

fn upstream_case(case: &str) -> String {
    match case.strip_prefix("alloc_no_mapping_") {
        Some(size) => format!("alloc_handle_{size}"),
        None => case.replace("_no_mapping", ""),
    }
}

/// The figures of a kernel with the library, beside those of one without it.
pub fn compare(library: &Instructions, upstream: Option<&Instructions>) -> Vec<Figure> {
    let find = |counts: &Counts, case: String| counts.get(&case).copied();
    let figure = |(case, count): (&String, &f64)| Figure {
        case: case.clone(),
        library: *count,
        upstream: upstream.and_then(|upstream| find(&upstream.rust, upstream_case(case))),
        c: find(&library.c, c_case(case)),
        upstream_c: upstream.and_then(|upstream| find(&upstream.c, c_case(case))),
    };
    let mut figures: Vec<_> = library.rust.iter().map(figure).collect();
    figures.sort_by_cached_key(|figure| {
        let (name, size) = figure.case.rsplit_once('_').unwrap_or_default();
        (size.parse::<u64>().ok(), name.to_string())
    });
    figures
}

impl Figure {
    /// The goal and whether it is met, for a case that has one.
    pub fn goal(&self) -> Option<(&'static str, bool)> {
        let at_most = |limit: Option<f64>| limit.is_some_and(|limit| self.library <= limit);
        let (group, _) = self.case.split_once('_')?;
        Some(match group {
            "alloc" if self.case.contains("_bound_") => ("C + 1 %", at_most(self.c.map(more))),
            // What the page allocator does differs a little between two kernels, in C as in Rust:
            // each is compared with C in its own boot.
            "alloc" => {
                let upstream = (|| Some(self.upstream? - self.upstream_c? + self.c?))();
                let met = at_most(self.c.map(more)) && at_most(upstream);
                ("C + 1 %, Linux 7.3", met)
            }
            "project" if self.case.contains("_try") || self.case.contains("_panic") => {
                ("Linux 7.3", at_most(self.upstream))
            }
            "project" | "range" => ("C", at_most(self.c)),
            "read" | "write" => ("C, Linux 7.3", at_most(self.c) && at_most(self.upstream)),
            "copy" | "text" => ("Linux 7.3", at_most(self.upstream)),
            _ => return None,
        })
    }

    /// The figure as a row of a table.
    pub fn cells(&self) -> [String; 7] {
        let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
        let (goal, met) = match self.goal() {
            Some((goal, met)) => (goal, if met { "yes" } else { "NO" }),
            None => ("", ""),
        };
        [
            self.case.clone(),
            self.library.to_string(),
            number(self.upstream),
            number(self.c),
            number(self.c.map(|c| self.library - c)),
            goal.to_string(),
            met.to_string(),
        ]
    }
}

pub const HEADER: [&str; 7] = [
    "case",
    "library",
    "Linux 7.3",
    "C",
    "over C",
    "at most",
    "met",
];

/// One percent more, which is allowed.
fn more(value: f64) -> f64 {
    value * 1.01
}

/// The cases that take over 1 % more than committed, or are in only one of the two.
pub fn risen(committed: &[Figure], now: &[Figure]) -> Vec<String> {
    let find = |figures: &[Figure], case: &str| {
        let figure = figures.iter().find(|figure| figure.case == case);
        figure.map(|figure| figure.library)
    };
    let cases: BTreeSet<_> = committed
        .iter()
        .chain(now)
        .map(|figure| &figure.case)
        .collect();
    let rise = |case: &String| match (find(committed, case), find(now, case)) {
        (Some(then), Some(now)) if now <= more(then) => None,
        (Some(then), Some(now)) => Some(format!("{case}: {now}, committed: {then}")),
        (_, None) => Some(format!("{case} is gone")),
        (None, _) => Some(format!("{case} is not committed")),
    };
    cases.into_iter().filter_map(rise).collect()
}

/// Why figures may differ although the code does not.
pub fn changed(committed: &Environment, now: &Environment) -> Vec<String> {
    committed
        .iter()
        .filter(|(what, then)| *what != "commit" && now.get(*what) != Some(then))
        .map(|(what, then)| format!("the committed figures are of another {what}: {then}"))
        .collect()
}

impl Results {
    pub fn find(&self, case: &str) -> Option<&Figure> {
        self.figures.iter().find(|figure| figure.case == case)
    }

    pub fn missed(&self) -> Vec<&str> {
        let missed = |figure: &&Figure| figure.goal().is_some_and(|(_, met)| !met);
        self.figures
            .iter()
            .filter(missed)
            .map(|figure| &*figure.case)
            .collect()
    }

    pub fn save(&self, file: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
    }

    pub fn load(file: &Path) -> Result<Self> {
        let run = || format!("cannot use {}; `make bench` writes it", file.display());
        let text = fs::read_to_string(file).with_context(run)?;
        serde_json::from_str(&text).with_context(run)
    }
}

#[cfg(test)]
mod tests;
