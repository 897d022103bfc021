// SPDX-License-Identifier: GPL-2.0

//! Whether DMA addresses are physical addresses or IOVAs.

use crate::verdict::console::strip_time;
use crate::verdict::transfers::transfers;
use anyhow::{Context, Result, bail, ensure};
use regex_lite::Regex;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::RangeInclusive;

#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Addressing {
    Physical,
    Iova,
}

/// A buffer that dma-debug knows: one with a CPU mapping or, behind an IOMMU, any.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Buffer {
    physical: u64,
    dma: u64,
    size: u64,
}

/// What `addresses` of `boot/init` printed about the edu device.
struct Addresses {
    ram: Vec<RangeInclusive<u64>>,
    buffers: Vec<Buffer>,
}

impl Addresses {
    fn read(console: &str) -> Result<Self> {
        let range = Regex::new(r"^coherent: memory at ([0-9a-f]+)-([0-9a-f]+)$")?;
        let buffer =
            Regex::new(r"^coherent: edu \S+ has P=0x([0-9a-f]+) D=([0-9a-f]+) L=([0-9a-f]+)$")?;
        let hex = |text: &str| u64::from_str_radix(text, 16).with_context(|| text.to_string());
        let (mut ram, mut buffers) = (Vec::new(), Vec::new());
        for line in console.lines().map(strip_time) {
            if let Some(found) = range.captures(line) {
                ram.push(hex(&found[1])?..=hex(&found[2])?);
            } else if let Some(found) = buffer.captures(line) {
                buffers.push(Buffer {
                    physical: hex(&found[1])?,
                    dma: hex(&found[2])?,
                    size: hex(&found[3])?,
                });
            }
        }
        // dma-debug takes a page cookie for an address if `struct page` lies in mapped memory.
        let cookie = Regex::new(r"edu \S+: device memory size \d+ dma_address 0x([0-9a-f]+)")?;
        if let Some(found) = cookie.captures(console) {
            let dma = hex(&found[1])?;
            buffers.retain(|buffer| buffer.dma != dma);
        }
        ensure!(!ram.is_empty(), "the log has no ranges of memory");
        ensure!(
            !buffers.is_empty(),
            "dma-debug has no buffer of the edu device"
        );
        Ok(Self { ram, buffers })
    }

    /// What all the addresses are. One number alone does not tell: an IOVA may equal the physical address
    /// of other memory.
    fn kind(&self) -> Result<Addressing> {
        let lost = self
            .buffers
            .iter()
            .find(|b| !self.is_ram(b.physical, b.size));
        if let Some(buffer) = lost {
            bail!("{:#x} is no memory", buffer.physical);
        }
        let same = self.buffers.iter().filter(|b| b.physical == b.dma).count();
        match same {
            0 => Ok(Addressing::Iova),
            all if all == self.buffers.len() => Ok(Addressing::Physical),
            some => bail!("{some} of {} addresses are physical", self.buffers.len()),
        }
    }

    fn is_ram(&self, start: u64, size: u64) -> bool {
        let end = start.saturating_add(size.saturating_sub(1));
        self.ram
            .iter()
            .any(|ram| ram.contains(&start) && ram.contains(&end))
    }
}

/// Fails unless the DMA addresses of edu are of this kind. Returns them, for a person.
pub fn expect(console: &str, expected: Addressing) -> Result<String> {
    let addresses = Addresses::read(console)?;
    let kind = addresses.kind()?;
    ensure!(kind == expected, "it is {kind}");
    let Some(buffer) = addresses.buffers.first() else {
        bail!("there is none");
    };
    if kind == Addressing::Iova {
        return Ok(format!(
            "{kind}: {:#x} stands for {:#x}",
            buffer.dma, buffer.physical
        ));
    }
    // Without an IOMMU, dma-debug does not know of memory without a mapping.
    for transfer in transfers(console)? {
        let address = transfer.dma_address.trim_start_matches("0x");
        let start = u64::from_str_radix(address, 16).with_context(|| address.to_string())?;
        let is_ram = addresses.is_ram(start, transfer.size.try_into()?);
        ensure!(
            is_ram,
            "{} is at {start:#x}, which is no memory",
            transfer.place
        );
    }
    Ok(kind.to_string())
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
    use super::*;

    fn log(buffers: &[(&str, &str)]) -> String {
        let mut log = "[    1.500000] coherent: memory at 00100000-1ffdffff\n".to_string();
        for (physical, dma) in buffers {
            log += &format!(
                "[    1.600000] coherent: edu 0000:00:01.0 has P={physical} D={dma} L=1000\n"
            );
        }
        log
    }

    fn kind(buffers: &[(&str, &str)]) -> Result<Addressing> {
        Addresses::read(&log(buffers))?.kind()
    }

    #[test]
    fn an_address_is_told_from_a_number() {
        let physical = [("0x0000000003c60000", "3c60000"), ("0x3c70000", "3c70000")];
        assert_eq!(kind(&physical).expect("a kind"), Addressing::Physical);
        let iova = [("0x0000000003c60000", "fffe000"), ("0x3c70000", "ffff000")];
        assert_eq!(kind(&iova).expect("a kind"), Addressing::Iova);
    }

    #[test]
    fn a_transfer_has_to_be_in_memory() {
        let transfers = "\
edu 0000:00:01.0: transfer header size 16 dma_address 0x3c60000: ok
edu 0000:00:01.0: 1 transfers, 0 failed
";
        let log = log(&[("0x3c70000", "3c70000")]) + transfers;
        expect(&log, Addressing::Physical).expect("in memory");
        expect(&log, Addressing::Iova).expect_err("no IOVA");
        let log = log.replace("0x3c60000", "0x2fffffff");
        expect(&log, Addressing::Physical).expect_err("no memory");
    }

    #[test]
    fn a_cookie_is_not_taken_for_an_address() {
        let physical = [("0x3c60000", "3c60000"), ("0x1f656400", "3c70000")];
        kind(&physical).expect_err("another address");
        let said = "edu 0000:00:01.0: device memory size 25616 dma_address 0x3c70000\n".to_string();
        let log = said + &log(&physical);
        let kind = Addresses::read(&log).expect("addresses").kind();
        assert_eq!(kind.expect("a kind"), Addressing::Physical);
    }

    #[test]
    fn what_is_odd_is_refused() {
        kind(&[("0x3c60000", "3c60000"), ("0x3c70000", "ffff000")]).expect_err("both");
        kind(&[("0x20000000", "fffe000")]).expect_err("no memory");
        kind(&[("0x1ffdf800", "fffe000")]).expect_err("beyond the end");
        kind(&[]).expect_err("nothing is known");
        Addresses::read("coherent: edu 0 has P=0x1000 D=1000 L=1000\n")
            .err()
            .expect("no memory");
    }
}
