// SPDX-License-Identifier: GPL-2.0

//! The machine code of the cases, and the copy of it in `bench/asm`.

use crate::host::process;
use anyhow::{Context, Result, ensure};
use regex_lite::Regex;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Assembly by case.
pub type Assembly = BTreeMap<String, String>;

/// A case in what objdump prints. The code of an allocation differs between the sizes in one number:
/// one size is enough.
const CASE: &str =
    r"(?m)^[0-9a-f]+ <((?:project|range|hand|copy|read|write)_\w+|alloc_\w+_4096)>:\n((?:.+\n)+)";

/// What makes the code of a case independent of the rest of its module, in this order.
const REPLACEMENTS: [(&str, &str); 7] = [
    // A place in the function goes without its name, as there may be several.
    (r"(?m)\b[0-9a-f]+ <.+(\+0x[0-9a-f]+)>$", "<$1>"),
    (r"(?m)\b[0-9a-f]+ (<.+>)$", "$1"),
    // An offset in a section.
    (r"(?m)(\t\..+)\+0x[0-9a-f]+$", "$1"),
    // The symbol that an instruction refers to follows it.
    (r"\n\t+[0-9a-f]+: R_X86_64_\w+\t", " # "),
    (r"(?m)^ +[0-9a-f]+:\t|[ \t]+$", ""),
    (r"[ \t]+", " "),
    // What fills the room up to the next function, if there is one in the section.
    (r"(?:(?:data16 |cs )*(?:nop|xchg %ax,%ax).*\n)+$", ""),
];

/// The code of the cases in `path`.
pub fn cases(path: &Path) -> Result<Assembly> {
    let mut objdump = Command::new("objdump");
    objdump
        .args(["--disassemble", "--reloc", "--demangle"])
        .arg("--no-show-raw-insn")
        .arg(path);
    let cases = read(&process::output(&mut objdump)?)?;
    ensure!(
        !cases.is_empty(),
        "{} has none of the cases",
        path.display()
    );
    Ok(cases)
}

fn read(listing: &str) -> Result<Assembly> {
    let mut cases = Assembly::new();
    for found in Regex::new(CASE)?.captures_iter(listing) {
        let mut code = found[2].to_string();
        for (pattern, replacement) in REPLACEMENTS {
            let replaced = Regex::new(pattern)?.replace_all(&code, replacement);
            code = replaced.into_owned();
        }
        cases.insert(found[1].to_string(), code);
    }
    Ok(cases)
}

/// Replaces what is in `directory`: a file for each case, two where overflow checks make a difference.
pub fn write(directory: &Path, checked: &Assembly, unchecked: &Assembly) -> Result<()> {
    if directory.exists() {
        fs::remove_dir_all(directory)?;
    }
    fs::create_dir_all(directory)?;
    for (case, code) in checked {
        fs::write(directory.join(format!("{case}.s")), code)?;
    }
    for (case, code) in unchecked {
        if checked.get(case) != Some(code) {
            let file = format!("{case}.no-overflow-checks.s");
            fs::write(directory.join(file), code)?;
        }
    }
    Ok(())
}

/// Prints how `now` differs from `committed`, and returns whether they agree.
pub fn agree(committed: &Path, now: &Path) -> Result<bool> {
    let mut git = Command::new("git");
    git.args(["--no-pager", "diff", "--no-index", "--no-ext-diff"])
        .args([committed, now]);
    Ok(git.status().context("cannot run git")?.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTING: &str = "
coherent_bench.ko:     file format elf64-x86-64


Disassembly of section .text:

0000000000000010 <alloc_normal_64>:
  10:\tret

0000000000000020 <project_panic>:
  20:\tcmp    $0x8,%rsi
  24:\tjae    30 <project_panic+0x10>
  26:\tmov    $0x0,%rdx
\t\t\t29: R_X86_64_32S\t.rodata+0x1b0
  30:\tcall   35 <project_panic_no_mapping+0x15>
\t\t\t31: R_X86_64_PLT32\tcore::panicking::panic_bounds_check-0x4
  35:\tcall   6de <core::ptr::drop_in_place::<kernel::dma::Coherent<u8>>>
  3a:\tdata16 cs nopw 0x0(%rax,%rax,1)
  3e:\txchg   %ax,%ax

0000000000000040 <init_module>:
  40:\tret
";

    #[test]
    fn instructions_do_not_depend_on_the_rest_of_the_module() {
        let code = "\
cmp $0x8,%rsi
jae <+0x10>
mov $0x0,%rdx # .rodata
call <+0x15> # core::panicking::panic_bounds_check-0x4
call <core::ptr::drop_in_place::<kernel::dma::Coherent<u8>>>
";
        let expected = assembly(&[("project_panic", code)]);
        assert_eq!(read(LISTING).expect("patterns"), expected);
    }

    fn assembly(pairs: &[(&str, &str)]) -> Assembly {
        let pairs = pairs.iter();
        pairs
            .map(|(name, text)| (name.to_string(), text.to_string()))
            .collect()
    }

    #[test]
    fn only_the_same_files_agree() {
        let root = tempfile::tempdir().expect("a directory");
        let (asm, now) = (root.path().join("asm"), root.path().join("now"));
        let checked = assembly(&[("hand", "add\njb\n"), ("read", "mov\n")]);
        let unchecked = assembly(&[("hand", "add\n"), ("read", "mov\n")]);
        write(&now, &checked, &unchecked).expect("written");
        assert_eq!(fs::read_dir(&now).expect("a directory").count(), 3);
        assert!(!agree(&asm, &now).expect("run"), "no directory");
        write(&asm, &assembly(&[("gone", "ret\n")]), &unchecked).expect("written");
        assert!(!agree(&asm, &now).expect("run"), "other files");
        write(&asm, &checked, &unchecked).expect("written");
        assert!(agree(&asm, &now).expect("run"));
        write(&now, &checked, &checked).expect("written");
        assert!(!agree(&asm, &now).expect("run"), "one file less");
    }
}
