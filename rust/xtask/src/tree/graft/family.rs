// SPDX-License-Identifier: GPL-2.0

//! The items of Linux 7.3 that the library replaces.

use super::WAY_OUT;
use super::tokens::{code_lines, compact, idents};
use anyhow::{Result, bail};
use proc_macro2::Span;
use quote::ToTokens;
use std::collections::BTreeSet;
use syn::spanned::Spanned;
use syn::{ImplItem, Item, ItemImpl, Type};

const TYPES: [&str; 5] = [
    "Coherent",
    "CoherentBox",
    "CoherentHandle",
    "CoherentIoBackend",
    "CoherentView",
];

/// All that 7.3 has of the family, each once. Over how many blocks the methods are spread does not
/// matter.
const EXPECTED: &[&str] = &[
    "struct Coherent",
    "struct CoherentBox",
    "struct CoherentHandle",
    "struct CoherentIoBackend",
    "struct CoherentView",
    "impl Drop for Coherent<T>",
    "impl From<CoherentBox<T>> for Coherent<T>",
    "impl IoBase<'a> for &'a Coherent<T>",
    "impl Send for Coherent<T>",
    "impl Sync for Coherent<T>",
    "impl debugfs::BinaryWriter for Coherent<T>",
    "impl Deref for CoherentBox<T>",
    "impl DerefMut for CoherentBox<T>",
    "impl Drop for CoherentHandle",
    "impl Send for CoherentHandle",
    "impl Sync for CoherentHandle",
    "impl IoBackend for CoherentIoBackend",
    "impl IoCapable<T> for CoherentIoBackend",
    "impl IoCopyable for CoherentIoBackend",
    "impl Clone for CoherentView<'_, T>",
    "impl Copy for CoherentView<'_, T>",
    "impl IoBase<'a> for CoherentView<'a, T>",
    "Coherent::alloc_slice_with_attrs",
    "Coherent::alloc_with_attrs",
    "Coherent::as_mut",
    "Coherent::as_mut_ptr",
    "Coherent::as_ptr",
    "Coherent::as_ref",
    "Coherent::dma_address",
    "Coherent::from_slice",
    "Coherent::from_slice_with_attrs",
    "Coherent::init",
    "Coherent::init_with_attrs",
    "Coherent::len",
    "Coherent::size",
    "Coherent::zeroed",
    "Coherent::zeroed_slice",
    "Coherent::zeroed_slice_with_attrs",
    "Coherent::zeroed_with_attrs",
    "CoherentBox::from_slice",
    "CoherentBox::from_slice_with_attrs",
    "CoherentBox::init_at",
    "CoherentBox::zeroed",
    "CoherentBox::zeroed_slice",
    "CoherentBox::zeroed_slice_with_attrs",
    "CoherentBox::zeroed_with_attrs",
    "CoherentHandle::alloc",
    "CoherentHandle::alloc_with_attrs",
    "CoherentHandle::dma_address",
    "CoherentHandle::size",
    "CoherentView::as_mut",
    "CoherentView::as_ref",
    "CoherentView::as_sys_mem",
    "CoherentView::dma_address",
];

/// What a tree has of the family.
#[derive(Default)]
pub struct Family<'a> {
    /// What to take out.
    pub items: Vec<&'a Item>,
    parts: Vec<Part>,
}

/// A struct, a trait impl or a method.
struct Part {
    /// How [`EXPECTED`] calls it.
    name: String,
    line: usize,
}

/// Whether an item defines or implements one of the types.
pub fn is_family(item: &Item) -> bool {
    subject(item).is_some()
}

/// The type of the family that an item is about.
pub fn subject(item: &Item) -> Option<String> {
    let name = match item {
        Item::Struct(item) => item.ident.to_string(),
        Item::Impl(item) => type_name(&item.self_ty)?,
        _ => return None,
    };
    TYPES.contains(&name.as_str()).then_some(name)
}

fn type_name(ty: &Type) -> Option<String> {
    match ty {
        Type::Path(path) => Some(path.path.segments.last()?.ident.to_string()),
        Type::Reference(reference) => type_name(&reference.elem),
        _ => None,
    }
}

/// Everything that belongs to the family. An item that names it without belonging to it is refused.
pub fn find<'a>(items: impl Iterator<Item = &'a Item>) -> Result<Family<'a>> {
    let mut family = Family::default();
    for item in items {
        let Some(subject) = subject(item) else {
            refuse_mention(item)?;
            continue;
        };
        family.items.push(item);
        match item {
            Item::Impl(block) if block.trait_.is_none() => family.add_methods(block, &subject),
            Item::Impl(block) => family.add(describe(item), block.impl_token.span()),
            Item::Struct(definition) => family.add(describe(item), definition.ident.span()),
            _ => {}
        }
    }
    Ok(family)
}

impl Family<'_> {
    fn add(&mut self, name: String, span: Span) {
        let line = span.start().line;
        self.parts.push(Part { name, line });
    }

    fn add_methods(&mut self, block: &ItemImpl, subject: &str) {
        for part in &block.items {
            let (name, span) = match part {
                ImplItem::Fn(item) => (item.sig.ident.to_string(), item.sig.ident.span()),
                ImplItem::Const(item) => (item.ident.to_string(), item.ident.span()),
                other => (compact(other.to_token_stream()), other.span()),
            };
            self.add(format!("{subject}::{name}"), span);
        }
    }

    /// The name and the line of one member, if there is any.
    pub fn first(&self) -> Option<(String, usize)> {
        let item = self.items.first()?;
        Some((describe(item), item.span().start().line))
    }

    /// Fails unless this is just what is expected.
    pub fn check(&self) -> Result<()> {
        for (index, Part { name, line }) in self.parts.iter().enumerate() {
            if !EXPECTED.contains(&name.as_str()) {
                bail!("line {line}: unknown `{name}`; {WAY_OUT}");
            }
            if let Some(first) = self.parts[..index].iter().find(|part| part.name == *name) {
                bail!(
                    "line {line}: `{name}` is there already, in line {}; {WAY_OUT}",
                    first.line
                );
            }
        }
        for name in EXPECTED {
            if !self.parts.iter().any(|part| part.name == *name) {
                bail!("`{name}` is missing; {WAY_OUT}");
            }
        }
        Ok(())
    }

    /// How many lines of code this is.
    pub fn code_lines(&self) -> usize {
        let mut lines = BTreeSet::new();
        for item in &self.items {
            code_lines(item.to_token_stream(), &mut lines);
        }
        lines.len()
    }
}

fn refuse_mention(item: &Item) -> Result<()> {
    let mentioned = idents(item.to_token_stream())
        .into_iter()
        .find(|ident| TYPES.contains(&ident.to_string().as_str()));
    if let Some(name) = mentioned {
        bail!(
            "line {}: `{}` mentions `{name}`, and in Linux 7.3 it does not; {WAY_OUT}",
            name.span().start().line,
            describe(item)
        );
    }
    Ok(())
}

/// An item in short, without what it is made of.
fn describe(item: &Item) -> String {
    match item {
        Item::Const(item) => format!("const {}", item.ident),
        Item::Enum(item) => format!("enum {}", item.ident),
        Item::Fn(item) => format!("fn {}", item.sig.ident),
        Item::Impl(item) => {
            let of = match &item.trait_ {
                Some((path, _)) => {
                    let not = item.modifiers.polarity.map_or("", |_| "!");
                    format!("{not}{} for ", compact(path.to_token_stream()))
                }
                None => String::new(),
            };
            format!("impl {of}{}", compact(item.self_ty.to_token_stream()))
        }
        Item::Macro(item) => {
            let path = compact(item.mac.path.to_token_stream());
            let name = item.ident.as_ref().map(|name| format!(" {name}"));
            format!("{path}!{}", name.unwrap_or_default())
        }
        Item::Mod(item) => format!("mod {}", item.ident),
        Item::Static(item) => format!("static {}", item.ident),
        Item::Struct(item) => format!("struct {}", item.ident),
        Item::Trait(item) => format!("trait {}", item.ident),
        Item::Type(item) => format!("type {}", item.ident),
        Item::Union(item) => format!("union {}", item.ident),
        Item::Use(item) => format!("use {}", compact(item.tree.to_token_stream())),
        _ => "an item".to_string(),
    }
}
