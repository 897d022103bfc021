// SPDX-License-Identifier: GPL-2.0

//! A per-device pool: whether the device was given memory of its pool only, and gave it back.

use crate::verdict::console::strip_time;
use anyhow::{Context, Result, bail, ensure};
use regex_lite::Regex;

/// The allocations of the device with a pool.
pub struct Pool {
    pub device: String,
    pub allocations: usize,
}

/// Judges the allocations for the device that `kunit/faults/coherent_pool.c` gives a pool. The kernel
/// does not trace when memory of a pool is freed, so the module looks at that.
pub fn judge(console: &str, trace: &str) -> Result<Pool> {
    let given = Regex::new(r"^coherent_pool: (\S+) has (0x[0-9a-f]+) to (0x[0-9a-f]+)$")?;
    let back = Regex::new(r"^coherent_pool: \S+ has given back all memory$")?;
    let hex = |text: &str| {
        u64::from_str_radix(text.trim_start_matches("0x"), 16).with_context(|| text.to_string())
    };

    let lines = || console.lines().map(strip_time);
    let gifts: Vec<_> = lines().filter_map(|line| given.captures(line)).collect();
    let Some(gift) = gifts.first() else {
        bail!("no device has a pool");
    };
    let returned = lines().filter(|line| back.is_match(line)).count();
    ensure!(
        gifts.iter().all(|other| other[0] == gift[0]) && returned == gifts.len(),
        "{} pools were made, and {returned} were given back",
        gifts.len()
    );

    let (device, range) = (gift[1].to_string(), hex(&gift[2])?..=hex(&gift[3])?);
    let traced = Regex::new(&format!(
        r"(?m): dma_alloc: {} dir=\w+ dma_addr=([0-9a-f]+) size=(\d+) virt_addr=0*[1-9a-f]",
        regex_lite::escape(&device)
    ))?;
    let mut allocations = 0;
    for found in traced.captures_iter(trace) {
        let (start, size) = (hex(&found[1])?, found[2].parse::<u64>()?);
        ensure!(
            range.contains(&start) && range.contains(&(start + size - 1)),
            "{device} got {start:#x}, which is not in its pool"
        );
        allocations += 1;
    }
    ensure!(allocations > 0, "{device} got no memory");
    Ok(Pool {
        device,
        allocations,
    })
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
{ device: 0000:00:01.0                     } hitcount:          1  size:       4096
{ device: 0000:00:02.0                     } hitcount:          1  size:       4096
";

    #[test]
    fn allocations_from_the_pool_are_counted() {
        let pool = judge(CONSOLE, TRACE).expect("good");
        assert_eq!(
            (pool.device.as_str(), pool.allocations),
            ("0000:00:01.0", 1)
        );
    }

    #[test]
    fn the_trace_of_a_device_can_be_left_out() {
        let rest = crate::verdict::trace::without(TRACE, "0000:00:01.0");
        assert!(!rest.contains("dma_alloc: 0000:00:01.0"), "{rest}");
        assert!(!rest.contains("device: 0000:00:01.0"), "{rest}");
        assert!(rest.contains("dma_alloc: 0000:00:02.0"), "{rest}");
        assert!(rest.contains("device: 0000:00:02.0"), "{rest}");
        assert_eq!(rest.matches(" dir=").count(), 3);
    }

    #[test]
    fn other_memory_and_lost_memory_are_seen() {
        let other = TRACE.replace("dma_addr=8000000", "dma_addr=8fff800");
        judge(CONSOLE, &other)
            .map(drop)
            .expect_err("beyond the end");
        let kept = CONSOLE.replace("has given back", "has kept");
        judge(&kept, TRACE).map(drop).expect_err("not given back");
        judge(CONSOLE, &TRACE.replace("01.0", "03.0"))
            .map(drop)
            .expect_err("nothing allocated");
        judge("", TRACE).map(drop).expect_err("no pool");
    }
}
