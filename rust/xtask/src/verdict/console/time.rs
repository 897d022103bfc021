// SPDX-License-Identifier: GPL-2.0

//! The time stamps of printk.

/// A line without printk's time stamp, and without what a program left before it in the same line.
pub fn strip_time(line: &str) -> &str {
    line.match_indices('[')
        .find_map(|(index, _)| after_time(&line[index + 1..]))
        .unwrap_or(line)
}

/// What follows a time, six digits after the point, and the caller if printk tells it too.
fn after_time(text: &str) -> Option<&str> {
    let (time, mut rest) = text.split_once(']')?;
    let (seconds, micros) = time.trim_start().split_once('.')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(seconds) || !digits(micros) || micros.len() != 6 {
        return None;
    }
    if let Some(caller) = rest.strip_prefix('[') {
        rest = caller.split_once(']')?.1;
    }
    Some(rest.strip_prefix(' ').unwrap_or(rest))
}
