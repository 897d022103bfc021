// SPDX-License-Identifier: GPL-2.0

//! What the edu sample says of its transfers.

use crate::verdict::console;
use anyhow::{Result, bail};
use regex::Regex;

/// A line of the edu sample about one transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    pub place: String,
    pub size: usize,
    pub dma_address: String,
    pub verdict: String,
}

impl Transfer {
    pub fn good(&self) -> bool {
        self.verdict == "ok"
    }
}

/// What the edu sample says of its transfers. They have to be as many as it counted.
pub fn transfers(console: &str) -> Result<Vec<Transfer>> {
    let line = Regex::new(
        r"edu [0-9a-f:.]+: transfer (\S+) size (\d+) dma_address (0x[0-9a-f]+): (ok$|FAILED.*)",
    )?;
    let total = Regex::new(r"edu [0-9a-f:.]+: (\d+) transfers, \d+ failed")?;
    let mut transfers = Vec::new();
    for found in console.lines().filter_map(|text| line.captures(text)) {
        transfers.push(Transfer {
            place: found[1].to_string(),
            size: found[2].parse()?,
            dma_address: found[3].to_string(),
            verdict: found[4].to_string(),
        });
    }
    let counted: Option<usize> = total
        .captures(console)
        .and_then(|found| found[1].parse().ok());
    match counted {
        Some(counted) if counted > 0 && counted == transfers.len() => Ok(transfers),
        Some(counted) => bail!(
            "the edu sample counts {counted} transfers and shows {}",
            transfers.len()
        ),
        None => {
            let findings: String = console::judge(console)
                .iter()
                .map(ToString::to_string)
                .collect();
            bail!("the edu sample did not come to its end:\n{findings}")
        }
    }
}
