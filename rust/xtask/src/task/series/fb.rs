// SPDX-License-Identifier: GPL-2.0

//! nova-core's flush page, of a size that is known at compile time: from a handle to an array.

use anyhow::{Context, Result, bail};
use regex_lite::{Captures, Regex};

const HANDLE: &str = "CoherentHandle";
/// The name of the alias: said once in the type of the field, and once where it is allocated.
const ALIAS: &str = "FlushPage";

/// The text with an alias for the type of the page in place of the handle.
pub fn convert(text: &str) -> Result<String> {
    if text.matches(HANDLE).count() != 3 {
        bail!("{HANDLE} is not just imported, held in one field and allocated once");
    }
    let mut size = String::new();
    let text = once(
        text,
        r"\bCoherentHandle::alloc\((\w+), ([\w:]+), ",
        |call| {
            size = call[2].to_string();
            format!("{ALIAS}::new({}, ", &call[1])
        },
    )?;
    let text = once(&text, r": CoherentHandle,", |_| format!(": {ALIAS},"))?;
    let text = once(&text, r"\bdma::CoherentHandle,", |_| {
        "dma::{\n        Coherent,\n        NoMapping, //\n    },".into()
    })?;
    // Ahead of the struct with its documentation and attributes.
    let holder = r"(?m)^((///|#\[).*\n)*pub\(crate\) struct SysmemFlush\b";
    once(&text, holder, |found| {
        format!(
            "/// A page that only the GPU reaches.\n\
             type {ALIAS} = Coherent<[u8; {size}], NoMapping>;\n\n{}",
            &found[0]
        )
    })
}

/// Replaces the only match of a pattern.
fn once(text: &str, pattern: &str, new: impl FnMut(&Captures<'_>) -> String) -> Result<String> {
    let regex = Regex::new(pattern).context("a pattern")?;
    match regex.find_iter(text).count() {
        1 => Ok(regex.replace(text, new).into_owned()),
        count => bail!("{count} places match `{pattern}`, and Linux 7.3 has one"),
    }
}
