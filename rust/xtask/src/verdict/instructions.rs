// SPDX-License-Identifier: GPL-2.0

//! The instruction counts that the modules of `bench/` print.

use anyhow::{Context, Result, bail, ensure};
use regex_lite::Regex;
use std::collections::BTreeMap;

/// Instructions per call of each case, less those of an empty call.
pub type Counts = BTreeMap<String, f64>;

/// The counts of one boot, by language.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Instructions {
    pub c: Counts,
    pub rust: Counts,
}

/// The difference between the two calibration loops: 100,000 rounds of two instructions.
const CALIBRATION: f64 = 200_000.0;

/// Reads the console of a boot. Fails unless the clock counted instructions.
pub fn read(console: &str) -> Result<Instructions> {
    let pattern = Regex::new(
        r"bench language=(\w+) name=(\w+) n=\d+ batch=(\d+) median=(\d+) min=\d+ max=\d+ value=(?:0x)?([0-9a-f]+)",
    )?;
    let lines: Vec<[&str; 5]> = console
        .lines()
        .filter_map(|line| Some(pattern.captures(line)?.extract().1))
        .collect();
    let median = |wanted: &str| -> Result<f64> {
        let line = lines.iter().find(|[_, name, ..]| *name == wanted);
        let [_, _, _, median, _] =
            line.with_context(|| format!("the modules did not print {wanted}; did they load?"))?;
        Ok(median.parse()?)
    };

    let calibration = median("calibrate_200000")? - median("calibrate_100000")?;
    if calibration != CALIBRATION {
        bail!(
            "a loop of {CALIBRATION} instructions took {calibration} clock units: the clock does \
             not count instructions (does this QEMU support -icount?)"
        );
    }
    let mut instructions = Instructions::default();
    for [language, name, batch, case_median, value] in &lines {
        if name.starts_with("calibrate_") || name.starts_with("empty_") {
            continue;
        }
        if name.starts_with("alloc_") && *value != "0" {
            bail!("an allocation failed in {name}");
        }
        let empty = median(&format!("empty_{batch}"))?;
        let count = (case_median.parse::<f64>()? - empty) / batch.parse::<f64>()?;
        let counts = match *language {
            "c" => &mut instructions.c,
            _ => &mut instructions.rust,
        };
        counts.insert(name.to_string(), count);
    }
    if instructions.rust.is_empty() {
        bail!("the Rust module printed nothing");
    }
    Ok(instructions)
}

impl Instructions {
    /// Fails unless `other`, from another boot of the same kernel, has the same counts.
    pub fn require_same(&self, other: &Self) -> Result<()> {
        let mut differ = Vec::new();
        for (ours, theirs) in [(&self.c, &other.c), (&self.rust, &other.rust)] {
            let names = ours.keys().chain(theirs.keys());
            differ.extend(names.filter(|name| ours.get(*name) != theirs.get(*name)));
        }
        differ.dedup();
        ensure!(
            differ.is_empty(),
            "two boots gave different counts of {differ:?}"
        );
        Ok(())
    }
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
    fn the_empty_call_is_subtracted() {
        let measured = read(CONSOLE).expect("good");
        assert_eq!(measured.c["alloc_normal_64"], 400.0);
        assert_eq!(measured.rust["project_field"], 2.0);
        assert_eq!((measured.c.len(), measured.rust.len()), (1, 1));
    }

    #[test]
    fn a_clock_of_time_is_refused() {
        let console = CONSOLE.replace("median=400030", "median=400031");
        let error = read(&console).expect_err("not instructions").to_string();
        assert!(error.contains("200001 clock units"), "{error}");
    }

    #[test]
    fn a_failed_allocation_is_refused() {
        let good = "median=410 min=1 max=2 value=0x0";
        let console = CONSOLE.replace(good, "median=410 min=1 max=2 value=0x1");
        read(&console).expect_err("failed");
    }

    #[test]
    fn a_module_that_did_not_load_is_noticed() {
        read(&CONSOLE.replace("language=rust", "language=c")).expect_err("no Rust");
        read("").expect_err("nothing");
    }

    #[test]
    fn a_count_that_differs_between_boots_is_named() {
        let one = read(CONSOLE).expect("good");
        let two = read(&CONSOLE.replace("median=410", "median=411")).expect("good");
        one.require_same(&one).expect("the same");
        let error = one.require_same(&two).expect_err("not the same");
        assert!(error.to_string().contains("alloc_normal_64"), "{error}");
        let gone = read(&CONSOLE.replace("alloc_normal_64", "alloc_normal_65")).expect("good");
        one.require_same(&gone).expect_err("a case is gone");
    }
}
