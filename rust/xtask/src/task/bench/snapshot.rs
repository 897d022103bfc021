// SPDX-License-Identifier: GPL-2.0

//! The code of the cases as it was found good, in `bench/asm`.

use super::object::Function;
use super::side::Side;
use crate::build::session::Session;
use anyhow::{Context, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// With overflow checks and without: what the directories in `bench/asm` are called.
const CHECKED: &str = "overflow-checks";
const UNCHECKED: &str = "no-overflow-checks";

/// Takes the present code for the right one.
pub fn bless(session: &Session, side: &Side) -> Result<PathBuf> {
    let root = root(session);
    if root.exists() {
        fs::remove_dir_all(&root).with_context(|| format!("cannot clear {}", root.display()))?;
    }
    for (directory, functions) in present(session, side)? {
        let directory = root.join(directory);
        fs::create_dir_all(&directory)?;
        for (name, function) in functions {
            let file = directory.join(name + ".s");
            fs::write(&file, function.text)
                .with_context(|| format!("cannot write {}", file.display()))?;
        }
    }
    Ok(root)
}

/// What is not as it was blessed.
pub fn differences(session: &Session, side: &Side) -> Result<Vec<String>> {
    let root = root(session);
    let mut found = Vec::new();
    for (directory, functions) in present(session, side)? {
        let blessed = blessed(&root.join(directory))?;
        let now = functions
            .into_iter()
            .map(|(name, function)| (name, function.text))
            .collect();
        found.extend(
            differ(&blessed, &now)
                .into_iter()
                .map(|what| format!("bench/asm/{directory}/{what}")),
        );
    }
    Ok(found)
}

fn root(session: &Session) -> PathBuf {
    session.workspace.checkout.join("bench/asm")
}

fn present(
    session: &Session,
    side: &Side,
) -> Result<[(&'static str, BTreeMap<String, Function>); 2]> {
    Ok([
        (CHECKED, side.functions()?),
        (UNCHECKED, side.functions_unchecked(session)?),
    ])
}

fn blessed(directory: &Path) -> Result<BTreeMap<String, String>> {
    let entries = fs::read_dir(directory)
        .with_context(|| format!("no {}; run `make bench-bless`", directory.display()))?;
    let mut texts = BTreeMap::new();
    for entry in entries {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default();
        texts.insert(
            name.to_string_lossy().into_owned(),
            fs::read_to_string(&path)?,
        );
    }
    Ok(texts)
}

fn differ(blessed: &BTreeMap<String, String>, now: &BTreeMap<String, String>) -> Vec<String> {
    let names: BTreeSet<_> = blessed.keys().chain(now.keys()).collect();
    names
        .into_iter()
        .filter_map(|name| match (blessed.get(name), now.get(name)) {
            (Some(_), None) => Some(format!("{name}.s: there is no such case")),
            (None, _) => Some(format!("{name}.s: there is no such file")),
            (Some(blessed), Some(now)) => (blessed != now)
                .then(|| format!("{name}.s: the code differs, it is now\n{}", now.trim_end())),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(name, text)| (name.to_string(), text.to_string()))
            .collect()
    }

    #[test]
    fn code_that_differs_is_shown() {
        let blessed = texts(&[("read", "mov\nret\n"), ("write", "ret\n")]);
        assert_eq!(differ(&blessed, &blessed), Vec::<String>::new());
        let now = texts(&[("read", "mov\nmov\nret\n"), ("write", "ret\n")]);
        let found = differ(&blessed, &now);
        assert_eq!(found.len(), 1);
        assert!(
            found[0].starts_with("read.s: the code differs"),
            "{found:?}"
        );
        assert!(found[0].ends_with("mov\nmov\nret"), "{found:?}");
    }

    #[test]
    fn a_case_without_a_file_and_a_file_without_a_case_are_found() {
        let one = texts(&[("read", "ret\n")]);
        assert!(differ(&one, &texts(&[]))[0].contains("no such case"));
        assert!(differ(&texts(&[]), &one)[0].contains("no such file"));
    }
}
