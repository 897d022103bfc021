// SPDX-License-Identifier: GPL-2.0

//! What the benchmark modules print, read and checked.

use anyhow::{Context, Result, bail};
use regex_lite::Regex;
use std::collections::{BTreeMap, BTreeSet};

/// The clock's units that one call of each case takes beyond an empty call.
pub type Costs = BTreeMap<String, f64>;

/// The costs of one boot, by language.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Costed {
    pub c: Costs,
    pub rust: Costs,
    /// The clock's units for 200,000 instructions.
    pub calibration: f64,
}

/// A loop of two instructions, 100,000 times more.
const CALIBRATION: f64 = 200_000.0;

struct Line {
    language: String,
    name: String,
    batch: f64,
    median: f64,
}

/// Reads the console of a boot.
pub fn read(console: &str) -> Result<Costed> {
    let pattern = Regex::new(
        r"bench language=(\w+) name=(\w+) n=(\d+) batch=(\d+) median=(\d+) min=\d+ max=\d+ value=(0x[0-9a-f]+|0)",
    )?;
    let mut lines = Vec::new();
    for found in console.lines().filter_map(|line| pattern.captures(line)) {
        if found[2].starts_with("alloc_") && &found[6] != "0x0" && &found[6] != "0" {
            bail!("an allocation failed in {}", &found[2]);
        }
        lines.push(Line {
            language: found[1].to_string(),
            name: found[2].to_string(),
            batch: found[4].parse()?,
            median: found[5].parse()?,
        });
    }
    let median = |name: &str| {
        lines
            .iter()
            .find(|line| line.name == name)
            .map(|line| line.median)
            .with_context(|| format!("the modules did not print {name}; did they load?"))
    };
    let mut costed = Costed {
        calibration: median("calibrate_200000")? - median("calibrate_100000")?,
        ..Costed::default()
    };
    for line in &lines {
        if line.name.starts_with("calibrate_") || line.name.starts_with("empty_") {
            continue;
        }
        let empty = median(&format!("empty_{}", line.batch))?;
        let costs = match line.language.as_str() {
            "c" => &mut costed.c,
            _ => &mut costed.rust,
        };
        costs.insert(line.name.clone(), (line.median - empty) / line.batch);
    }
    if costed.rust.is_empty() {
        bail!("the Rust module printed nothing");
    }
    Ok(costed)
}

/// Fails unless the clock counted instructions.
pub fn require_instructions(costed: &Costed) -> Result<()> {
    if costed.calibration == CALIBRATION {
        return Ok(());
    }
    bail!(
        "a loop of {CALIBRATION} instructions took {} units of the clock: it does not count \
         instructions (is this QEMU's -icount?)",
        costed.calibration
    )
}

/// Fails unless two boots of the same kernel gave the same figures.
pub fn require_same(first: &Costed, second: &Costed) -> Result<()> {
    let mut differ = Vec::new();
    for (first, second) in [(&first.c, &second.c), (&first.rust, &second.rust)] {
        let names: BTreeSet<_> = first.keys().chain(second.keys()).collect();
        for name in names {
            let (one, two) = (first.get(name), second.get(name));
            if one != two {
                differ.push(format!("{name}: {one:?} and {two:?}"));
            }
        }
    }
    if differ.is_empty() {
        return Ok(());
    }
    bail!("two boots gave different figures: {}", differ.join(", "))
}

/// The case in C with which one in Rust is compared.
pub fn in_c(case: &str) -> String {
    if !case.starts_with("alloc_") {
        return case
            .replace("_no_mapping", "")
            .replace("_panic", "_try")
            .replace("hand_", "project_");
    }
    case.replace("_slice", "").replace("_handle", "_no_mapping") + "_ref"
}

impl Costed {
    /// What allocation in Rust costs relative to C. The other cases are too short for a clock that
    /// does not count instructions.
    pub fn ratios(&self) -> Costs {
        self.rust
            .iter()
            .filter(|(name, _)| name.starts_with("alloc_"))
            .filter_map(|(name, cost)| {
                let c = self.c.get(&in_c(name)).filter(|c| **c > 0.0)?;
                Some((name.clone(), (cost / c * 1000.0).round() / 1000.0))
            })
            .collect()
    }
}

/// Of the ratios of several boots, the median of each.
pub fn medians(boots: &[Costs]) -> Costs {
    let names: BTreeSet<_> = boots.iter().flat_map(Costs::keys).collect();
    names
        .into_iter()
        .filter_map(|name| {
            let mut values: Vec<f64> = boots.iter().filter_map(|c| c.get(name).copied()).collect();
            values.sort_by(f64::total_cmp);
            Some((name.clone(), *values.get(values.len() / 2)?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONSOLE: &str = "\
[ 1.0] coherent_bench_c: bench language=c name=calibrate_100000 n=101 batch=1 median=200030 min=1 max=2 value=0x0
[ 1.0] coherent_bench_c: bench language=c name=calibrate_200000 n=101 batch=1 median=400030 min=1 max=2 value=0x0
[ 1.0] coherent_bench_c: bench language=c name=empty_1 n=101 batch=1 median=10 min=1 max=2 value=0x0
[ 1.0] coherent_bench_c: bench language=c name=empty_16 n=101 batch=16 median=100 min=1 max=2 value=0x0
[ 1.0] coherent_bench_c: bench language=c name=alloc_normal_64 n=101 batch=1 median=410 min=1 max=2 value=0x0
[ 1.0] coherent_bench_c: bench language=rust name=project_field n=101 batch=16 median=132 min=1 max=2 value=0x1f00
";

    #[test]
    fn the_empty_call_is_taken_off() {
        let costed = read(CONSOLE).expect("good");
        assert_eq!(costed.c["alloc_normal_64"], 400.0);
        assert_eq!(costed.rust["project_field"], 2.0);
        require_instructions(&costed).expect("counts instructions");
    }

    #[test]
    fn another_clock_is_refused() {
        let console = CONSOLE.replace("median=400030", "median=400031");
        require_instructions(&read(&console).expect("good")).expect_err("not instructions");
    }

    #[test]
    fn a_failed_allocation_is_refused() {
        let console = CONSOLE.replace(
            "median=410 min=1 max=2 value=0x0",
            "median=410 min=1 max=2 value=0x1",
        );
        read(&console).expect_err("failed");
    }

    #[test]
    fn a_module_that_did_not_load_is_missed() {
        read(&CONSOLE.replace("language=rust", "language=c")).expect_err("no Rust");
        read("").expect_err("nothing");
    }

    #[test]
    fn a_figure_that_differs_is_found() {
        let one = read(CONSOLE).expect("good");
        let two = read(&CONSOLE.replace("median=410", "median=411")).expect("good");
        require_same(&one, &one).expect("the same");
        let error = require_same(&one, &two).expect_err("not the same");
        assert!(error.to_string().contains("alloc_normal_64"), "{error}");
        let gone = read(&CONSOLE.replace("alloc_normal_64", "alloc_normal_65")).expect("good");
        require_same(&one, &gone).expect_err("a case is gone");
    }

    #[test]
    fn rust_is_compared_with_the_same_work_in_c() {
        assert_eq!(in_c("alloc_handle_64"), "alloc_no_mapping_64_ref");
        assert_eq!(in_c("alloc_normal_slice_64"), "alloc_normal_64_ref");
        assert_eq!(in_c("project_panic_no_mapping"), "project_try");
        assert_eq!(in_c("hand_field"), "project_field");
        assert_eq!(in_c("read_u8"), "read_u8");
    }

    #[test]
    fn one_boot_that_was_disturbed_does_not_show() {
        let boot = |ratio| Costs::from([("alloc".to_string(), ratio)]);
        let boots = [boot(1.01), boot(0.7), boot(1.02)];
        assert_eq!(medians(&boots), boot(1.01));
    }

    #[test]
    fn allocations_have_a_ratio() {
        let mut costed = read(CONSOLE).expect("good");
        costed.c.insert("alloc_normal_64_ref".to_string(), 400.0);
        costed.rust.insert("alloc_normal_64".to_string(), 402.0);
        assert_eq!(
            costed.ratios(),
            Costs::from([("alloc_normal_64".to_string(), 1.005)])
        );
    }
}
