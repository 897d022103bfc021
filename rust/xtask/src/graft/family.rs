// SPDX-License-Identifier: GPL-2.0

//! The items of Linux 7.3 that the library replaces.

use super::WAY_OUT;
use anyhow::{Result, bail};
use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::{Attribute, ImplItem, Item, Type};

const TYPES: [&str; 5] = [
    "Coherent",
    "CoherentBox",
    "CoherentHandle",
    "CoherentIoBackend",
    "CoherentView",
];

/// All that 7.3 has of the family, each once.
const EXPECTED: &[&str] = &[
    "struct Coherent",
    "struct CoherentBox",
    "struct CoherentHandle",
    "struct CoherentIoBackend",
    "struct CoherentView",
    "impl BinaryWriter for Coherent",
    "impl Drop for Coherent",
    "impl From for Coherent",
    "impl IoBase for &Coherent",
    "impl Send for Coherent",
    "impl Sync for Coherent",
    "impl Deref for CoherentBox",
    "impl DerefMut for CoherentBox",
    "impl Drop for CoherentHandle",
    "impl Send for CoherentHandle",
    "impl Sync for CoherentHandle",
    "impl IoBackend for CoherentIoBackend",
    "impl IoCapable for CoherentIoBackend",
    "impl IoCopyable for CoherentIoBackend",
    "impl Clone for CoherentView",
    "impl Copy for CoherentView",
    "impl IoBase for CoherentView",
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

/// A part of the family that was found in a tree.
pub struct Found<'a> {
    /// How [`EXPECTED`] calls it.
    pub key: String,
    pub line: usize,
    /// The item, unless this is a part of one.
    pub whole: Option<&'a Item>,
}

/// Whether an item defines or implements one of the types.
pub fn is_family(item: &Item) -> bool {
    subject(item).is_some()
}

/// The type of the family that an item is about, as the keys call it.
fn subject(item: &Item) -> Option<String> {
    let name = match item {
        Item::Struct(item) => item.ident.to_string(),
        Item::Impl(item) => type_name(&item.self_ty)?,
        _ => return None,
    };
    TYPES
        .contains(&name.trim_start_matches('&'))
        .then_some(name)
}

fn type_name(ty: &Type) -> Option<String> {
    match ty {
        Type::Path(path) => Some(path.path.segments.last()?.ident.to_string()),
        Type::Reference(reference) => Some(format!("&{}", type_name(&reference.elem)?)),
        _ => None,
    }
}

/// Everything in the file that belongs to the family. An item that mentions it without belonging to
/// it is refused.
pub fn find(file: &syn::File) -> Result<Vec<Found<'_>>> {
    let mut found = Vec::new();
    for item in &file.items {
        let line = item.span().start().line;
        let Some(subject) = subject(item) else {
            refuse_mention(item, line)?;
            continue;
        };
        let mut whole = |key| {
            found.push(Found {
                key,
                line,
                whole: Some(item),
            })
        };
        match item {
            Item::Impl(block) => match &block.trait_ {
                Some((_, path, _)) => {
                    let name = path.segments.last().map(|s| s.ident.to_string());
                    whole(format!("impl {} for {subject}", name.unwrap_or_default()));
                }
                None => {
                    whole(format!("impl {subject}"));
                    for part in &block.items {
                        let name = match part {
                            ImplItem::Fn(function) => function.sig.ident.to_string(),
                            ImplItem::Const(constant) => constant.ident.to_string(),
                            other => other.to_token_stream().to_string(),
                        };
                        found.push(Found {
                            key: format!("{subject}::{name}"),
                            line: part.span().start().line,
                            whole: None,
                        });
                    }
                }
            },
            _ => whole(format!("struct {subject}")),
        }
    }
    Ok(found)
}

/// Fails unless what was found is just what is expected.
pub fn check(found: &[Found<'_>]) -> Result<()> {
    // How many blocks the methods are spread over does not matter.
    let is_block = |key: &str| TYPES.iter().any(|ty| key == format!("impl {ty}"));
    for (index, item) in found.iter().enumerate() {
        if is_block(&item.key) {
            continue;
        }
        if !EXPECTED.contains(&item.key.as_str()) {
            bail!("line {}: unknown `{}`; {WAY_OUT}", item.line, item.key);
        }
        if let Some(first) = found[..index].iter().find(|other| other.key == item.key) {
            bail!(
                "line {}: `{}` is there already, in line {}; {WAY_OUT}",
                item.line,
                item.key,
                first.line
            );
        }
    }
    for key in EXPECTED {
        if !found.iter().any(|item| item.key == *key) {
            bail!("`{key}` is missing; {WAY_OUT}");
        }
    }
    Ok(())
}

fn refuse_mention(item: &Item, line: usize) -> Result<()> {
    if matches!(item, Item::Use(_)) {
        return Ok(());
    }
    if let Some(name) = mentioned(item.to_token_stream()) {
        let code: String = without_docs(item).chars().take(60).collect();
        bail!("line {line}: an unknown item mentions `{name}`: `{code}`; {WAY_OUT}");
    }
    Ok(())
}

/// The first of the types that the tokens name. Documentation is text and does not count.
fn mentioned(tokens: TokenStream) -> Option<String> {
    tokens.into_iter().find_map(|token| match token {
        TokenTree::Group(group) => mentioned(group.stream()),
        TokenTree::Ident(ident) => {
            let name = ident.to_string();
            TYPES.contains(&name.as_str()).then_some(name)
        }
        _ => None,
    })
}

fn without_docs(item: &Item) -> String {
    let text = item.to_token_stream().to_string();
    let docs: usize = match item {
        Item::Fn(item) => docs_len(&item.attrs),
        Item::Impl(item) => docs_len(&item.attrs),
        Item::Trait(item) => docs_len(&item.attrs),
        Item::Type(item) => docs_len(&item.attrs),
        _ => 0,
    };
    text.chars().skip(docs).collect()
}

fn docs_len(attributes: &[Attribute]) -> usize {
    attributes
        .iter()
        .map(|attribute| attribute.to_token_stream().to_string().chars().count() + 1)
        .sum()
}
