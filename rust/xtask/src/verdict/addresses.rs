// SPDX-License-Identifier: GPL-2.0

//! Whether DMA addresses are physical addresses or IOVAs.

use crate::verdict::transfers::transfers;
use anyhow::{Context, Result, ensure};
use regex_lite::Regex;
use serde::Deserialize;
use std::fmt;

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Addressing {
    Physical,
    Iova,
}

/// Fails unless the DMA addresses of edu are of this kind. Returns one of them, for a person.
///
/// `addresses` of `boot/init` prints where memory is, and each buffer that dma-debug knows: one with a
/// CPU mapping or, behind an IOMMU, any. One number alone does not tell: an IOVA may equal the physical
/// address of other memory.
pub fn expect(console: &str, expected: Addressing) -> Result<String> {
    let memory = Regex::new(r"(?m)coherent: memory at ([0-9a-f]+)-([0-9a-f]+)$")?;
    let buffer =
        Regex::new(r"(?m)coherent: edu \S+ has P=0x([0-9a-f]+) D=([0-9a-f]+) L=([0-9a-f]+)$")?;
    // dma-debug takes a page cookie for an address if `struct page` lies in mapped memory.
    let cookie = Regex::new(r"edu \S+: device memory size \d+ dma_address 0x([0-9a-f]+)")?;
    let cookie = cookie.captures(console).map(|found| found.extract().1);
    let mut ranges = Vec::new();
    for found in memory.captures_iter(console) {
        ranges.push(hex(&found[1])?..=hex(&found[2])?);
    }
    let require_memory = |start: u64, size: u64| {
        let end = start.saturating_add(size.saturating_sub(1));
        let mut ranges = ranges.iter();
        let known = ranges.any(|range| range.contains(&start) && range.contains(&end));
        ensure!(known, "{size} bytes at {start:#x} are no memory");
        Ok(())
    };

    let mut example = None;
    for found in buffer.captures_iter(console) {
        let [physical, dma, size] = found.extract().1;
        if cookie == Some([dma]) {
            continue;
        }
        let [physical, dma, size] = [hex(physical)?, hex(dma)?, hex(size)?];
        require_memory(physical, size)?;
        let kind = match physical == dma {
            true => Addressing::Physical,
            false => Addressing::Iova,
        };
        let said = format!("{kind}: {dma:#x} for memory at {physical:#x}");
        ensure!(kind == expected, "it is {said}");
        example.get_or_insert(said);
    }
    let example = example.context("dma-debug has no buffer of the edu device")?;
    if expected == Addressing::Physical {
        // Without an IOMMU, dma-debug does not know of memory without a mapping.
        for transfer in transfers(console)? {
            let start = hex(transfer.dma_address.trim_start_matches("0x"))?;
            require_memory(start, transfer.size.try_into()?).context(transfer.place)?;
        }
    }
    Ok(example)
}

fn hex(text: &str) -> Result<u64> {
    u64::from_str_radix(text, 16).with_context(|| text.to_string())
}

impl fmt::Display for Addressing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Physical => "a physical address",
            Self::Iova => "an IOVA",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Addressing::{Iova, Physical};
    use super::*;

    const TRANSFERS: &str = "\
edu 0000:00:01.0: transfer header size 16 dma_address 0x3c60000: ok
edu 0000:00:01.0: 1 transfers, 0 failed
";

    fn log(buffers: &[(&str, &str)]) -> String {
        let mut log = "[    1.500000] coherent: memory at 00100000-1ffdffff\n".to_string();
        for (physical, dma) in buffers {
            log += &format!(
                "[    1.600000] coherent: edu 0000:00:01.0 has P={physical} D={dma} L=1000\n"
            );
        }
        log
    }

    fn is(expected: Addressing, buffers: &[(&str, &str)]) -> Result<String> {
        expect(&(log(buffers) + TRANSFERS), expected)
    }

    #[test]
    fn an_address_is_told_from_a_number() {
        let physical = [("0x0000000003c60000", "3c60000"), ("0x3c70000", "3c70000")];
        is(Physical, &physical).expect("physical");
        is(Iova, &physical).expect_err("no IOVA");
        let iova = [("0x0000000003c60000", "fffe000"), ("0x3c70000", "ffff000")];
        is(Iova, &iova).expect("IOVAs");
        is(Physical, &iova).expect_err("not physical");
    }

    #[test]
    fn a_transfer_has_to_be_in_memory() {
        let log = log(&[("0x3c70000", "3c70000")]) + TRANSFERS;
        expect(&log, Physical).expect("in memory");
        let log = log.replace("0x3c60000", "0x2fffffff");
        expect(&log, Physical).expect_err("no memory");
    }

    #[test]
    fn a_cookie_is_not_taken_for_an_address() {
        let physical = [("0x3c60000", "3c60000"), ("0x1f656400", "3c70000")];
        is(Physical, &physical).expect_err("another address");
        let said = "edu 0000:00:01.0: device memory size 25616 dma_address 0x3c70000\n".to_string();
        expect(&(said + &log(&physical) + TRANSFERS), Physical).expect("physical");
    }

    #[test]
    fn what_is_odd_is_refused() {
        is(Iova, &[("0x20000000", "fffe000")]).expect_err("no memory");
        is(Iova, &[("0x1ffdf800", "fffe000")]).expect_err("beyond the end");
        for kind in [Physical, Iova] {
            is(kind, &[("0x3c60000", "3c60000"), ("0x3c70000", "ffff000")]).expect_err("both");
            is(kind, &[]).expect_err("nothing is known");
            let no_memory = "coherent: edu 0 has P=0x1000 D=1000 L=1000\n";
            expect(&(no_memory.to_string() + TRANSFERS), kind).expect_err("no memory");
        }
    }
}
