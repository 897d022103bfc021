// SPDX-License-Identifier: GPL-2.0

//! Memory that was set aside for a device: whether the device got that and no other, and gave it
//! back.

use crate::run::boot::Logs;
use crate::verdict::console::strip_time;
use crate::verdict::trace;
use anyhow::{Context, Result, bail, ensure};
use regex::Regex;

/// What sets memory aside, `kunit/faults/coherent_pool.c`.
pub const MODULE: &str = "coherent_pool";

/// Judges the allocations for the device and takes them out of the trace: the kernel does not write
/// down when such memory is freed, so they do not balance. The module looks at that.
pub fn judge(logs: &mut Logs) -> Result<()> {
    let given = Regex::new(r"^coherent_pool: (\S+) has (0x[0-9a-f]+) to (0x[0-9a-f]+)$")?;
    let back = Regex::new(r"^coherent_pool: \S+ has given back all memory$")?;
    let hex = |text: &str| {
        u64::from_str_radix(text.trim_start_matches("0x"), 16).with_context(|| text.to_string())
    };

    let lines = || logs.console.lines().map(strip_time);
    let gifts: Vec<_> = lines().filter_map(|line| given.captures(line)).collect();
    let Some(gift) = gifts.first() else {
        bail!("the module has set no memory aside");
    };
    let returned = lines().filter(|line| back.is_match(line)).count();
    ensure!(
        gifts.iter().all(|other| other[0] == gift[0]) && returned == gifts.len(),
        "memory was set aside {} times and given back {returned} times",
        gifts.len()
    );

    let (device, range) = (gift[1].to_string(), hex(&gift[2])?..=hex(&gift[3])?);
    let traced = Regex::new(&format!(
        r"(?m): dma_alloc: {} dir=\w+ dma_addr=([0-9a-f]+) size=(\d+) virt_addr=0*[1-9a-f]",
        regex::escape(&device)
    ))?;
    let mut allocations = 0;
    for found in traced.captures_iter(&logs.trace) {
        let (start, size) = (hex(&found[1])?, found[2].parse::<u64>()?);
        ensure!(
            range.contains(&start) && range.contains(&(start + size - 1)),
            "{device} got {start:#x}, which was not set aside"
        );
        allocations += 1;
    }
    ensure!(allocations > 0, "{device} got no memory");
    println!("set aside: {allocations} allocations for {device}, all of {range:#x?}");
    logs.trace = trace::without(&logs.trace, &device);
    Ok(())
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

    fn judged(console: &str, trace: &str) -> Result<String> {
        let mut logs = Logs {
            console_path: "console.log".into(),
            console: console.to_string(),
            trace: trace.to_string(),
            timed_out: false,
        };
        judge(&mut logs).map(|()| logs.trace)
    }

    #[test]
    fn what_was_set_aside_is_judged_by_itself() {
        let rest = judged(CONSOLE, TRACE).expect("good");
        assert!(!rest.contains("dma_alloc: 0000:00:01.0"), "{rest}");
        assert!(!rest.contains("device: 0000:00:01.0"), "{rest}");
        assert!(rest.contains("dma_alloc: 0000:00:02.0"), "{rest}");
        assert!(rest.contains("device: 0000:00:02.0"), "{rest}");
        assert_eq!(rest.matches(" dir=").count(), 3);
    }

    #[test]
    fn other_memory_and_lost_memory_are_seen() {
        let other = TRACE.replace("dma_addr=8000000", "dma_addr=8fff800");
        judged(CONSOLE, &other).expect_err("beyond the end");
        let kept = CONSOLE.replace("has given back", "has kept");
        judged(&kept, TRACE).expect_err("not given back");
        judged(CONSOLE, &TRACE.replace("01.0", "03.0")).expect_err("nothing allocated");
        judged("", TRACE).expect_err("nothing set aside");
    }
}
