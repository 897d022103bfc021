// SPDX-License-Identifier: GPL-2.0

//! The KUnit suites and the samples: what is built, what a run does, and what it has to show.

use crate::build::external_module::named;
use crate::build::kbuild::{self, Kernel};
use crate::build::session::Session;
use crate::host::lanes;
use crate::run::boot::Plan;
use crate::verdict::Expected;
use anyhow::{Result, ensure};
use regex_lite::Regex;
use std::fs;
use std::path::{Path, PathBuf};

/// The directories of external modules that are built.
pub const DIRECTORIES: [&str; 4] = ["kunit", "kunit/faults", "samples", "samples/first_driver"];

/// A plan unbinds edu_late this often: by unplugging the device, and by unloading the module.
const UNBINDS: usize = 2;

/// Builds all external modules, side by side: most are one crate, which a single job compiles.
pub fn modules(session: &Session, kernel: &Kernel) -> Result<Vec<PathBuf>> {
    let built = lanes::run(kbuild::jobs(), DIRECTORIES, |directory| {
        session.modules(kernel, directory)
    });
    let built: Vec<Vec<PathBuf>> = built.into_iter().collect::<Result<_>>()?;
    Ok(built.concat())
}

/// Runs all suites, and all drivers that use coherent memory, after what comes `before`.
pub fn plan(
    before: Plan,
    kernel: &Kernel,
    modules: &[PathBuf],
    allocations: Option<u64>,
    address_bits: u32,
) -> Result<Plan> {
    let address_bits = format!("address_bits={address_bits}");
    let parameters = allocations.map_or(String::new(), |n| format!("allocations={n}"));
    Ok(before
        .shell("trace_start")
        // The driver binds the device that the suites about faults use.
        .load(named(modules, "edu")?, &address_bits)
        .shell("addresses edu")
        .load_and_unload(named(modules, "coherent_kunit")?)
        .shell("step faults_start")
        .load(named(modules, "coherent_faults")?, &parameters)
        .shell("step rmmod coherent_faults")
        .shell("step rmmod edu")
        .load_and_unload(named(modules, "flush_page")?)
        // Upstream's own user of coherent memory.
        .load_and_unload(&kernel.build.join("samples/rust/rust_dma.ko"))
        .load(named(modules, "edu_late")?, &address_bits)
        .shell("step unplug edu_late")
        .shell("step rescan edu_late")
        .shell("step rmmod edu_late"))
}

/// What such a run has to show, on a machine where the suites in `skips` have nothing to test.
pub fn expected(session: &Session, kernel: &Kernel, skips: &[String]) -> Result<Expected> {
    let checkout = &session.workspace.checkout;
    let mut suites = suite_names(&checkout.join("kunit"))?;
    suites.retain(|suite| !skips.contains(suite));
    Ok(Expected {
        suites: Some(suites),
        transfers: true,
        allocations: true,
        totals: kernel.has("CONFIG_HIST_TRIGGERS")?,
        entries: true,
        unbinds: Some(UNBINDS),
        ..Expected::default()
    })
}

/// The suites that the sources have, so that one that does not run is missed.
fn suite_names(dir: &Path) -> Result<Vec<String>> {
    let attribute = Regex::new(r"(?m)^#\[kunit_tests\((\w+)\)\]")?;
    let mut names = Vec::new();
    for path in super::files(dir, "rs")? {
        let text = fs::read_to_string(&path)?;
        let found = attribute.captures_iter(&text);
        names.extend(found.map(|found| found[1].to_string()));
    }
    ensure!(!names.is_empty(), "{} has no suites", dir.display());
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suites_are_read_from_their_sources() {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../kunit");
        let names = suite_names(&dir).expect("suites");
        assert!(
            names.contains(&"dma_coherent_project".to_string()),
            "{names:?}"
        );
        assert!(names.contains(&"dma_faults_mask".to_string()), "{names:?}");
    }
}
