// SPDX-License-Identifier: GPL-2.0

//! The figures of a run, their goals, and the file in which they are kept.

use super::copies::Copying;
use crate::verdict::instructions::Counts;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// What `bench/results.json` holds.
#[derive(Debug, Serialize, Deserialize)]
pub struct Results {
    /// The versions of the kernel and of each program, and the commit.
    pub environment: BTreeMap<String, String>,
    pub figures: Vec<Figure>,
    /// Copies of a disk.
    pub nvme: Vec<Copying>,
}

/// One case, in instructions, or in bytes for a case of code size.
#[derive(Debug, Serialize, Deserialize)]
pub struct Figure {
    pub case: String,
    pub library: f64,
    /// With the types of Linux 7.3, in a kernel without the library.
    pub upstream: Option<f64>,
    /// The same work in C, in the kernel with the library and in the other one.
    pub c: Option<f64>,
    pub upstream_c: Option<f64>,
}

/// The columns of [`Figure::row`].
pub const HEADER: &str = "case | library | Linux 7.3 | C | over C | at most | met";

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
pub fn compare(library: &Counts, upstream: &Counts) -> Vec<Figure> {
    let c = |counts: &Counts, case: &str| counts.get(&format!("c {}", c_case(case))).copied();
    let figure = |(name, count): (&String, &f64)| {
        let case = name.strip_prefix("rust ")?;
        let same = format!("rust {}", upstream_case(case));
        Some(Figure {
            case: case.to_string(),
            library: *count,
            upstream: upstream.get(&same).copied(),
            c: c(library, case),
            upstream_c: c(upstream, case),
        })
    };
    let mut figures: Vec<_> = library.iter().filter_map(figure).collect();
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
    pub fn row(&self) -> String {
        let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
        let (goal, met) = match self.goal() {
            Some((goal, met)) => (goal, if met { "yes" } else { "NO" }),
            None => ("", ""),
        };
        let (upstream, c) = (number(self.upstream), number(self.c));
        let over_c = number(self.c.map(|c| self.library - c));
        let (case, library) = (&self.case, self.library);
        format!("{case} | {library} | {upstream} | {c} | {over_c} | {goal} | {met}")
    }
}

/// One percent more, which is allowed.
fn more(value: f64) -> f64 {
    value * 1.01
}

/// The cases that take over 1 % more than committed, or are in only one of the two.
pub fn risen(committed: &[Figure], now: &[Figure]) -> Vec<String> {
    let mut cases: BTreeMap<&str, [Option<f64>; 2]> = BTreeMap::new();
    for (index, figures) in [committed, now].into_iter().enumerate() {
        for figure in figures {
            cases.entry(&figure.case).or_default()[index] = Some(figure.library);
        }
    }
    let rise = |(case, counts): (&str, [Option<f64>; 2])| match counts {
        [Some(then), Some(now)] if now <= more(then) => None,
        [then, now] => Some(format!("{case}: {now:?}, committed: {then:?}")),
    };
    cases.into_iter().filter_map(rise).collect()
}

impl Results {
    pub fn missed(&self) -> Vec<&str> {
        let missed = |figure: &&Figure| figure.goal().is_some_and(|(_, met)| !met);
        let missed = self.figures.iter().filter(missed);
        missed.map(|figure| &*figure.case).collect()
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
