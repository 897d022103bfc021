// SPDX-License-Identifier: GPL-2.0

//! A per-device pool: whether the device was given memory of its pool only, and gave it back.

use anyhow::{Context, Result, ensure};
use regex_lite::Regex;

/// Judges the allocations for the device that `kunit/faults/coherent_pool.c` gives a pool. The kernel
/// does not trace when memory of a pool is freed, so the module looks at that. Returns the device.
pub fn judge(console: &str, trace: &str) -> Result<String> {
    let given = Regex::new(r"(?m)coherent_pool: (\S+) has 0x([0-9a-f]+) to 0x([0-9a-f]+)$")?;
    let gifts: Vec<_> = given.captures_iter(console).collect();
    let [device, first, last] = gifts.first().context("no device has a pool")?.extract().1;
    let returned = format!("coherent_pool: {device} has given back all memory");
    let returned = console.matches(&returned).count();
    ensure!(
        gifts.iter().all(|other| other[0] == gifts[0][0]) && returned == gifts.len(),
        "{} pools were made, and {returned} were given back",
        gifts.len()
    );

    let hex = |text: &str| u64::from_str_radix(text, 16);
    let pool = hex(first)?..=hex(last)?;
    let traced = Regex::new(&format!(
        r": dma_alloc: {} dir=\w+ dma_addr=([0-9a-f]+) size=(\d+) virt_addr=0*[1-9a-f]",
        regex_lite::escape(device)
    ))?;
    let mut allocations = traced.captures_iter(trace).peekable();
    ensure!(allocations.peek().is_some(), "{device} got no memory");
    for found in allocations {
        let (start, size) = (hex(&found[1])?, found[2].parse::<u64>()?);
        ensure!(
            pool.contains(&start) && pool.contains(&(start + size - 1)),
            "{device} got {start:#x}, which is not in its pool"
        );
    }
    Ok(device.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONSOLE: &str = "\
[    1.000000] coherent_pool: 0000:00:01.0 has 0x0000000008000000 to 0x0000000008ffffff
[    9.000000] coherent_pool: 0000:00:01.0 has given back all memory
";
    const TRACE: &str = "\
insmod-44 [001] ..... 2: dma_alloc: 0000:00:01.0 dir=BIDIRECTIONAL dma_addr=8000000 size=4096 virt_addr=00000000c6 flags=GFP_KERNEL attrs=
insmod-44 [001] ..... 3: dma_alloc: 0000:00:01.0 dir=BIDIRECTIONAL dma_addr=0 size=4096 virt_addr=0000000000 flags=GFP_KERNEL attrs=
insmod-44 [001] ..... 4: dma_alloc: 0000:00:02.0 dir=BIDIRECTIONAL dma_addr=9000 size=4096 virt_addr=00000000c7 flags=GFP_KERNEL attrs=
";

    #[test]
    fn allocations_from_the_pool_are_good() {
        assert_eq!(judge(CONSOLE, TRACE).expect("good"), "0000:00:01.0");
    }

    #[test]
    fn other_memory_and_lost_memory_are_seen() {
        let other = TRACE.replace("dma_addr=8000000", "dma_addr=8fff800");
        judge(CONSOLE, &other).expect_err("beyond the end");
        let kept = CONSOLE.replace("has given back", "has kept");
        judge(&kept, TRACE).expect_err("not given back");
        judge(CONSOLE, &TRACE.replace("01.0", "03.0")).expect_err("nothing allocated");
        judge("", TRACE).expect_err("no pool");
    }
}
