// SPDX-License-Identifier: GPL-2.0

//! The machine code of the cases, and the copy of it in `bench/asm`.

use crate::host::process;
use anyhow::{Context, Result, bail};
use object::{Object, ObjectSection, ObjectSymbol};
use regex_lite::{Captures, Regex};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Assembly by case, or by file name.
pub type Assembly = BTreeMap<String, String>;

/// The prefixes of the cases of which there is a copy.
const CASES: [&str; 6] = ["project_", "range_", "hand_", "read_u", "write_u", "copy_"];

/// The code of an allocation differs between the sizes in one number: one size is enough.
const ALLOCATIONS: (&str, &str) = ("alloc_", "_4096");

fn is_case(function: &str) -> bool {
    CASES.iter().any(|prefix| function.starts_with(prefix))
        || function.starts_with(ALLOCATIONS.0) && function.ends_with(ALLOCATIONS.1)
}

/// The code of the cases in `path`, as objdump shows it.
pub fn cases(path: &Path) -> Result<Assembly> {
    let bytes = fs::read(path).with_context(|| format!("no {}", path.display()))?;
    let file = object::File::parse(&*bytes).with_context(|| path.display().to_string())?;
    let mut cases = Assembly::new();
    for symbol in file.symbols().filter(|symbol| symbol.is_definition()) {
        let (name, Some(section)) = (symbol.name()?, symbol.section_index()) else {
            continue;
        };
        if !is_case(name) {
            continue;
        }
        let (start, end) = (symbol.address(), symbol.address() + symbol.size());
        let mut objdump = Command::new("objdump");
        objdump
            .args([
                "--disassemble",
                "--reloc",
                "--demangle",
                "--no-show-raw-insn",
            ])
            .args(["--section", file.section_by_index(section)?.name()?])
            .args([
                format!("--start-address={start}"),
                format!("--stop-address={end}"),
            ])
            .arg(path);
        cases.insert(
            name.to_string(),
            instructions(&process::output(&mut objdump)?)?,
        );
    }
    if cases.is_empty() {
        bail!("{} has none of the cases", path.display());
    }
    Ok(cases)
}

/// The instructions in a listing, each with the symbol it refers to, without their addresses.
fn instructions(listing: &str) -> Result<String> {
    let instruction = Regex::new(r"^ +[0-9a-f]+:\t(.+)$")?;
    let relocation = Regex::new(r"^\t+[0-9a-f]+: R_X86_64_\w+\t(.+)$")?;
    // A place in the function goes without its name, as there may be several.
    let target = Regex::new(r"[0-9a-f]+ <(.+?)(\+0x[0-9a-f]+)?>$")?;
    let place = |found: &Captures<'_>| {
        let place = found.get(2).or(found.get(1));
        format!("<{}>", place.map_or("", |place| place.as_str()))
    };
    // The offset in a section depends on the rest of the module.
    let offset = Regex::new(r"^(\..+)\+0x[0-9a-f]+$")?;
    let mut lines: Vec<String> = Vec::new();
    for line in listing.lines() {
        if let Some(found) = instruction.captures(line) {
            let text = found[1].split_whitespace().collect::<Vec<_>>().join(" ");
            lines.push(target.replace(&text, place).into_owned());
        } else if let (Some(found), Some(last)) = (relocation.captures(line), lines.last_mut()) {
            last.push_str(" # ");
            last.push_str(&offset.replace(&found[1], "$1"));
        }
    }
    Ok(lines.join("\n") + "\n")
}

/// The bytes of code in `path`, whatever its sections are called.
pub fn text_size(path: &Path) -> Result<u64> {
    let bytes = fs::read(path).with_context(|| format!("no {}", path.display()))?;
    let file = object::File::parse(&*bytes).with_context(|| path.display().to_string())?;
    let is_text = |name: Result<&str, _>| name.is_ok_and(|name| name.starts_with(".text"));
    let text = file.sections().filter(|section| is_text(section.name()));
    Ok(text.map(|section| section.size()).sum())
}

/// The files for `bench/asm`: one for each case, two where overflow checks make a difference.
pub fn files(checked: Assembly, unchecked: Assembly) -> Assembly {
    let mut files = Assembly::new();
    for (case, text) in unchecked {
        if checked.get(&case) != Some(&text) {
            files.insert(format!("{case}.no-overflow-checks.s"), text);
        }
    }
    files.extend(
        checked
            .into_iter()
            .map(|(case, text)| (format!("{case}.s"), text)),
    );
    files
}

/// Replaces what is in `directory`.
pub fn write(directory: &Path, files: &Assembly) -> Result<()> {
    if directory.exists() {
        fs::remove_dir_all(directory)
            .with_context(|| format!("cannot clear {}", directory.display()))?;
    }
    fs::create_dir_all(directory)?;
    for (name, text) in files {
        let file = directory.join(name);
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

/// How `files`, written to `scratch`, differ from those in `directory`: a diff, empty if they agree.
pub fn diff(directory: &Path, files: &Assembly, scratch: &Path) -> Result<String> {
    write(scratch, files)?;
    let mut git = Command::new("git");
    git.args(["diff", "--no-index", "--no-color", "--no-ext-diff"])
        .args([directory, scratch]);
    let output = git.output().context("cannot run git")?;
    if output.status.success() {
        return Ok(String::new());
    }
    // Without `directory`, git says so and shows no difference.
    let said = [output.stdout, output.stderr].concat();
    Ok(String::from_utf8_lossy(&said).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTING: &str = "
coherent_bench.ko:     file format elf64-x86-64


Disassembly of section .text:

0000000000000020 <project_panic>:
  20:\tcmp    $0x8,%rsi
  24:\tjae    30 <project_panic+0x10>
  26:\tmov    $0x0,%rdx
\t\t\t29: R_X86_64_32S\t.rodata+0x1b0
  30:\tcall   35 <project_panic_no_mapping+0x15>
\t\t\t31: R_X86_64_PLT32\tcore::panicking::panic_bounds_check-0x4
  35:\tcall   6de <core::ptr::drop_in_place::<kernel::dma::Coherent<u8>>>
";

    #[test]
    fn instructions_do_not_depend_on_the_rest_of_the_module() {
        let text = instructions(LISTING).expect("good");
        let expected = "\
cmp $0x8,%rsi
jae <+0x10>
mov $0x0,%rdx # .rodata
call <+0x15> # core::panicking::panic_bounds_check-0x4
call <core::ptr::drop_in_place::<kernel::dma::Coherent<u8>>>
";
        assert_eq!(text, expected);
    }

    fn assembly(pairs: &[(&str, &str)]) -> Assembly {
        let pairs = pairs.iter();
        pairs
            .map(|(name, text)| (name.to_string(), text.to_string()))
            .collect()
    }

    #[test]
    fn code_that_overflow_checks_do_not_change_is_one_file() {
        let checked = assembly(&[("hand", "add\njb\n"), ("read", "mov\n")]);
        let unchecked = assembly(&[("hand", "add\n"), ("read", "mov\n")]);
        let names: Vec<_> = files(checked, unchecked).into_keys().collect();
        assert_eq!(names, ["hand.no-overflow-checks.s", "hand.s", "read.s"]);
    }

    #[test]
    fn code_that_differs_is_shown_and_a_missing_side_is_named() {
        let root = tempfile::tempdir().expect("a directory");
        let (asm, scratch) = (root.path().join("asm"), root.path().join("scratch"));
        let old = assembly(&[("read.s", "mov\nret\n"), ("write.s", "ret\n")]);
        assert_ne!(diff(&asm, &old, &scratch).expect("run"), "", "no directory");
        write(&asm, &assembly(&[("gone.s", "ret\n")])).expect("written");
        write(&asm, &old).expect("written");
        assert_eq!(diff(&asm, &old, &scratch).expect("run"), "");

        let now = assembly(&[("new.s", "ret\n"), ("read.s", "mov\nadd\nret\n")]);
        let diff = diff(&asm, &now, &scratch).expect("run");
        for wanted in ["new.s", "\n+add\n", "write.s"] {
            assert!(diff.contains(wanted), "no {wanted} in {diff}");
        }
        assert!(!diff.contains("gone.s"), "{diff}");
    }
}
