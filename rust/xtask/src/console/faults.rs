// SPDX-License-Identifier: GPL-2.0

//! Faults in an IOMMU that a suite provokes: it says so before, and then they have to come.

use super::{Finding, Kind};
use regex::Regex;

/// Takes the faults out of `findings` that were announced, and adds those that did not come.
pub fn settle(lines: &[&str], findings: &mut Vec<Finding>) {
    let (Ok(announced), Ok(reported)) = (
        Regex::new(r"^coherent_faults: fault expected at (0x[0-9a-f]+)$"),
        Regex::new(r"fault addr (0x[0-9a-f]+) "),
    ) else {
        return;
    };
    for (number, line) in (1..).zip(lines) {
        let Some(expected) = announced.captures(line) else {
            continue;
        };
        let came = findings.iter().position(|finding| {
            finding.kind == Kind::Iommu
                && finding.line > number
                && reported
                    .captures(&finding.excerpt)
                    .is_some_and(|fault| fault[1] == expected[1])
        });
        match came {
            Some(index) => drop(findings.remove(index)),
            None => findings.push(Finding {
                kind: Kind::NoFault,
                line: number,
                excerpt: line.to_string(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::console::{Kind, judge};

    const LOG: &str = "\
[    9.100000] coherent_faults: fault expected at 0xfffd000
[    9.300000] DMAR: DRHD: handling fault status reg 2
[    9.300000] DMAR: [DMA Write NO_PASID] Request device [0000:00:01.0] fault addr 0xfffd000 [fault reason 0x05] PTE Write access is not set
[    9.900000] coherent: end
";

    fn kinds(log: &str) -> Vec<Kind> {
        judge(log).iter().map(|finding| finding.kind).collect()
    }

    #[test]
    fn an_announced_fault_is_no_finding() {
        assert_eq!(kinds(LOG), []);
    }

    #[test]
    fn a_fault_elsewhere_is_one_and_the_announced_one_is_missing() {
        let log = LOG.replace("addr 0xfffd000", "addr 0xfffe000");
        assert_eq!(kinds(&log), [Kind::Iommu, Kind::NoFault]);
    }

    #[test]
    fn a_fault_that_nobody_announced_is_one() {
        let log: String = LOG.lines().skip(1).map(|l| format!("{l}\n")).collect();
        assert_eq!(kinds(&log), [Kind::Iommu]);
    }

    #[test]
    fn a_fault_that_came_twice_is_one_too_many() {
        let fault = LOG.lines().nth(2).unwrap_or_default();
        let log = LOG.replace("[    9.900000]", &format!("{fault}\n[    9.900000]"));
        assert_eq!(kinds(&log), [Kind::Iommu]);
    }
}
