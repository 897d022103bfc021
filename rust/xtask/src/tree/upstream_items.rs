// SPDX-License-Identifier: GPL-2.0

//! The items of Linux 7.3's `dma.rs` that the library replaces.

use super::tokens::{compact, idents};
use anyhow::{Result, bail};
use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use std::collections::BTreeMap;
use syn::spanned::Spanned;
use syn::{ImplItem, Item, Type};

const TYPES: [&str; 5] = [
    "Coherent",
    "CoherentBox",
    "CoherentHandle",
    "CoherentIoBackend",
    "CoherentView",
];

/// Every struct, trait impl and method of these types in 7.3. How many `impl` blocks hold the methods
/// does not matter.
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

/// Whether an item defines or implements one of the types.
pub fn is_upstream_item(item: &Item) -> bool {
    subject(item).is_some()
}

/// The type that an item defines or implements.
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

/// Fails unless a file has exactly the items of Linux 7.3, and mentions their types nowhere else.
pub fn check(items: &[Item]) -> Result<()> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for item in items {
        for (name, line) in parts(item)? {
            if !EXPECTED.contains(&name.as_str()) {
                bail!("line {line}: unknown `{name}`");
            }
            if let Some(first) = seen.insert(name.clone(), line) {
                bail!("line {line}: `{name}` is in line {first} already");
            }
        }
    }
    match EXPECTED.iter().find(|name| !seen.contains_key(**name)) {
        Some(name) => bail!("`{name}` is missing"),
        None => Ok(()),
    }
}

/// The structs, trait impls and methods in an item, as [`EXPECTED`] names them, with their lines.
fn parts(item: &Item) -> Result<Vec<(String, usize)>> {
    let Some(subject) = subject(item) else {
        refuse_mention(item)?;
        return Ok(Vec::new());
    };
    let line = |span: Span| span.start().line;
    let methods = match item {
        Item::Impl(block) if block.trait_.is_none() => block.items.iter(),
        Item::Impl(block) => return Ok(vec![(describe(item), line(block.impl_token.span()))]),
        _ => return Ok(vec![(describe(item), item_line(item))]),
    };
    let named = methods.map(|part| match part {
        ImplItem::Fn(method) => (method.sig.ident.to_string(), line(method.sig.ident.span())),
        other => (summary(other.to_token_stream()), line(other.span())),
    });
    Ok(named
        .map(|(name, line)| (format!("{subject}::{name}"), line))
        .collect())
}

fn item_line(item: &Item) -> usize {
    match item {
        Item::Struct(item) => item.ident.span().start().line,
        item => item.span().start().line,
    }
}

fn refuse_mention(item: &Item) -> Result<()> {
    let mut idents = idents(item.to_token_stream()).into_iter();
    let mentioned = idents.find(|ident| TYPES.contains(&ident.to_string().as_str()));
    if let Some(name) = mentioned {
        bail!(
            "line {}: `{}` mentions `{name}`, unlike Linux 7.3",
            name.span().start().line,
            describe(item)
        );
    }
    Ok(())
}

/// An item without its attributes, visibility, generics and body.
fn describe(item: &Item) -> String {
    let Item::Impl(item) = item else {
        return summary(item.to_token_stream());
    };
    let of = match &item.trait_ {
        Some((path, _)) => {
            let not = item.modifiers.polarity.map_or("", |_| "!");
            format!("{not}{} for ", compact(path.to_token_stream()))
        }
        None => String::new(),
    };
    format!("impl {of}{}", compact(item.self_ty.to_token_stream()))
}

/// A keyword and a name, such as `fn f`, or the name of a macro.
fn summary(tokens: TokenStream) -> String {
    let words = tokens.into_iter().filter_map(|token| match token {
        TokenTree::Ident(ident) if ident != "pub" && ident != "unsafe" => Some(ident.to_string()),
        _ => None,
    });
    words.take(2).collect::<Vec<_>>().join(" ")
}
