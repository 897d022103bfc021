// SPDX-License-Identifier: GPL-2.0

//! What passed and failed, check by check.

use crate::host::table;
use anyhow::Result;

/// What passed and failed, check by check.
#[derive(Default)]
pub struct Tally {
    pub rows: Vec<(String, usize, usize, usize)>,
}

impl Tally {
    pub fn add(&mut self, name: impl Into<String>, passed: usize, failed: usize, skipped: usize) {
        self.rows.push((name.into(), passed, failed, skipped));
    }

    /// Notes one check, and says why it failed.
    pub fn note(&mut self, name: &str, result: Result<()>) {
        if let Err(error) = &result {
            eprintln!("FAILED: {name}: {error:#}");
        }
        let failed = usize::from(result.is_err());
        self.add(name, 1 - failed, failed, 0);
    }

    pub fn sum(&self) -> (usize, usize, usize) {
        self.rows.iter().fold((0, 0, 0), |sum, row| {
            (sum.0 + row.1, sum.1 + row.2, sum.2 + row.3)
        })
    }

    pub fn print(&self) {
        let mut table = table::new(["check", "passed", "failed", "skipped"]);
        for (name, passed, failed, skipped) in &self.rows {
            table.add_row([
                name.clone(),
                passed.to_string(),
                failed.to_string(),
                skipped.to_string(),
            ]);
        }
        println!("{table}");
    }
}
