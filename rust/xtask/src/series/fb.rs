// SPDX-License-Identifier: GPL-2.0

//! nova-core's flush page, of a size that is known at compile time: from a handle to an array.

use anyhow::{Context, Result, bail};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Expr, ExprCall, Item, ItemStruct, ItemUse, TypePath, UseName, UseTree};

const HANDLE: &str = "CoherentHandle";
/// The name of the alias: said once in the type of the field, and once where it is allocated.
const ALIAS: &str = "FlushPage";

/// The places of the handle, as ranges of bytes.
#[derive(Default)]
struct Places<'a> {
    imports: Vec<std::ops::Range<usize>>,
    fields: Vec<std::ops::Range<usize>>,
    allocations: Vec<&'a ExprCall>,
    holder: Option<&'a ItemStruct>,
}

impl<'a> Visit<'a> for Places<'a> {
    fn visit_item_use(&mut self, item: &'a ItemUse) {
        if let Some(name) = leaf(&item.tree) {
            self.imports.push(name.span().byte_range());
        }
    }

    fn visit_item_struct(&mut self, item: &'a ItemStruct) {
        let before = self.fields.len();
        visit::visit_item_struct(self, item);
        if self.fields.len() > before {
            self.holder = Some(item);
        }
    }

    fn visit_type_path(&mut self, path: &'a TypePath) {
        if path.path.is_ident(HANDLE) {
            self.fields.push(path.span().byte_range());
        }
    }

    fn visit_expr_call(&mut self, call: &'a ExprCall) {
        if let Expr::Path(path) = &*call.func {
            let names: Vec<_> = path
                .path
                .segments
                .iter()
                .map(|s| s.ident.to_string())
                .collect();
            if names == [HANDLE, "alloc"] {
                self.allocations.push(call);
                return;
            }
        }
        visit::visit_expr_call(self, call);
    }
}

fn leaf(tree: &UseTree) -> Option<&UseName> {
    match tree {
        UseTree::Path(path) => leaf(&path.tree),
        UseTree::Name(name) if name.ident == HANDLE => Some(name),
        UseTree::Group(group) => group.items.iter().find_map(leaf),
        _ => None,
    }
}

/// The text with an alias for the type of the page in place of the handle.
pub fn convert(text: &str) -> Result<String> {
    let file = syn::parse_file(text).context("not Rust")?;
    let mut places = Places::default();
    places.visit_file(&file);
    let ([import], [field], [allocation], Some(holder)) = (
        &places.imports[..],
        &places.fields[..],
        &places.allocations[..],
        places.holder,
    ) else {
        bail!("{HANDLE} is not imported once, held in one field and allocated once");
    };
    if text.matches(HANDLE).count() != 3 {
        bail!("{HANDLE} has another use");
    }
    let Some(size) = allocation
        .args
        .get(1)
        .filter(|_| allocation.args.len() == 3)
    else {
        bail!("{HANDLE}::alloc() has other arguments");
    };
    let size = &text[size.span().byte_range()];
    let holder = file
        .items
        .iter()
        .find(|item| matches!(item, Item::Struct(found) if found.ident == holder.ident))
        .context("the page is held by no struct of the file")?;
    if text.contains(&format!(" {ALIAS}")) {
        bail!("{ALIAS} is there already");
    }

    // From the end to the start, so that what is ahead stays where it is.
    let mut text = text.to_string();
    let call = &allocation.func.span().byte_range();
    let arguments =
        allocation.args[0].span().byte_range().end..allocation.args[1].span().byte_range().end;
    text.replace_range(arguments, "");
    let alias = format!(
        "/// A page that only the GPU reaches.\ntype {ALIAS} = Coherent<[u8; {size}], NoMapping>;\n\n"
    );
    text.replace_range(call.clone(), &format!("{ALIAS}::alloc"));
    text.replace_range(field.clone(), ALIAS);
    text.insert_str(holder.span().byte_range().start, &alias);
    let names = "{\n        Coherent,\n        NoMapping, //\n    }";
    text.replace_range(import.clone(), names);
    Ok(text)
}
