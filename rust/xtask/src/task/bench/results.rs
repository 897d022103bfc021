// SPDX-License-Identifier: GPL-2.0

//! The figures of a run, as they are kept in the repository.

use super::object::Shapes;
use super::samples::Costs;
use super::sizes::Sizes;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

/// The library's figures and those of the tree as it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pair<T> {
    pub ours: T,
    pub upstream: T,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Results {
    pub made: Made,
    /// Instructions beyond those of an empty call; those in C were run on either side.
    pub c: Pair<Costs>,
    pub costs: Pair<Costs>,
    /// Times relative to C in the same boot.
    pub ratios: Pair<Costs>,
    /// The code with overflow checks, and without.
    pub checked: Pair<Shapes>,
    pub unchecked: Pair<Shapes>,
    pub sizes: Pair<Sizes>,
}

/// What the figures are of.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Made {
    pub kernel: String,
    pub rustc: String,
    pub compiler: String,
    pub qemu: String,
    pub commit: String,
}

impl Made {
    /// What it is of, with its names.
    pub fn parts(&self) -> [(&'static str, &str); 5] {
        [
            ("kernel", &self.kernel),
            ("Rust compiler", &self.rustc),
            ("C compiler", &self.compiler),
            ("QEMU", &self.qemu),
            ("commit", &self.commit),
        ]
    }

    /// What may be why figures differ that should not.
    pub fn differences(&self, now: &Self) -> Vec<String> {
        self.parts()
            .into_iter()
            .zip(now.parts())
            .filter(|((what, then), (_, now))| *what != "commit" && then != now)
            .map(|((what, then), (_, now))| {
                format!("the figures were taken with another {what}: {then}; this is {now}")
            })
            .collect()
    }
}

impl Results {
    pub fn save(&self, file: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
    }

    pub fn load(file: &Path) -> Result<Self> {
        let text = fs::read_to_string(file).with_context(|| {
            format!(
                "no figures to compare with in {}; run `make bench`",
                file.display()
            )
        })?;
        serde_json::from_str(&text).with_context(|| {
            format!(
                "{} is not what `make bench` writes now; run it",
                file.display()
            )
        })
    }
}

/// What may be added before a rise is one.
const TOLERANCE: f64 = 1.01;

/// The cases that take over 1 % more than before, or are gone.
pub fn risen(before: &Costs, now: &Costs) -> Vec<String> {
    before
        .iter()
        .filter_map(|(name, before)| match now.get(name) {
            None => Some(format!("{name} is gone")),
            Some(now) if *now > before * TOLERANCE => Some(format!(
                "{name} takes {now} instructions, and took {before}"
            )),
            Some(_) => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn costs(cost: f64) -> Costs {
        Costs::from([("alloc".to_string(), cost)])
    }

    #[test]
    fn a_rise_of_more_than_one_percent_is_found() {
        assert_eq!(risen(&costs(1000.0), &costs(1010.0)), Vec::<String>::new());
        assert_eq!(risen(&costs(1000.0), &costs(900.0)), Vec::<String>::new());
        assert!(risen(&costs(1000.0), &costs(1011.0))[0].contains("1011"));
    }

    #[test]
    fn a_case_that_is_gone_is_found() {
        assert_eq!(risen(&costs(1.0), &Costs::new()), ["alloc is gone"]);
    }

    #[test]
    fn another_compiler_is_named_and_another_commit_is_not() {
        let then = Made {
            kernel: "7.3.4".to_string(),
            rustc: "rustc 1.95.0".to_string(),
            compiler: "gcc 12".to_string(),
            qemu: "QEMU 7".to_string(),
            commit: "1".to_string(),
        };
        let mut now = Made {
            commit: "2".to_string(),
            ..then.clone()
        };
        assert_eq!(then.differences(&now), Vec::<String>::new());
        now.rustc = "rustc 1.96.0".to_string();
        assert!(then.differences(&now)[0].contains("rustc 1.96.0"));
    }
}
