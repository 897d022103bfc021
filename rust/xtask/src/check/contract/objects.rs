// SPDX-License-Identifier: GPL-2.0

//! The object code that a driver gets from the library: where it can panic, and whether constants
//! fold. Each function has a section of its own.

use super::compiler::{Compiler, OBJECT, refuse};
use anyhow::{Context, Result, anyhow, bail, ensure};
use object::{File, Object, ObjectSection, ObjectSymbol, RelocationTarget, SectionIndex, Symbol};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

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

/// Checks which functions of `file` reach a function that is not allowed; a result for each.
pub fn panics(compiler: &Compiler, file: &Path) -> Result<Vec<Result<()>>> {
    // Generic functions of `core` are in this object and not in its own.
    let bytes = compile(compiler, "panics", file, &["-Zshare-generics=no"])?;
    judge(&File::parse(&*bytes)?).with_context(|| file.display().to_string())
}

fn judge(object: &File<'_>) -> Result<Vec<Result<()>>> {
    let mut results = Vec::new();
    for symbol in object.symbols() {
        let name = symbol.name()?;
        let never = name.starts_with(NEVER);
        if !never && !name.starts_with(MAY) {
            continue;
        }
        let mut reached = reached_by(object, &symbol)?;
        reached.retain(|name| !is_allowed(name));
        results.push(match (never, reached.is_empty()) {
            (true, true) | (false, false) => Ok(()),
            (true, false) => Err(anyhow!("{name} reaches {reached:?}")),
            (false, true) => Err(anyhow!("{name} reaches nothing that could panic")),
        });
    }
    ensure!(!results.is_empty(), "no probes");
    Ok(results)
}

/// The undefined symbols that a function leads to.
fn reached_by(object: &File<'_>, function: &Symbol<'_, '_>) -> Result<BTreeSet<String>> {
    let mut undefined = BTreeSet::new();
    let mut left: Vec<SectionIndex> = function.section_index().into_iter().collect();
    let mut seen = BTreeSet::new();
    while let Some(index) = left.pop() {
        if !seen.insert(index.0) {
            continue;
        }
        for (_, relocation) in object.section_by_index(index)?.relocations() {
            let symbol = target(object, relocation.target())?;
            match symbol.section_index() {
                Some(section) => left.push(section),
                None => _ = undefined.insert(symbol.name()?.to_string()),
            }
        }
    }
    Ok(undefined)
}

fn target<'data, 'file>(
    object: &'file File<'data>,
    target: RelocationTarget,
) -> Result<Symbol<'data, 'file>> {
    match target {
        RelocationTarget::Symbol(index) => Ok(object.symbol_by_index(index)?),
        other => bail!("a relocation has the target {other:?}"),
    }
}

fn is_allowed(name: &str) -> bool {
    let is_this = |(path, end): &(&str, &str)| name.contains(path) && name.ends_with(end);
    ALLOWED.contains(&name) || ALLOWED_IN_KERNEL.iter().any(is_this)
}

/// Compares the machine code of the pairs of functions in `file`; the number of pairs.
pub fn folded(compiler: &Compiler, file: &Path) -> Result<usize> {
    let bytes = compile(compiler, "folded", file, &[])?;
    compare(&File::parse(&*bytes)?).with_context(|| file.display().to_string())
}

fn compare(object: &File<'_>) -> Result<usize> {
    let mut pairs = 0;
    for symbol in object.symbols() {
        let name = symbol.name()?;
        let Some(stem) = name.strip_suffix(PROJECTED) else {
            continue;
        };
        let by_hand = format!("{stem}{BY_HAND}");
        let reference = object.symbol_by_name(&by_hand);
        let reference = reference.with_context(|| format!("no `{by_hand}`"))?;
        let [code, expected] = [code(object, &symbol)?, code(object, &reference)?];
        ensure!(
            code == expected,
            "`{name}`: {code:x?}\n`{by_hand}`: {expected:x?}"
        );
        pairs += 1;
    }
    ensure!(pairs > 0, "no functions to compare");
    Ok(pairs)
}

/// The machine code of a function, and its relocations.
fn code(object: &File<'_>, function: &Symbol<'_, '_>) -> Result<(Vec<u8>, Vec<String>)> {
    let index = function.section_index().context("not a function")?;
    let section = object.section_by_index(index)?;
    let mut relocations = Vec::new();
    for (offset, relocation) in section.relocations() {
        let symbol = target(object, relocation.target())?;
        let (flags, addend) = (relocation.flags(), relocation.addend());
        let name = match symbol.section_index() {
            Some(section) => object.section_by_index(section)?.name()?,
            None => symbol.name()?,
        };
        relocations.push(format!("{offset:x} {flags:?} {name}{addend:+}"));
    }
    Ok((section.data()?.to_vec(), relocations))
}

fn compile(compiler: &Compiler, name: &str, file: &Path, flags: &[&str]) -> Result<Vec<u8>> {
    // One of two equal functions would become a jump to the other.
    let own = ["-Zfunction-sections=yes", "-Zmerge-functions=disabled"];
    refuse(&compiler.compile(name, file, OBJECT, &[&own, flags].concat())?)?;
    Ok(fs::read(compiler.product(name, OBJECT))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    /// The object of a program in C, where each function and constant has a section.
    fn object(source: &str) -> Vec<u8> {
        let dir = tempfile::tempdir().expect("a directory");
        let [source_file, object] = ["a.c", "a.o"].map(|name| dir.path().join(name));
        fs::write(&source_file, source).expect("written");
        let mut cc = Command::new("cc");
        cc.args([
            "-c",
            "-O1",
            "-fno-inline",
            "-fno-ipa-icf",
            "-ffunction-sections",
        ])
        .args([
            "-fdata-sections",
            "-fno-pic",
            "-fno-asynchronous-unwind-tables",
        ]);
        let status = cc.arg("-o").arg(&object).arg(&source_file).status();
        assert!(status.expect("cc").success());
        fs::read(object).expect("an object")
    }

    fn judged(source: &str) -> Vec<bool> {
        let bytes = object(source);
        let results = judge(&File::parse(&*bytes).expect("an object")).expect("probes");
        results.iter().map(Result::is_ok).collect()
    }

    #[test]
    fn a_panic_is_found_through_functions_and_data() {
        let program = "void core_panic(void); void dma_alloc_attrs(void);\n\
                       void (*const table[])(void) = { core_panic };\n\
                       static void helper(int i) { table[i](); }\n\
                       void PROBE(int i) { dma_alloc_attrs(); CALL }\n";
        let of = |probe, call| judged(&program.replace("PROBE", probe).replace("CALL", call));
        assert_eq!(of("may_panic_a", "helper(i);"), [true]);
        assert_eq!(of("never_panics_a", "helper(i);"), [false]);
        assert_eq!(of("may_panic_a", ""), [false]);
        assert_eq!(of("never_panics_a", ""), [true]);
        let bytes = object("void a(void) {}");
        judge(&File::parse(&*bytes).expect("an object")).expect_err("no probes");
    }

    #[test]
    fn other_code_is_refused() {
        let pairs = |source: &str| {
            let bytes = object(source);
            compare(&File::parse(&*bytes).expect("an object"))
        };
        let program = "void b(void); void c(void);\n\
                       int a_projected(int i) { b(); return i + 1; }\n\
                       int a_by_hand(int i) { b(); return i + 1; }\n";
        assert_eq!(pairs(program).expect("the same"), 1);
        pairs(&program.replacen("+ 1", "+ 2", 1)).expect_err("other bytes");
        pairs(&program.replacen("{ b();", "{ c();", 1)).expect_err("another symbol");
        pairs(&program.replace("by_hand", "other")).expect_err("no pair");
        pairs("void b(void) {}").expect_err("nothing");
    }
}
