// SPDX-License-Identifier: GPL-2.0

//! The instruction counts that the modules of `bench/` print.

use anyhow::{Context, Result, ensure};
use regex_lite::Regex;
use std::collections::BTreeMap;

/// Instructions per call, less those of an empty call: of `rust CASE` and of `c CASE`.
pub type Counts = BTreeMap<String, f64>;

/// The difference between the two calibration loops: 100,000 rounds of two instructions.
const CALIBRATION: f64 = 200_000.0;

const LINE: &str = r"bench language=(\w+) name=(\w+) n=\d+ batch=(\d+) median=(\d+) min=\d+ max=\d+ value=(?:0x)?([0-9a-f]+)";

/// Reads the console of a boot. Fails unless the clock counted instructions.
pub fn read(console: &str) -> Result<Counts> {
    let pattern = Regex::new(LINE)?;
    let found = pattern.captures_iter(console);
    let lines: Vec<[&str; 5]> = found.map(|line| line.extract().1).collect();
    let median = |wanted: &str| -> Result<f64> {
        let line = lines.iter().find(|[_, name, ..]| *name == wanted);
        let [_, _, _, median, _] =
            line.with_context(|| format!("the modules did not print {wanted}; did they load?"))?;
        Ok(median.parse()?)
    };

    let calibration = median("calibrate_200000")? - median("calibrate_100000")?;
    ensure!(
        calibration == CALIBRATION,
        "a loop of {CALIBRATION} instructions took {calibration} clock units: the clock does not \
         count instructions (does this QEMU support -icount?)"
    );
    let mut counts = Counts::new();
    for [language, name, batch, case_median, value] in lines.iter().copied() {
        if name.starts_with("calibrate_") || name.starts_with("empty_") {
            continue;
        }
        ensure!(
            !name.starts_with("alloc_") || value == "0",
            "an allocation failed in {name}"
        );
        let empty = median(&format!("empty_{batch}"))?;
        let count = (case_median.parse::<f64>()? - empty) / batch.parse::<f64>()?;
        counts.insert(format!("{language} {name}"), count);
    }
    ensure!(
        counts.keys().any(|case| case.starts_with("rust ")),
        "the Rust module printed nothing"
    );
    Ok(counts)
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
        let counts = read(CONSOLE).expect("good");
        let expected = [("c alloc_normal_64", 400.0), ("rust project_field", 2.0)];
        assert_eq!(
            counts,
            expected
                .map(|(case, count)| (case.to_string(), count))
                .into()
        );
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
}
