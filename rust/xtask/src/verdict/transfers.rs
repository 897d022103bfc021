// SPDX-License-Identifier: GPL-2.0

//! What the edu sample says of its transfers.

use anyhow::{Context, Result, ensure};
use regex_lite::Regex;

/// A line of the edu sample about one transfer.
#[derive(Clone, Debug)]
pub struct Transfer {
    pub place: String,
    pub size: usize,
    pub dma_address: String,
    pub result: String,
}

impl Transfer {
    /// Fails unless the transfer succeeded.
    pub fn judge(&self) -> Result<()> {
        ensure!(self.result == "ok", "{}: {}", self.place, self.result);
        Ok(())
    }
}

/// What the edu sample says of its transfers. They have to be as many as it counted.
pub fn transfers(console: &str) -> Result<Vec<Transfer>> {
    let line = Regex::new(
        r"(?m)edu [0-9a-f:.]+: transfer (\S+) size (\d+) dma_address (0x[0-9a-f]+): (ok$|FAILED.*)",
    )?;
    let total = Regex::new(r"edu [0-9a-f:.]+: (\d+) transfers, \d+ failed")?;
    let mut transfers = Vec::new();
    for found in line.captures_iter(console) {
        transfers.push(Transfer {
            place: found[1].to_string(),
            size: found[2].parse()?,
            dma_address: found[3].to_string(),
            result: found[4].to_string(),
        });
    }
    let counted = total.captures(console);
    let counted: usize = counted.context("the edu sample did not come to its end")?[1].parse()?;
    ensure!(
        counted > 0 && counted == transfers.len(),
        "the edu sample counts {counted} transfers and shows {}",
        transfers.len()
    );
    Ok(transfers)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "\
[    3.8] edu 0000:00:01.0: transfer header size 16 dma_address 0x3c60000: ok
[    4.0] edu 0000:00:01.0: transfer payload[i][..512] size 512 dma_address 0x3c61410: ok
[    6.1] edu 0000:00:01.0: 2 transfers, 0 failed
";

    #[test]
    fn transfers_are_read() {
        let transfers = transfers(GOOD).expect("transfers");
        assert_eq!(transfers[1].place, "payload[i][..512]");
        assert_eq!(transfers[1].size, 512);
        assert_eq!(transfers[1].dma_address, "0x3c61410");
        assert!(transfers.iter().all(|transfer| transfer.judge().is_ok()));
    }

    #[test]
    fn a_failed_transfer_is_not_good() {
        let log = GOOD.replacen(": ok", ": FAILED, byte 3 is 0x00 and not 0x16", 1);
        let transfers = transfers(&log).expect("transfers");
        let error = transfers[0].judge().expect_err("failed").to_string();
        assert!(error.contains("byte 3"), "{error}");
    }

    #[test]
    fn a_transfer_that_is_missing_is_an_error() {
        let log: String = GOOD
            .lines()
            .skip(1)
            .map(|line| format!("{line}\n"))
            .collect();
        let error = transfers(&log).expect_err("one is missing").to_string();
        assert!(error.contains("counts 2 transfers and shows 1"), "{error}");
        let error = transfers("").expect_err("nothing").to_string();
        assert!(error.contains("did not come to its end"), "{error}");
    }
}
