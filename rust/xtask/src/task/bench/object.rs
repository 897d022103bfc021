// SPDX-License-Identifier: GPL-2.0

//! What a compiler made of the cases: their instructions, branches and ways to panic.

use crate::host::process;
use anyhow::{Context, Result, bail};
use regex_lite::Regex;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// A function in object code.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// Its instructions, one in each line, with names of what they refer to.
    pub text: String,
    pub shape: Shape,
}

/// What there is to compare of a function.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shape {
    pub instructions: usize,
    /// Conditional ones.
    pub branches: usize,
    pub panics: usize,
}

pub type Shapes = BTreeMap<String, Shape>;

pub fn shapes(functions: BTreeMap<String, Function>) -> Shapes {
    functions
        .into_iter()
        .map(|(name, function)| (name, function.shape))
        .collect()
}

/// The functions of `object` that are `wanted` by their names.
pub fn functions(object: &Path, wanted: fn(&str) -> bool) -> Result<BTreeMap<String, Function>> {
    let listing = process::output(
        Command::new("objdump")
            .args([
                "--syms",
                "--disassemble",
                "--reloc",
                "--demangle",
                "--no-show-raw-insn",
            ])
            .arg(object),
    )?;
    let mut found = parse(&listing)?;
    found.retain(|name, _| wanted(name));
    if found.is_empty() {
        bail!("{} has none of the cases", object.display());
    }
    Ok(found)
}

fn parse(listing: &str) -> Result<BTreeMap<String, Function>> {
    let symbol = Regex::new(r"^([0-9a-f]+) .{6}F (\S+)\t[0-9a-f]+ (.+)$")?;
    let section = Regex::new(r"^Disassembly of section (\S+):$")?;
    let head = Regex::new(r"^([0-9a-f]+) <(.+)>:$")?;
    let instruction = Regex::new(r"^ +[0-9a-f]+:\t(.+)$")?;
    let relocation = Regex::new(r"^\t+[0-9a-f]+: R_X86_64_\w+\t(.+)$")?;
    let target = Regex::new(r"[0-9a-f]+ <([^>]+)>")?;
    // Where something is in a section depends on what else the module has.
    let place = Regex::new(r"^(\..+)\+0x[0-9a-f]+$")?;

    // Functions of the same code may be one, with several names.
    let mut symbols: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    let mut functions = BTreeMap::new();
    let mut in_section = "";
    let mut names: Vec<&str> = Vec::new();
    let mut lines: Vec<String> = Vec::new();
    for line in listing.lines() {
        if let Some(found) = symbol.captures(line).map(|found| found.extract::<3>().1) {
            let name = found[2].trim_start_matches(".hidden ");
            symbols.entry((found[1], found[0])).or_default().push(name);
        } else if let Some(found) = section.captures(line).map(|found| found.extract::<1>().1) {
            in_section = found[0];
        } else if let Some(found) = head.captures(line).map(|found| found.extract::<2>().1) {
            finish(&mut functions, &names, &mut lines);
            names = match symbols.get(&(in_section, found[0])) {
                Some(names) => names.clone(),
                None => vec![found[1]],
            };
        } else if let Some(found) = instruction.captures(line) {
            let text = found[1].split_whitespace().collect::<Vec<_>>().join(" ");
            let mut text = target.replace(&text, "<$1>").into_owned();
            // A place in the function itself has no name, since there may be several.
            for name in &names {
                text = text.replace(&format!("<{name}+"), "<+");
            }
            lines.push(text);
        } else if let (Some(found), Some(last)) = (relocation.captures(line), lines.last_mut()) {
            last.push_str(" # ");
            last.push_str(place.replace(&found[1], "$1").as_ref());
        }
    }
    finish(&mut functions, &names, &mut lines);
    Ok(functions)
}

fn finish(functions: &mut BTreeMap<String, Function>, names: &[&str], lines: &mut Vec<String>) {
    // What fills the space up to the next function is not of this one.
    let fills =
        |line: &String| line.contains("nop") || line == "int3" || line.starts_with("xchg %ax,%ax");
    while lines.last().is_some_and(fills) {
        lines.pop();
    }
    let count = |is: &dyn Fn(&str) -> bool| lines.iter().filter(|line| is(line)).count();
    let shape = Shape {
        instructions: lines.len(),
        branches: count(&|line| line.starts_with('j') && !line.starts_with("jmp")),
        panics: count(&|line| line.contains("panicking::") || line.starts_with("ud2")),
    };
    let text: String = lines.drain(..).map(|line| line + "\n").collect();
    for name in names {
        let text = text.clone();
        functions.insert(name.to_string(), Function { text, shape });
    }
}

/// The bytes of code in `object`, whatever its sections are called.
pub fn text_size(object: &Path) -> Result<u64> {
    let sections = process::output(Command::new("size").arg("--format=sysv").arg(object))?;
    let mut sum = 0;
    for line in sections.lines().filter(|line| line.starts_with(".text")) {
        let size = line.split_whitespace().nth(1).context("no size")?;
        sum += size.parse::<u64>().with_context(|| line.to_string())?;
    }
    Ok(sum)
}

/// How often the code in `object` calls `function`, which is somewhere else.
pub fn calls(object: &Path, function: &str) -> Result<u64> {
    let relocations = process::output(Command::new("objdump").arg("--reloc").arg(object))?;
    Ok(count_calls(&relocations, function))
}

fn count_calls(relocations: &str, function: &str) -> u64 {
    let called = |line: &&str| {
        line.contains("R_X86_64_PLT32")
            && line
                .split_whitespace()
                .last()
                .and_then(|target| target.strip_prefix(function))
                .is_some_and(|rest| rest.starts_with(['-', '+']))
    };
    relocations.lines().filter(called).count() as u64
}

/// A function of the coherent family that a compiler has put into an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Symbol {
    pub name: String,
    pub size: u64,
}

/// The functions in `object` whose names have `part` in them.
pub fn symbols(object: &Path, part: &str) -> Result<Vec<Symbol>> {
    let listing = process::output(
        Command::new("nm")
            .args(["--demangle", "--print-size", "--defined-only"])
            .arg(object),
    )?;
    Ok(parse_symbols(&listing)
        .into_iter()
        .filter(|symbol| symbol.name.contains(part))
        .collect())
}

fn parse_symbols(listing: &str) -> Vec<Symbol> {
    listing
        .lines()
        .filter_map(|line| {
            let mut words = line.splitn(4, ' ');
            let (_, size, kind, name) =
                (words.next()?, words.next()?, words.next()?, words.next()?);
            matches!(kind, "t" | "T").then_some(())?;
            Some(Symbol {
                name: name.to_string(),
                size: u64::from_str_radix(size, 16).ok()?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTING: &str = "
SYMBOL TABLE:
0000000000000010 l    d  .text\t0000000000000000 .text
0000000000000010 g     F .text\t000000000000000f project_field
0000000000000010 g     F .text\t000000000000000f .hidden hand_field
0000000000000020 g     F .text\t0000000000000016 project_panic
0000000000000020 g     F .init.text\t0000000000000016 init_module

Disassembly of section .text:

0000000000000010 <project_field>:
  10:\tmov    0x8(%rdi),%rax
  14:\tadd    $0x500,%rax
  1a:\tjmp    1f <project_field+0xf>
\t\t\t1b: R_X86_64_PLT32\t__x86_return_thunk-0x4
  1f:\tnop

0000000000000020 <project_panic>:
  20:\tcmp    $0x8,%rsi
  24:\tjae    30 <project_panic+0x10>
  26:\tret
  2a:\tmov    $0x0,%rdx
\t\t\t2d: R_X86_64_32S\t.rodata+0x1b0
  30:\tcall   35 <project_panic+0x15>
\t\t\t31: R_X86_64_PLT32\tcore::panicking::panic_bounds_check-0x4
  35:\tint3
";

    #[test]
    fn a_function_is_counted_without_what_follows_it() {
        let functions = parse(LISTING).expect("good");
        let field = &functions["project_field"];
        assert_eq!(
            field.shape,
            Shape {
                instructions: 3,
                branches: 0,
                panics: 0
            }
        );
        assert!(
            field.text.ends_with("# __x86_return_thunk-0x4\n"),
            "{}",
            field.text
        );
        assert!(!field.text.contains("1f <"), "{}", field.text);
    }

    #[test]
    fn a_function_of_two_names_is_found_by_both() {
        let functions = parse(LISTING).expect("good");
        assert_eq!(functions["project_field"], functions["hand_field"]);
        assert_eq!(functions.len(), 3);
    }

    #[test]
    fn a_panic_and_its_branch_are_seen() {
        let functions = parse(LISTING).expect("good");
        let shape = functions["project_panic"].shape;
        assert_eq!((shape.branches, shape.panics), (1, 1));
        let text = &functions["project_panic"].text;
        assert!(text.contains("jae <+0x10>\n"), "{text}");
        assert!(text.contains("%rdx # .rodata\n"), "{text}");
    }

    #[test]
    fn calls_of_one_function_are_counted() {
        let relocations = "\
000000000000000f R_X86_64_PLT32    dma_alloc_attrs-0x0000000000000004
0000000000000020 R_X86_64_PLT32    dma_alloc_attrs_of-0x0000000000000004
0000000000000030 R_X86_64_PLT32    dma_free_attrs-0x0000000000000004
0000000000000040 R_X86_64_64       dma_alloc_attrs
";
        assert_eq!(count_calls(relocations, "dma_alloc_attrs"), 1);
        assert_eq!(count_calls(relocations, "dma_free_attrs"), 1);
    }

    #[test]
    fn functions_are_told_from_data() {
        let found = parse_symbols(
            "0000000000000000 0000000000000025 t <kernel::dma::X as core::ops::drop::Drop>::drop\n\
             0000000000000040 0000000000000008 r table\n                 U memcpy\n",
        );
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].size, 0x25);
    }
}
