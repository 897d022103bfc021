// SPDX-License-Identifier: GPL-2.0

//! The parts of a run that are judged by themselves.

use super::Logs;
use super::console::strip_time;
use anyhow::{Context, Result};

impl Logs {
    /// Takes the part that the plan calls `name` out of the console, and copies its events out of the
    /// trace. Lines keep their numbers. A part without an end is a run without one.
    pub fn take_part(&mut self, name: &str) -> Result<Self> {
        let (begin, end) = (format!("begin {name}"), format!("end {name}"));
        let is = |line: &str, mark: &str| strip_time(line).strip_prefix("coherent: ") == Some(mark);
        let mut lines: Vec<&str> = self.console.lines().collect();
        let first = lines.iter().position(|line| is(line, &begin));
        let log = self.console_path.display();
        let first =
            first.with_context(|| format!("the run did not come to {name} (log: {log})"))?;
        let length = lines[first..].iter().position(|line| is(line, &end));
        let last = length.map_or(lines.len() - 1, |length| first + length);
        let mut part = vec![""; lines.len()];
        part[first..=last].copy_from_slice(&lines[first..=last]);
        part[first] = "";
        if length.is_some() {
            part[last] = "coherent: end";
        }
        lines[first..=last].fill("");
        let (console, rest) = (part.join("\n"), lines.join("\n"));
        self.console = rest;
        Ok(Self {
            console,
            trace: trace(&self.trace, &begin, &end),
            ..self.clone()
        })
    }
}

/// The events between two marks, with a header that counts them.
fn trace(trace: &str, begin: &str, end: &str) -> String {
    let is = |line: &&str, mark: &str| line.ends_with(&format!(": tracing_mark_write: {mark}"));
    let events = trace.lines().skip_while(|line| !is(line, begin)).skip(1);
    let events: Vec<&str> = events.take_while(|line| !is(line, end)).collect();
    let count = events.len();
    let header = format!("# entries-in-buffer/entries-written: {count}/{count}\n");
    header + &events.join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::{Expected, Tracing, Verdict, console};
    use super::*;

    const CONSOLE: &str = "\
[    1.000000] coherent: begin first
[    1.100000] WARNING: a.c:1 at f+0x1/0x2
[    1.200000] coherent: end first
[    1.300000] coherent: end
";

    fn logs(console: &str) -> Logs {
        Logs {
            console: console.to_string(),
            ..Logs::default()
        }
    }

    #[test]
    fn a_part_is_judged_by_itself() {
        let mut all = logs(CONSOLE);
        let part = all.take_part("first").expect("a part");
        let findings = console::judge(&part.console);
        assert_eq!((findings.len(), findings[0].line), (1, 2), "{findings:?}");
        assert_eq!(console::judge(&all.console), []);
        all.take_part("first").expect_err("taken");
    }

    #[test]
    fn a_part_that_does_not_end_ends_neither_itself_nor_the_run() {
        let mut all = logs(&CONSOLE[..CONSOLE.find("[    1.2").expect("an end")]);
        let part = all.take_part("first").expect("a part");
        assert_eq!(console::judge(&part.console).len(), 2);
        assert_eq!(console::judge(&all.console).len(), 1);
    }

    #[test]
    fn the_trace_of_a_part_balances_by_itself() {
        let event = |text: &str| format!("sh-1 [000] ..... 1: {text}\n");
        let mark = |text: &str| event(&format!("tracing_mark_write: {text}"));
        let made = "dma_alloc: a dir=BIDIRECTIONAL dma_addr=1000 size=4096 virt_addr=0c6 \
                    flags=GFP_KERNEL attrs=";
        let freed = "dma_free: a dir=BIDIRECTIONAL dma_addr=1000 size=4096 virt_addr=0c6 attrs=";
        let parts = [mark("begin b"), event(made), event(freed), mark("end b")];
        let problems = |trace: String| {
            let mut all = logs("coherent: begin b\ncoherent: end b\n");
            all.trace = trace;
            let part = all.take_part("b").expect("a part");
            let expected = Expected {
                tracing: Tracing::Needed,
                ..Expected::default()
            };
            Verdict::of(&part, &expected).allocations.problems
        };
        assert_eq!(problems(parts.concat()), [""; 0]);
        let leak = [&parts[0], &parts[1], &parts[3], &parts[2]].map(String::as_str);
        assert_eq!(problems(leak.concat()).len(), 1);
    }
}
