// SPDX-License-Identifier: GPL-2.0

//! IOMMU faults that a suite provokes: it announces each one, and then it must be reported.

use super::Finding;
use regex_lite::Regex;

/// The size of the pages that an IOMMU maps.
const PAGE: u64 = 4096;

/// Removes the announced faults from `findings`, and adds those that were not reported.
///
/// A suite announces a copy to a page. An IOMMU may report each access that it stops.
pub fn settle(lines: &[&str], findings: &mut Vec<Finding>) {
    let pattern = |text: &str| Regex::new(text).expect("a pattern");
    let announced =
        pattern(r"^(?:coherent_faults|nvme_copy \S+): fault expected at 0x([0-9a-f]+)$");
    let reported = pattern(r"^(?:DMAR: |arm-smmu-v3 ).*(?:fault addr|iova:) 0x([0-9a-f]+) ");
    let page = |pattern: &Regex, text: &str| {
        let found = pattern.captures(text)?;
        Some(u64::from_str_radix(&found[1], 16).ok()? / PAGE)
    };
    let announced: Vec<(usize, u64)> = (1..)
        .zip(lines)
        .filter_map(|(number, line)| Some((number, page(&announced, line)?)))
        .collect();
    for (index, (number, expected)) in announced.iter().enumerate() {
        let next = announced.get(index + 1).map_or(usize::MAX, |next| next.0);
        let before = findings.len();
        findings.retain(|finding| {
            !(*number..next).contains(&finding.line)
                || page(&reported, &finding.excerpt) != Some(*expected)
        });
        if findings.len() == before {
            findings.push(Finding {
                line: *number,
                excerpt: format!("no IOMMU reported it: {}", lines[number - 1]),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::verdict::console::judge;

    const LOG: &str = "\
[    9.100000] coherent_faults: fault expected at 0xfffd000
[    9.300000] DMAR: DRHD: handling fault status reg 2
[    9.300000] DMAR: [DMA Write NO_PASID] Request device [0000:00:01.0] fault addr 0xfffd000 [fault reason 0x05] PTE Write access is not set
[    9.900000] coherent: end
";

    /// The lines of the findings.
    fn found(log: &str) -> Vec<usize> {
        judge(log).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn an_announced_fault_is_no_finding() {
        assert_eq!(found(LOG), [0usize; 0]);
    }

    #[test]
    fn a_fault_elsewhere_is_one_and_the_announced_one_is_missing() {
        let log = LOG.replace("addr 0xfffd000", "addr 0xfffe000");
        assert_eq!(found(&log), [3, 1]);
    }

    #[test]
    fn a_fault_that_nobody_announced_is_one() {
        let log: String = LOG.lines().skip(1).map(|l| format!("{l}\n")).collect();
        assert_eq!(found(&log), [2]);
    }

    #[test]
    fn each_access_of_a_copy_may_be_reported() {
        let access = |iova| {
            format!(
                "[    9.300000] arm-smmu-v3 9050000.smmuv3: event: F_TRANSLATION client: \
                 0000:00:02.0 sid: 0x10 ssid: 0x0 iova: {iova:#x} ipa: 0x0\n\
                 [    9.300001] arm-smmu-v3 9050000.smmuv3: unpriv data write s1\n"
            )
        };
        let log = |faults: String| {
            let mut lines = LOG.lines();
            let (first, last) = (lines.next(), lines.next_back());
            let [first, last] = [first, last].map(Option::unwrap_or_default);
            format!("{first}\n{faults}{last}\n")
        };
        assert_eq!(
            found(&log(access(0xfffd000) + &access(0xfffd004))),
            [0usize; 0]
        );
        let beyond = log(access(0xfffd000) + &access(0xfffe000));
        assert_eq!(found(&beyond), [4]);
        assert_eq!(found(&log(String::new())), [1]);
    }

    #[test]
    fn a_page_may_be_announced_again() {
        let twice = LOG.replace("[    9.900000] coherent: end\n", "") + LOG;
        assert_eq!(found(&twice), [0usize; 0]);
        let fault = LOG.lines().nth(2).unwrap_or_default();
        let once = twice.replacen(fault, "", 1);
        assert_eq!(found(&once), [1]);
    }
}
