// SPDX-License-Identifier: GPL-2.0

//! The object code that a driver gets from the library: where it can panic, and whether constants
//! fold. objdump reads it.

use super::compiler::{Compiler, Emit};
use crate::host::process;
use anyhow::{Context, Result, bail, ensure};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The C functions that the library and the compiler call. Whatever else is reached counts as a
/// panic, so this does not depend on the names of panic functions in a version of rustc.
const ALLOWED: [&str; 9] = [
    "_copy_to_user",
    "dma_alloc_attrs",
    "dma_free_attrs",
    "get_device",
    "memcpy",
    "memmove",
    "memset",
    "put_device",
    "rust_helper_copy_to_user",
];

/// Functions of the kernel crate that are not inlined: parts of their mangled paths, and their names.
const ALLOWED_IN_KERNEL: [(&str, &str); 4] = [
    ("6kernel6device", "7inc_ref"),
    ("6kernel6device", "7dec_ref"),
    ("6kernel6device", "5deref"),
    ("6kernel7uaccess", "9write_raw"),
];

/// The names of functions that call the library: those that do not panic, and those that do when
/// they are called in the way that their documentation forbids.
const NEVER: &str = "never_panics_";
const MAY: &str = "may_panic_";

/// The names of functions that are compared.
const PROJECTED: &str = "_projected";
const BY_HAND: &str = "_by_hand";

/// The relocations of an object, and the symbols that it does not define.
#[derive(Default)]
struct Object {
    /// What the relocations of a section name: symbols and sections.
    relocations: BTreeMap<String, BTreeSet<String>>,
    undefined: BTreeSet<String>,
    defined: BTreeSet<String>,
}

/// Checks which functions of `file` reach a function that is not allowed; a result for each.
pub fn panics(compiler: &Compiler, file: &Path) -> Result<Vec<Result<()>>> {
    // A section for each function; generic functions of `core` in this object and not in its own.
    let flags = ["-Zfunction-sections=yes", "-Zshare-generics=no"];
    let path = compile(compiler, "panics", file, &flags)?;
    let object = Object::parse(&tool("objdump", "-r", &path)?, &tool("nm", "-p", &path)?);
    let is_probe = |name: &&String| name.starts_with(NEVER) || name.starts_with(MAY);
    let probes: Vec<&String> = object.defined.iter().filter(is_probe).collect();
    ensure!(!probes.is_empty(), "{} has no probes", file.display());
    Ok(probes.iter().map(|probe| object.judge(probe)).collect())
}

impl Object {
    fn parse(objdump: &str, nm: &str) -> Self {
        let mut object = Self::default();
        let mut section = "";
        for line in objdump.lines() {
            if let Some(name) = line.strip_prefix("RELOCATION RECORDS FOR [") {
                section = name.trim_end_matches("]:");
            } else if let Some(value) = line
                .split_whitespace()
                .nth(2)
                .filter(|_| line.contains("R_"))
            {
                let name = value.split(['+', '-']).next().unwrap_or(value);
                let names = object.relocations.entry(section.to_string()).or_default();
                names.insert(name.to_string());
            }
        }
        for line in nm.lines() {
            match line.split_whitespace().collect::<Vec<_>>()[..] {
                ["U", name] => _ = object.undefined.insert(name.to_string()),
                [_, _, name] => _ = object.defined.insert(name.to_string()),
                _ => {}
            }
        }
        object
    }

    fn judge(&self, probe: &str) -> Result<()> {
        let mut reached = self.reached_by(probe);
        reached.retain(|name| !is_allowed(name));
        match (probe.starts_with(NEVER), reached.is_empty()) {
            (true, true) | (false, false) => Ok(()),
            (true, false) => bail!("{probe} reaches {reached:?}"),
            (false, true) => bail!("{probe} reaches nothing that could panic"),
        }
    }

    /// The undefined symbols that a function leads to.
    fn reached_by(&self, function: &str) -> BTreeSet<String> {
        let mut seen = BTreeSet::from([function]);
        let mut left = vec![function];
        while let Some(name) = left.pop() {
            // The section `.text.NAME` or `.text.unlikely.NAME` of a function, or one without symbol.
            let end = format!(".{name}");
            let sections = self.relocations.iter();
            let sections =
                sections.filter(|(section, _)| *section == name || section.ends_with(&end));
            for name in sections.flat_map(|(_, names)| names) {
                if seen.insert(name) {
                    left.push(name);
                }
            }
        }
        let undefined = self.undefined.iter();
        undefined
            .filter(|name| seen.contains(name.as_str()))
            .cloned()
            .collect()
    }
}

fn is_allowed(name: &str) -> bool {
    let is_this = |(path, end): &(&str, &str)| name.contains(path) && name.ends_with(end);
    ALLOWED.contains(&name) || ALLOWED_IN_KERNEL.iter().any(is_this)
}

/// Compares the machine code of the pairs of functions in `file`; the number of pairs.
pub fn folded(compiler: &Compiler, file: &Path) -> Result<usize> {
    let path = compile(compiler, "folded", file, &["-Zfunction-sections=yes"])?;
    compare(&code(&tool("objdump", "-dr", &path)?)).with_context(|| file.display().to_string())
}

/// The machine code and the relocations of each function.
fn code(objdump: &str) -> BTreeMap<&str, String> {
    let mut functions: BTreeMap<&str, String> = BTreeMap::new();
    let mut name = "";
    for line in objdump.lines() {
        if let Some((_, rest)) = line
            .strip_suffix(">:")
            .and_then(|line| line.split_once('<'))
        {
            name = rest;
        } else if line.contains(": R_") {
            *functions.entry(name).or_default() += line;
        } else if let Some(bytes) = line.split('\t').nth(1) {
            *functions.entry(name).or_default() += bytes;
        }
    }
    functions
}

fn compare(functions: &BTreeMap<&str, String>) -> Result<usize> {
    let mut pairs = 0;
    for (name, code) in functions {
        let Some(stem) = name.strip_suffix(PROJECTED) else {
            continue;
        };
        let by_hand = format!("{stem}{BY_HAND}");
        let reference = functions.get(by_hand.as_str());
        let reference = reference.with_context(|| format!("no `{by_hand}`"))?;
        ensure!(
            code == reference,
            "`{name}`: {code}\n`{by_hand}`: {reference}"
        );
        pairs += 1;
    }
    ensure!(pairs > 0, "no functions to compare");
    Ok(pairs)
}

fn compile(compiler: &Compiler, name: &str, file: &Path, flags: &[&str]) -> Result<PathBuf> {
    // One of two equal functions would become a jump to the other.
    let flags = [flags, &["-Zmerge-functions=disabled"]].concat();
    let outcome = compiler.compile(name, file, Emit::Object, &flags)?;
    outcome.success(file)?;
    ensure!(
        !outcome.build_error,
        "{}: a `build_assert!` fails",
        file.display()
    );
    Ok(compiler.product(name, Emit::Object))
}

fn tool(name: &str, option: &str, object: &Path) -> Result<String> {
    process::output(process::command(name).arg(option).arg(object))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RELOCATIONS: &str = "\
RELOCATION RECORDS FOR [.text.may_panic_a]:
OFFSET           TYPE              VALUE
0000000000000004 R_X86_64_PLT32    helper-0x0000000000000004
0000000000000009 R_X86_64_PLT32    dma_alloc_attrs-0x0000000000000004

RELOCATION RECORDS FOR [.text.unlikely.helper]:
OFFSET           TYPE              VALUE
0000000000000004 R_X86_64_32S      .rodata..Lanon.5+0x0000000000000008

RELOCATION RECORDS FOR [.rodata..Lanon.5]:
OFFSET           TYPE              VALUE
0000000000000008 R_X86_64_64       core_panic

RELOCATION RECORDS FOR [.text.never_panics_b]:
OFFSET           TYPE              VALUE
0000000000000004 R_X86_64_PLT32    dma_alloc_attrs-0x0000000000000004
";
    const SYMBOLS: &str = "\
0000000000000000 T may_panic_a
0000000000000000 t helper
0000000000000000 T never_panics_b
0000000000000000 T may_panic_c
                 U core_panic
                 U dma_alloc_attrs
";

    #[test]
    fn a_panic_is_found_through_functions_and_data() {
        let object = Object::parse(RELOCATIONS, SYMBOLS);
        assert!(object.reached_by("may_panic_a").contains("core_panic"));
        object.judge("may_panic_a").expect("it does");
        object.judge("never_panics_b").expect("it does not");
        object.judge("may_panic_c").expect_err("nothing");
        let calls_helper = RELOCATIONS.replace("may_panic_a", "never_panics_a");
        let error = Object::parse(&calls_helper, SYMBOLS).judge("never_panics_a");
        assert!(
            error
                .expect_err("panics")
                .to_string()
                .contains("core_panic")
        );
    }

    #[test]
    fn other_code_is_refused() {
        let text = "0000000000000000 <a_projected>:\n   0:\t48 8b\tmov    0x0(%rdi),%rax\n\
                    \t\t\t0: R_X86_64_PC32\tb\n\n0000000000000000 <a_by_hand>:\n\
                    \x20  0:\t48 8b\tmov    0x0(%rdi),%rax\n\t\t\t0: R_X86_64_PC32\tb\n";
        assert_eq!(compare(&code(text)).expect("the same"), 1);
        compare(&code(&text.replacen("48", "4c", 1))).expect_err("other bytes");
        compare(&code(&text.replacen("\tb", "\tc", 1))).expect_err("another symbol");
        compare(&code(&text.replace("by_hand", "other"))).expect_err("no pair");
        compare(&code("")).expect_err("nothing");
    }
}
