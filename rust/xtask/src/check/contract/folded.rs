// SPDX-License-Identifier: GPL-2.0

//! Constants fold: functions whose machine code has to be that of their brothers.

use crate::check::contract::compiler::{Compiler, Emit};
use anyhow::{Context, Result, bail, ensure};
use object::{Object, ObjectSection, ObjectSymbol};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The endings of the names of brothers.
const PROJECTED: &str = "_projected";
const BY_HAND: &str = "_by_hand";

/// Compiles `file` and compares its functions; the number of pairs.
pub fn check(compiler: &Compiler, file: &Path) -> Result<usize> {
    let text = fs::read_to_string(file).with_context(|| format!("no {}", file.display()))?;
    // Else one of two that are the same may become a jump to the other.
    let apart = ["-Zmerge-functions=disabled".to_string()];
    let outcome = compiler.compile("folded", &text, Emit::Object, &apart)?;
    if let Some(error) = outcome.errors.first() {
        bail!("{}\n{}", file.display(), error.rendered);
    }
    compare(&functions(&compiler.product("folded", Emit::Object))?)
        .with_context(|| file.display().to_string())
}

/// The machine code of the functions in an object.
fn functions(path: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let bytes = fs::read(path).with_context(|| format!("no {}", path.display()))?;
    let file = object::File::parse(&*bytes).context("an odd object file")?;
    let mut functions = BTreeMap::new();
    for symbol in file.symbols() {
        let Some(index) = symbol.section_index() else {
            continue;
        };
        let section = file.section_by_index(index)?;
        if let Some(code) = section.data_range(symbol.address(), symbol.size())? {
            functions.insert(symbol.name()?.to_string(), code.to_vec());
        }
    }
    Ok(functions)
}

fn compare(functions: &BTreeMap<String, Vec<u8>>) -> Result<usize> {
    let mut pairs = 0;
    for (name, code) in functions {
        let Some(what) = name.strip_suffix(PROJECTED) else {
            continue;
        };
        let brother = functions
            .get(&format!("{what}{BY_HAND}"))
            .with_context(|| format!("`{name}` has no brother"))?;
        ensure!(
            !code.is_empty() && code == brother,
            "`{name}` takes {} bytes of code, {code:02x?}, and by hand it takes {}, {brother:02x?}",
            code.len(),
            brother.len()
        );
        pairs += 1;
    }
    ensure!(pairs > 0, "no functions to compare");
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(list: &[(&str, &[u8])]) -> Result<usize> {
        let functions = list.iter();
        compare(&functions.map(|f| (f.0.to_string(), f.1.to_vec())).collect())
    }

    #[test]
    fn other_code_is_refused() {
        let pair = compared(&[("a_projected", &[1, 2]), ("a_by_hand", &[1, 2])]);
        assert_eq!(pair.expect("the same"), 1);
        compared(&[("a_projected", &[1, 2]), ("a_by_hand", &[1])]).expect_err("longer");
        compared(&[("a_projected", &[]), ("a_by_hand", &[])]).expect_err("no code");
        compared(&[("a_projected", &[1])]).expect_err("alone");
        compared(&[]).expect_err("nothing");
    }
}
