// SPDX-License-Identifier: GPL-2.0

//! Which functions of objects lead to which others, by their relocations.

use anyhow::{Context, Result, ensure};
use object::read::{File, Relocation, SectionIndex};
use object::{
    Object, ObjectSection, ObjectSymbol, RelocationKind, RelocationTarget, SectionKind, SymbolKind,
};
use rustc_demangle::demangle;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};

/// Code or data, by its place in the graph.
pub type Node = usize;

/// What leads where, in some objects that are linked to each other.
#[derive(Default)]
pub struct Graph {
    names: Vec<String>,
    /// Which of the objects has it; none if it is of C.
    objects: Vec<Option<usize>>,
    leads_to: Vec<BTreeSet<Node>>,
    global: HashMap<String, Node>,
}

/// The symbols of a section, by their addresses.
type Places = HashMap<SectionIndex, BTreeMap<u64, Node>>;

impl Graph {
    /// Reads the objects. A function of Rust that is called and in none of them is an error.
    pub fn read(paths: &[PathBuf]) -> Result<Self> {
        let mut graph = Self::default();
        let mut files = Vec::new();
        for path in paths {
            let bytes = fs::read(path).with_context(|| format!("no {}", path.display()))?;
            files.push((path, bytes));
        }
        let mut parsed = Vec::new();
        for (number, (path, bytes)) in files.iter().enumerate() {
            let file = File::parse(bytes.as_slice())
                .with_context(|| format!("{} is no object", path.display()))?;
            let places = graph.define(number, &file)?;
            parsed.push((path, file, places));
        }
        for (path, file, places) in &parsed {
            graph
                .connect(file, places)
                .with_context(|| path.display().to_string())?;
        }
        Ok(graph)
    }

    fn add(&mut self, name: &str, object: Option<usize>) -> Node {
        self.names.push(format!("{:#}", demangle(name)));
        self.objects.push(object);
        self.leads_to.push(BTreeSet::new());
        self.names.len() - 1
    }

    fn define(&mut self, number: usize, file: &File<'_>) -> Result<Places> {
        let mut places = Places::new();
        for section in file.sections().filter(is_loaded) {
            // What has no symbol belongs to the section.
            let node = self.add(section.name()?, Some(number));
            places.insert(section.index(), [(0, node)].into());
        }
        for symbol in file.symbols() {
            let Some(places) = symbol.section_index().and_then(|at| places.get_mut(&at)) else {
                continue;
            };
            if matches!(symbol.kind(), SymbolKind::Section | SymbolKind::File) {
                continue;
            }
            let node = self.add(symbol.name()?, Some(number));
            places.insert(symbol.address(), node);
            if symbol.is_global() {
                self.global.insert(symbol.name()?.to_string(), node);
            }
        }
        Ok(places)
    }

    fn connect(&mut self, file: &File<'_>, places: &Places) -> Result<()> {
        for section in file.sections().filter(is_loaded) {
            let here = &places[&section.index()];
            let mut relocated = BTreeSet::new();
            for (offset, relocation) in section.relocations() {
                relocated.insert(offset);
                let Some(from) = at(here, offset) else {
                    continue;
                };
                if let Some(to) = self.target(file, places, &relocation)? {
                    self.leads_to[from].insert(to);
                }
            }
            // A call of a function that no other object knows of may have no relocation.
            for (offset, target) in calls(section.data()?, &relocated) {
                if let (Some(from), Some(to)) = (at(here, offset), here.get(&target)) {
                    self.leads_to[from].insert(*to);
                }
            }
        }
        let lost = self.names.iter().zip(&self.objects);
        let lost = lost.filter(|(name, object)| object.is_none() && name.contains("::"));
        let lost: Vec<&String> = lost.map(|(name, _)| name).collect();
        ensure!(
            lost.is_empty(),
            "no object has what this one calls: {lost:?}"
        );
        Ok(())
    }

    fn target(
        &mut self,
        file: &File<'_>,
        places: &Places,
        relocation: &Relocation,
    ) -> Result<Option<Node>> {
        let RelocationTarget::Symbol(index) = relocation.target() else {
            return Ok(None);
        };
        let symbol = file.symbol_by_index(index)?;
        let name = symbol.name()?;
        if let Some(here) = symbol.section_index().and_then(|at| places.get(&at)) {
            let mut offset = symbol.address();
            if symbol.kind() == SymbolKind::Section {
                // Of what is relative to the end of the instruction, the field's size is taken off.
                let bias = match relocation.kind() {
                    RelocationKind::Relative | RelocationKind::PltRelative => 4,
                    _ => 0,
                };
                offset = offset.wrapping_add_signed(relocation.addend() + bias);
            }
            return Ok(at(here, offset));
        }
        if let Some(node) = self.global.get(name) {
            return Ok(Some(*node));
        }
        let node = self.add(name, None);
        self.global.insert(name.to_string(), node);
        Ok(Some(node))
    }

    /// The functions and data of an object, by their names.
    pub fn of(&self, object: usize) -> impl Iterator<Item = (&str, Node)> {
        let all = self.names.iter().zip(&self.objects).enumerate();
        all.filter(move |(_, (_, of))| **of == Some(object))
            .map(|(node, (name, _))| (name.as_str(), node))
    }

    /// What leads to something whose name ends with `end`, that included.
    pub fn leading_to(&self, end: &str) -> BTreeSet<Node> {
        let mut from: Vec<Vec<Node>> = vec![Vec::new(); self.names.len()];
        for (node, targets) in self.leads_to.iter().enumerate() {
            for target in targets {
                from[*target].push(node);
            }
        }
        let ends = (0..self.names.len()).filter(|node| self.names[*node].ends_with(end));
        let mut found: BTreeSet<Node> = BTreeSet::new();
        let mut left: Vec<Node> = ends.collect();
        while let Some(node) = left.pop() {
            if found.insert(node) {
                left.extend(&from[node]);
            }
        }
        found
    }

    /// From `start`, the first steps out of its object to one of `ends`, each with the way there.
    pub fn exits(&self, start: Node, ends: &BTreeSet<Node>) -> BTreeMap<String, String> {
        let mut exits = BTreeMap::new();
        let mut seen = BTreeSet::from([start]);
        let mut left = VecDeque::from([(start, self.names[start].clone())]);
        while let Some((node, way)) = left.pop_front() {
            for next in &self.leads_to[node] {
                if !ends.contains(next) || !seen.insert(*next) {
                    continue;
                }
                let name = &self.names[*next];
                let way = format!("{way} -> {name}");
                if self.objects[*next] == self.objects[start] {
                    left.push_back((*next, way));
                } else {
                    exits.insert(name.clone(), way);
                }
            }
        }
        exits
    }
}

/// Whether a section is there when the code runs.
fn is_loaded<'a>(section: &impl ObjectSection<'a>) -> bool {
    matches!(
        section.kind(),
        SectionKind::Text
            | SectionKind::Data
            | SectionKind::ReadOnlyData
            | SectionKind::ReadOnlyDataWithRel
            | SectionKind::ReadOnlyString
            | SectionKind::UninitializedData
    )
}

/// What is at an offset of a section, or begins before it.
fn at(places: &BTreeMap<u64, Node>, offset: u64) -> Option<Node> {
    places.range(..=offset).next_back().map(|(_, node)| *node)
}

/// Jumps and calls without a relocation: where they are, and where they lead. What is none but looks
/// like one hardly leads to the very start of a function.
fn calls(code: &[u8], relocated: &BTreeSet<u64>) -> Vec<(u64, u64)> {
    let mut calls = Vec::new();
    for (offset, window) in code.windows(5).enumerate() {
        let [opcode, distance @ ..] = window else {
            continue;
        };
        let field = offset as u64 + 1;
        if matches!(opcode, 0xe8 | 0xe9 | 0x80..=0x8f) && !relocated.contains(&field) {
            let distance = distance.try_into().map_or(0, i32::from_le_bytes);
            calls.push((
                offset as u64,
                (field + 4).wrapping_add_signed(distance.into()),
            ));
        }
    }
    calls
}

/// The objects of the Rust code that is linked into a kernel.
pub fn kernel_objects(build: &Path) -> Vec<PathBuf> {
    [
        "kernel",
        "core",
        "compiler_builtins",
        "ffi",
        "bindings",
        "pin_init",
        "zerocopy",
    ]
    .map(|name| build.join(format!("rust/{name}.o")))
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the objects: in the first, `a` and `b` call what the second has.
    fn graph() -> Graph {
        let mut graph = Graph::default();
        let names = ["a", "b", "helper", "check", "panic", "handler", "other"];
        for (name, object) in names.iter().zip([0, 0, 0, 1, 1, 1, 1]) {
            graph.add(name, Some(object));
        }
        for (from, to) in [(0, 2), (2, 4), (0, 3), (3, 4), (4, 5), (1, 6), (2, 0)] {
            graph.leads_to[from].insert(to);
        }
        graph
    }

    #[test]
    fn the_first_step_out_of_an_object_is_found() {
        let graph = graph();
        let ends = graph.leading_to("handler");
        let exits = graph.exits(0, &ends);
        assert_eq!(exits["panic"], "a -> helper -> panic");
        assert_eq!(exits["check"], "a -> check");
        assert_eq!(exits.len(), 2);
        assert!(graph.exits(1, &ends).is_empty());
        assert!(graph.leading_to("nobody").is_empty());
    }

    #[test]
    fn calls_without_a_relocation_are_read() {
        let code = [
            0x90, 0xe8, 0x0a, 0, 0, 0, 0x0f, 0x84, 0xf8, 0xff, 0xff, 0xff,
        ];
        let none = BTreeSet::new();
        assert_eq!(calls(&code, &none), [(1, 16), (7, 4)]);
        assert_eq!(calls(&code, &BTreeSet::from([2])), [(7, 4)]);
        assert!(calls(&[0xe8], &none).is_empty());
    }
}
