// SPDX-License-Identifier: GPL-2.0

//! What a kernel module says of itself, and the order in which modules can be loaded.

use anyhow::{Context, Result};
use object::{Object, ObjectSection};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A module's name, and the names of those that have to be loaded before.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Info {
    name: String,
    depends: Vec<String>,
}

/// `modules`, each after those among them that it depends on.
pub fn in_order(modules: Vec<PathBuf>) -> Result<Vec<PathBuf>> {
    let infos = modules
        .iter()
        .map(|module| info(module))
        .collect::<Result<Vec<_>>>()?;
    Ok(order(&infos)
        .into_iter()
        .map(|index| modules[index].clone())
        .collect())
}

fn info(module: &Path) -> Result<Info> {
    let read = || -> Result<Info> {
        let bytes = fs::read(module)?;
        let file = object::File::parse(&*bytes)?;
        let section = file
            .section_by_name(".modinfo")
            .context("there is no .modinfo section")?;
        parse(section.data()?).context("there is no name in .modinfo")
    };
    read().with_context(|| format!("{} is no kernel module", module.display()))
}

/// Reads the content of a `.modinfo` section: `key=value`, each with a zero at its end.
fn parse(section: &[u8]) -> Option<Info> {
    let fields: BTreeMap<String, String> = section
        .split(|byte| *byte == 0)
        .filter_map(|field| {
            let field = String::from_utf8_lossy(field);
            let (key, value) = field.split_once('=')?;
            Some((key.to_string(), value.to_string()))
        })
        .collect();
    Some(Info {
        name: fields.get("name")?.clone(),
        depends: fields
            .get("depends")
            .into_iter()
            .flat_map(|names| names.split(','))
            .filter(|name| !name.is_empty())
            .map(str::to_string)
            .collect(),
    })
}

/// Indices in the order of loading. What is not among `infos` is not our business.
fn order(infos: &[Info]) -> Vec<usize> {
    fn visit(infos: &[Info], index: usize, seen: &mut BTreeSet<usize>, order: &mut Vec<usize>) {
        if !seen.insert(index) {
            return;
        }
        for name in &infos[index].depends {
            if let Some(before) = infos.iter().position(|info| info.name == *name) {
                visit(infos, before, seen, order);
            }
        }
        order.push(index);
    }
    let (mut seen, mut order) = (BTreeSet::new(), Vec::new());
    for index in 0..infos.len() {
        visit(infos, index, &mut seen, &mut order);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(name: &str, depends: &[&str]) -> Info {
        Info {
            name: name.to_string(),
            depends: depends.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn the_fields_are_read() {
        let section = b"license=GPL\0depends=one,two_b\0name=three\0vermagic=7.3.4 SMP \0";
        assert_eq!(parse(section), Some(module("three", &["one", "two_b"])));
        let section = b"depends=\0name=alone\0";
        assert_eq!(parse(section), Some(module("alone", &[])));
        assert_eq!(parse(b"license=GPL\0"), None);
    }

    #[test]
    fn what_is_needed_comes_first_and_the_rest_keeps_its_order() {
        let modules = [
            module("z", &[]),
            module("user", &["middle", "elsewhere"]),
            module("a", &[]),
            module("middle", &["base"]),
            module("base", &[]),
        ];
        assert_eq!(order(&modules), [0, 4, 3, 1, 2]);
    }

    #[test]
    fn modules_that_need_each_other_do_not_hang_us() {
        assert_eq!(order(&[module("a", &["b"]), module("b", &["a"])]).len(), 2);
    }

    #[test]
    fn a_file_that_is_no_module_is_named() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        fs::write(file.path(), "text").expect("written");
        let error = in_order(vec![file.path().to_path_buf()]).expect_err("text");
        let name = file.path().display().to_string();
        assert!(format!("{error:#}").contains(&name), "{error:#}");
    }
}
