// SPDX-License-Identifier: GPL-2.0

//! What an item that is generic over the kind means for one kind.
//!
//! Linux 7.3 has `Coherent<T>` and `CoherentHandle`. An item of `Coherent<T, Kind>` is the former's
//! if `Kind` is `Normal`, and the latter's if `T` is `[u8]` and `Kind` is `NoMapping`. A parameter
//! is only filled in if its bounds hold, by impls that are there; a name is only shortened if the
//! default or the alias that makes it the same type is there. Otherwise there is no instance, and
//! what needs it is found missing.

use super::surface::{Entry, Surface};
use regex::{Captures, Regex};
use std::sync::LazyLock;

const NORMAL: &str = "kernel::dma::Normal";
const NO_MAPPING: &str = "kernel::dma::NoMapping";
const ALIAS: &str =
    "pub type kernel::dma::CoherentHandle = kernel::dma::Coherent<[u8], kernel::dma::NoMapping>";

/// A parameter, and what is put in its place.
type Argument<'a> = (&'a str, &'a str);

/// `Coherent<T, Normal>` is `Coherent<T>`.
pub fn normal(surface: &Surface, entry: &Entry) -> Option<Entry> {
    let arguments = [("Kind", NORMAL)];
    let short = |text: &str| shorten(surface, &instantiate(surface, text, &arguments)?);
    changed(entry, short)
}

/// `Coherent<[u8], NoMapping>` is `CoherentHandle`.
pub fn handle(surface: &Surface, entry: &Entry) -> Option<Entry> {
    if !surface.has(ALIAS) {
        return None;
    }
    let whole = entry.line();
    let element = if whole.contains("kernel::dma::Coherent<T, ") {
        "[u8]"
    } else if whole.contains("kernel::dma::Coherent<[T], ") {
        "u8"
    } else {
        return None;
    };
    let arguments = [("Kind", NO_MAPPING), ("T", element)];
    changed(entry, |text| {
        Some(instantiate(surface, text, &arguments)?.replace(
            "kernel::dma::Coherent<[u8], kernel::dma::NoMapping>",
            "kernel::dma::CoherentHandle",
        ))
    })
}

fn changed(entry: &Entry, change: impl Fn(&str) -> Option<String>) -> Option<Entry> {
    let instance = Entry {
        text: change(&entry.text)?,
        within: match &entry.within {
            Some(within) => Some(change(within)?),
            None => None,
        },
    };
    (instance != *entry).then_some(instance)
}

/// Puts arguments in place of parameters, unless a bound does not hold.
fn instantiate(surface: &Surface, text: &str, arguments: &[Argument<'_>]) -> Option<String> {
    let (text, bounds) = match text.split_once(" where ") {
        Some((text, bounds)) => (text, split(bounds)),
        None => (text, Vec::new()),
    };
    let argument = |name: &str| {
        let found = arguments.iter().find(|(parameter, _)| *parameter == name);
        found.map(|(_, argument)| *argument)
    };

    let mut kept_bounds = Vec::new();
    for bound in &bounds {
        let (name, traits) = bound.split_once(": ")?;
        match argument(name) {
            Some(argument) => holds(surface, argument, traits)?,
            None => kept_bounds.push(*bound),
        }
    }
    let mut result = match split_head(text) {
        None => text.to_string(),
        Some((before, parameters, after)) => {
            let mut kept = Vec::new();
            for parameter in split(parameters) {
                let (name, traits) = parameter.split_once(": ").unwrap_or((parameter, ""));
                let Some(argument) = argument(name) else {
                    kept.push(parameter);
                    continue;
                };
                holds(surface, argument, traits)?;
                let elsewhere = bounds.iter().filter_map(|bound| bound.split_once(": "));
                let mut all = elsewhere
                    .filter(|(of, _)| *of == name)
                    .map(|(_, traits)| traits);
                let unsized_is_fine = is_relaxed(traits) || all.any(is_relaxed);
                if argument.starts_with('[') && !unsized_is_fine {
                    return None;
                }
            }
            let kept = match kept.join(", ") {
                none if none.is_empty() => none,
                some => format!("<{some}>"),
            };
            format!("{before}{kept}{after}")
        }
    };
    for (parameter, argument) in arguments {
        result = word(parameter)?
            .replace_all(&result, *argument)
            .into_owned();
    }
    if !kept_bounds.is_empty() {
        result = format!("{result} where {}", kept_bounds.join(", "));
    }
    Some(result)
}

/// Whether impls that are there make `argument` meet the bounds.
fn holds(surface: &Surface, argument: &str, traits: &str) -> Option<()> {
    let mut traits = traits.split(" + ").filter(|bound| !bound.is_empty());
    traits
        .all(|bound| {
            bound == "?core::marker::Sized"
                || surface.has(&format!("impl {bound} for {argument}"))
                || (argument.starts_with('[') && surface.has(&format!("impl<T> {bound} for [T]")))
        })
        .then_some(())
}

fn is_relaxed(traits: &str) -> bool {
    traits
        .split(" + ")
        .any(|bound| bound == "?core::marker::Sized")
}

/// Leaves `Normal` out where it is the default; no text if it is not.
fn shorten(surface: &Surface, text: &str) -> Option<String> {
    static WITH_KIND: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"(kernel::dma::\w+)<(?:([^<>]*), )?kernel::dma::Normal>").ok()
    });
    static DECLARED: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^pub struct (kernel::dma::\w+)").ok());
    // 7.3 has no kinds, so a type that it declares can do without only if there is a default.
    if let Some(declared) = DECLARED.as_ref()?.captures(text) {
        if !surface.normal_by_default.contains(&declared[1]) {
            return None;
        }
    }
    let short = WITH_KIND
        .as_ref()?
        .replace_all(text, |found: &Captures<'_>| {
            if !surface.normal_by_default.contains(&found[1]) {
                return found[0].to_string();
            }
            match found.get(2) {
                Some(others) => format!("{}<{}>", &found[1], others.as_str()),
                None => found[1].to_string(),
            }
        });
    Some(short.into_owned())
}

fn word(name: &str) -> Option<Regex> {
    Regex::new(&format!(r"\b{}\b", regex::escape(name))).ok()
}

/// Takes the parameters out of `impl<..> ..` and of `pub struct ..<..>..`: before, them, after.
pub fn split_head(text: &str) -> Option<(&str, &str, &str)> {
    let open = text.find('<')?;
    if open != "impl".len() && !text.starts_with("pub struct ") {
        return None;
    }
    let mut depth = 0_usize;
    for (at, character) in text.char_indices().skip_while(|(at, _)| *at < open) {
        match character {
            '<' => depth += 1,
            '>' if !text[..at].ends_with('-') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some((&text[..open], &text[open + 1..at], &text[at + 1..]));
        }
    }
    None
}

/// Splits at the commas that are in no brackets.
fn split(list: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0_i32, 0);
    for (at, character) in list.char_indices() {
        match character {
            '<' | '(' | '[' => depth += 1,
            '>' if list[..at].ends_with('-') => {}
            '>' | ')' | ']' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(list[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(list[start..].trim());
    parts.retain(|part| !part.is_empty());
    parts
}
