// SPDX-License-Identifier: GPL-2.0

//! What a crate offers, as lines of text.

use super::instance;
use anyhow::{Context, Result};
use public_api::Builder;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::Path;

/// The format of rustdoc's JSON that the version of `public-api` in Cargo.toml reads.
pub const FORMAT: u64 = 57;

/// A public item, and the impl or trait that it is in: that is where half of its bounds are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    pub text: String,
    pub within: Option<String>,
}

impl Entry {
    pub fn line(&self) -> String {
        match &self.within {
            Some(within) => format!("{} in {within}", self.text),
            None => self.text.clone(),
        }
    }
}

#[derive(Clone, Debug, Default)]
pub struct Surface {
    pub entries: BTreeSet<Entry>,
    /// Those that somebody wrote: all but the auto traits that the compiler found to hold.
    pub written: BTreeSet<Entry>,
    /// The types whose last parameter is `Normal` where nobody says otherwise.
    pub normal_by_default: BTreeSet<String>,
}

impl Surface {
    /// Reads the JSON of rustdoc.
    pub fn read(json: &Path) -> Result<Self> {
        let text =
            fs::read_to_string(json).with_context(|| format!("cannot read {}", json.display()))?;
        let value: Value =
            serde_json::from_str(&text).with_context(|| json.display().to_string())?;
        Ok(Self {
            entries: entries(json, false)?,
            written: entries(json, true)?,
            normal_by_default: normal_by_default(&value),
        })
    }

    pub fn lines(&self) -> BTreeSet<String> {
        self.entries.iter().map(Entry::line).collect()
    }

    /// What there is, and what that means for the two kinds in 7.3's words.
    pub fn offered(&self) -> BTreeSet<String> {
        let instances = self.entries.iter().flat_map(|entry| self.instances(entry));
        let lines = instances.map(|entry| entry.line());
        lines.chain(self.lines()).collect()
    }

    /// What somebody wrote and `old` does not have under any name.
    pub fn new_against(&self, old: &BTreeSet<String>) -> BTreeSet<String> {
        self.written
            .iter()
            .filter(|entry| !old.contains(&entry.line()))
            .filter(|entry| !self.instances(entry).any(|one| old.contains(&one.line())))
            .map(Entry::line)
            .collect()
    }

    fn instances(&self, entry: &Entry) -> impl Iterator<Item = Entry> {
        [instance::normal(self, entry), instance::handle(self, entry)]
            .into_iter()
            .flatten()
    }

    /// Whether there is such an item at the top, that is, in no impl.
    pub fn has(&self, text: &str) -> bool {
        self.entries.contains(&Entry {
            text: text.to_string(),
            within: None,
        })
    }
}

/// Reads the entries, with or without auto traits.
///
/// Blanket impls are left out: they hold for whatever has the traits that they ask for, and in the
/// end that is a trait with an impl, which is compared.
fn entries(json: &Path, written: bool) -> Result<BTreeSet<Entry>> {
    let api = Builder::from_rustdoc_json(json)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(written)
        .build()
        .with_context(|| format!("cannot read {}", json.display()))?;
    let texts: HashMap<_, _> = api
        .items()
        .map(|item| (item.id(), item.to_string()))
        .collect();
    Ok(api
        .items()
        .map(|item| Entry {
            text: item.to_string(),
            within: item
                .parent_id()
                .and_then(|parent| texts.get(&parent))
                .filter(|parent| is_impl(parent))
                .cloned(),
        })
        .filter(|entry| !is_absence(&entry.text))
        .collect())
}

fn is_impl(text: &str) -> bool {
    text.starts_with("impl<") || text.starts_with("impl ")
}

/// Whether this says that a trait is *not* there: nobody can miss that, and rustdoc also says it of
/// types of which it holds for some parameters only.
fn is_absence(text: &str) -> bool {
    instance::split_head(text).is_some_and(|(_, _, rest)| rest.trim_start().starts_with('!'))
        || text.starts_with("impl !")
}

/// The paths of the types whose last parameter has the default `Normal`.
///
/// `public-api` does not print defaults.
fn normal_by_default(json: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for item in json["index"]
        .as_object()
        .into_iter()
        .flat_map(|all| all.values())
    {
        let default = item["inner"]["struct"]["generics"]["params"]
            .as_array()
            .and_then(|params| params.last())
            .map(|last| &last["kind"]["type"]["default"]["resolved_path"]["id"]);
        let Some(id) = default.and_then(Value::as_u64) else {
            continue;
        };
        let path = &json["paths"][id.to_string()]["path"];
        let is_ours = path[0] == "kernel" && path[1] == "dma";
        let last = path.as_array().and_then(|path| path.last());
        if let (true, Some("Normal"), Some(name)) =
            (is_ours, last.and_then(Value::as_str), item["name"].as_str())
        {
            found.insert(format!("kernel::dma::{name}"));
        }
    }
    found
}

/// The format of a JSON text of rustdoc.
pub fn format(json: &str) -> Result<u64> {
    let value: Value = serde_json::from_str(json).context("rustdoc's JSON")?;
    value["format_version"]
        .as_u64()
        .context("rustdoc's JSON has no format_version")
}
