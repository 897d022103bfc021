// SPDX-License-Identifier: GPL-2.0

//! The probes of `kunit/panics.rs`, and whether every function of the library has one.

use crate::check::contract::{accessors, files};
use anyhow::{Context, Result, anyhow, bail, ensure};
use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use syn::{Attribute, Expr, ImplItem, Item, ItemFn, ItemImpl, ItemMod, Lit, Meta, Visibility};

/// What the module is about that has the accessors of the kernel's trait.
const IO: &str = "trait Io";

/// A function that calls one of the library.
pub struct Probe {
    /// Its path in the crate.
    pub name: String,
    /// Where it panics, by its documentation.
    pub panics: BTreeSet<String>,
}

/// All probes in a file.
pub fn read(text: &str) -> Result<Vec<Probe>> {
    let mut probes = Vec::new();
    for module in modules(text)? {
        for function in functions(&module) {
            probes.push(Probe {
                name: format!("{}::{}", module.ident, function.sig.ident),
                panics: panics(&doc(&function.attrs)),
            });
        }
    }
    if probes.is_empty() {
        bail!("there are no probes");
    }
    Ok(probes)
}

fn modules(text: &str) -> Result<Vec<ItemMod>> {
    let items = syn::parse_file(text)?.items;
    let modules = items.into_iter().filter_map(|item| match item {
        Item::Mod(module) => Some(module),
        _ => None,
    });
    Ok(modules.collect())
}

fn functions(module: &ItemMod) -> impl Iterator<Item = &ItemFn> {
    let items = module.content.iter().flat_map(|(_, items)| items);
    items.filter_map(|item| match item {
        Item::Fn(function) => Some(function),
        _ => None,
    })
}

fn doc(attributes: &[Attribute]) -> String {
    let lines = attributes
        .iter()
        .filter_map(|attribute| match &attribute.meta {
            Meta::NameValue(meta) if meta.path.is_ident("doc") => match &meta.value {
                Expr::Lit(literal) => match &literal.lit {
                    Lit::Str(text) => Some(text.value()),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        });
    lines.fold(String::new(), |text, line| text + line.trim() + "\n")
}

/// The functions that the paragraphs under `# Panics` begin with.
fn panics(doc: &str) -> BTreeSet<String> {
    let section = doc.split_once("# Panics\n").map_or("", |(_, rest)| rest);
    let section = section.split("\n# ").next().unwrap_or_default();
    section
        .split("\n\n")
        .filter_map(|paragraph| paragraph.trim().strip_prefix('`')?.split('`').next())
        .map(str::to_string)
        .collect()
}

/// A function that has to have a probe.
struct Wanted {
    name: Ident,
    /// Its documentation has a section about that.
    panics: bool,
}

/// What is wanted, by the `impl` that has it.
type Families = BTreeMap<String, Vec<Wanted>>;

/// One result for each function of the library, and each accessor of the kernel's, and one for what
/// is about none of them.
pub fn complete(file: &Path, tree: &Path, library: &Path) -> Result<Vec<Result<()>>> {
    let text = fs::read_to_string(file).with_context(|| format!("no {}", file.display()))?;
    let mut families = Families::new();
    for path in files(library, "rs")? {
        // Files may have parts of one `impl`.
        for (family, wanted) in of_library(accessors::read(&path)?) {
            families.entry(family).or_default().extend(wanted);
        }
    }
    let io = accessors::of_io(tree)?.into_iter();
    let io = io.map(|method| Wanted::new(&method.sig.ident, &method.attrs));
    families.insert(IO.to_string(), io.collect());
    compare(&families, &modules(&text)?).with_context(|| file.display().to_string())
}

impl Wanted {
    fn new(name: &Ident, attributes: &[Attribute]) -> Self {
        Self {
            name: name.clone(),
            panics: doc(attributes).contains("# Panics\n"),
        }
    }
}

/// The functions that others can call, by the `impl` that has them.
fn of_library(items: Vec<Item>) -> Families {
    let impls = items.into_iter().filter_map(|item| match item {
        Item::Impl(item) => Some(item),
        _ => None,
    });
    let mut families = Families::new();
    for item in impls {
        let of_trait = item.trait_.is_some();
        let wanted = item.items.iter().filter_map(|item| match item {
            ImplItem::Fn(f) if of_trait || matches!(f.vis, Visibility::Public(_)) => {
                Some(Wanted::new(&f.sig.ident, &f.attrs))
            }
            _ => None,
        });
        let wanted: Vec<Wanted> = wanted.collect();
        if !wanted.is_empty() {
            families.entry(head(item)).or_default().extend(wanted);
        }
    }
    families
}

/// What tells an `impl` from others, in one form.
fn head(mut item: ItemImpl) -> String {
    item.attrs.clear();
    item.generics.where_clause = None;
    item.items.clear();
    item.to_token_stream().to_string()
}

fn compare(families: &Families, modules: &[ItemMod]) -> Result<Vec<Result<()>>> {
    let mut about: BTreeMap<String, Vec<&ItemFn>> = BTreeMap::new();
    for module in modules {
        if let Some(family) = family(module)? {
            about.entry(family).or_default().extend(functions(module));
        }
    }
    let mut results = Vec::new();
    for (family, wanted) in families {
        let probes = about.remove(family).unwrap_or_default();
        results.extend(
            wanted
                .iter()
                .map(|wanted| has_probe(family, wanted, &probes)),
        );
        let stray = probes.iter().find(|probe| {
            let name = probe.sig.ident.to_string();
            !wanted
                .iter()
                .any(|wanted| name.starts_with(&wanted.name.to_string()))
        });
        results.extend(stray.map(|probe| {
            let name = &probe.sig.ident;
            Err(anyhow!("`{name}` is no function of `{family}`"))
        }));
    }
    results.push(match about.keys().next() {
        Some(family) => Err(anyhow!("the library has no functions in `{family}`")),
        None => Ok(()),
    });
    Ok(results)
}

fn has_probe(family: &str, wanted: &Wanted, probes: &[&ItemFn]) -> Result<()> {
    let Wanted { name, panics } = wanted;
    let probe = probes
        .iter()
        .find(|probe| probe.sig.ident == *name && calls(probe.block.to_token_stream(), name))
        .with_context(|| format!("no probe calls `{name}` of `{family}`"))?;
    ensure!(
        !panics || doc(&probe.attrs).contains("# Panics\n"),
        "the documentation of `{name}` of `{family}` says that it panics, and its probe does not"
    );
    Ok(())
}

/// The `impl` or trait that a module is about, if it is about one.
fn family(module: &ItemMod) -> Result<Option<String>> {
    let doc = doc(&module.attrs).replace('\n', " ");
    let Some(text) = doc
        .strip_prefix('`')
        .and_then(|rest| rest.split('`').next())
    else {
        return Ok(None);
    };
    if text == IO {
        return Ok(Some(text.to_string()));
    }
    let item: ItemImpl = syn::parse_str(&format!("{text} {{}}"))
        .with_context(|| format!("the module `{}` is about an odd `{text}`", module.ident))?;
    Ok(Some(head(item)))
}

fn calls(tokens: TokenStream, name: &Ident) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == *name,
        TokenTree::Group(group) => calls(group.stream(), name),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIBRARY: &str = "
        impl<T> Coherent<T> where T: Copy {
            /// # Panics
            ///
            /// Always.
            pub fn a(&self) {}
            fn hidden(&self) {}
        }
        impl<T> Drop for Coherent<T> { fn drop(&mut self) {} }
        impl<T> Copy for Coherent<T> {}";

    const PROBES: &str = "
        /// `impl<T> Coherent<T>`
        pub mod normal {
            /// # Panics
            ///
            /// `panic_fmt`, as `T` says, and
            ///
            /// `unwrap_failed`, too.
            pub fn a(c: &Coherent<u8>) { c.a() }
            pub fn a_again(c: &Coherent<u8>) { c.a() }
        }
        /// `impl<T> Drop
        /// for Coherent<T>`
        pub mod drops { pub fn drop(c: Coherent<u8>) { { drop(c) } } }
        /// Not of the library.
        pub mod other { pub fn x() {} }";

    fn failures(library: &str, probes: &str) -> Vec<String> {
        let families = of_library(syn::parse_file(library).expect("Rust").items);
        let results = compare(&families, &modules(probes).expect("Rust")).expect("results");
        let errors = results.into_iter().filter_map(Result::err);
        errors.map(|error| format!("{error:#}")).collect()
    }

    #[test]
    fn probes_are_read() {
        let probes = read(PROBES).expect("probes");
        let names: Vec<&str> = probes.iter().map(|probe| probe.name.as_str()).collect();
        assert_eq!(
            names,
            ["normal::a", "normal::a_again", "drops::drop", "other::x"]
        );
        let panics = ["panic_fmt", "unwrap_failed"].map(str::to_string);
        assert_eq!(probes[0].panics, panics.into());
        assert!(probes[1].panics.is_empty());
        read("").err().expect("none");
    }

    #[test]
    fn each_function_has_to_have_a_probe() {
        assert_eq!(failures(LIBRARY, PROBES), [""; 0]);
        let refused = |library: &str, probes: &str, why: &str| {
            let failures = failures(library, probes);
            assert_eq!(failures.len(), 1, "{failures:?}");
            assert!(failures[0].contains(why), "{failures:?}");
        };
        let more = LIBRARY.replace("fn hidden", "pub fn shown");
        refused(&more, PROBES, "no probe calls `shown`");
        let other = PROBES.replace("{ drop(c) }", "{ forget(c) }");
        refused(LIBRARY, &other, "no probe calls `drop`");
        let stray = PROBES.replace("a_again", "stray");
        refused(LIBRARY, &stray, "`stray` is no function");
        let gone = PROBES.replace("Not of the library.", "`impl<T> Clone for Coherent<T>`");
        refused(LIBRARY, &gone, "has no functions in `impl");
        let silent = PROBES.replace("# Panics", "Panics");
        refused(
            LIBRARY,
            &silent,
            "says that it panics, and its probe does not",
        );
    }
}
