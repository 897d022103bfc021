// SPDX-License-Identifier: GPL-2.0

//! On the real text of 7.3, which is read from a pristine tree and never kept here.

use super::*;
use crate::tree::testing::{assert_formatted, pristine_text, with};
use std::collections::BTreeSet;
use syn::spanned::Spanned;

fn dma_rs() -> String {
    pristine_text(DMA_RS)
}

/// The number (from 1) of the first line that contains this.
fn line_of(text: &str, part: &str) -> usize {
    let index = text.lines().position(|line| line.contains(part));
    index.expect("a line") + 1
}

/// Every item that is no `use` item, as written, with the comments above it; found by byte ranges
/// and not by lines.
fn items(text: &str) -> BTreeSet<String> {
    let file = parse(text).expect("Rust");
    let mut end = 0;
    let mut items = BTreeSet::new();
    for item in &file.items {
        let range = item.span().byte_range();
        let gap = &text[end..range.start];
        let above = gap.rsplit("\n\n").next().unwrap_or_default().trim_start();
        if !matches!(item, Item::Use(_)) {
            items.insert(format!("{above}{}", &text[range.clone()]));
        }
        end = range.end;
    }
    items
}

#[test]
fn each_item_is_moved_byte_for_byte() {
    let old = dma_rs();
    let files = split(&old).expect("a move");
    let mut new = BTreeSet::new();
    for (path, text) in &files {
        assert_formatted(path, text);
        for item in items(text) {
            assert!(new.insert(item.clone()), "{path}: twice: {item}");
        }
    }
    new.retain(|item| !(item.starts_with("mod ") && item.ends_with(';')));
    assert_eq!(new, items(&old));

    let dma_rs = &files[DMA_RS];
    let rest =
        |text: &str| text[text.find("/// DMA address type.").expect("an item")..].to_string();
    let end = old.find("/// CPU-owned DMA allocation").expect("the types");
    assert_eq!(
        rest(dma_rs),
        rest(&old[..end]).trim_end().to_string() + "\n"
    );
    assert!(files[ROOT].contains("\npub struct Coherent<T"));
    assert!(files["rust/kernel/dma/coherent/handle.rs"].contains("\npub struct CoherentHandle {"));
}

#[test]
fn items_may_be_in_any_order() {
    let old = dma_rs();
    let expected = split(&old).expect("a move");
    let (head, _) = old.split_once("/// DMA address type.").expect("imports");
    let reversed: Vec<_> = items(&old).into_iter().rev().collect();
    let files = split(&format!("{head}{}\n", reversed.join("\n\n"))).expect("a move");
    for (path, text) in &files {
        assert_eq!(items(text), items(&expected[path]), "{path}");
    }
}

#[test]
fn an_import_that_something_else_uses_stays() {
    let text = dma_rs() + "\nfn helper(_: NonNull<u8>, _: FromBytes) {}\n";
    let text = &split(&text).expect("a move")[DMA_RS];
    assert!(text.contains("\n    prelude::*,\n    transmute::FromBytes, //\n};\n"));
    assert!(text.contains("\nuse core::ptr::NonNull;\n\nmod coherent;\n"));
}

/// Fails unless the text is refused with a message that contains this.
fn assert_refused(text: &str, expected: &str) {
    let error = match split(text) {
        Ok(_) => panic!("not refused with: {expected}"),
        Err(error) => format!("{error:#}"),
    };
    assert!(error.contains(expected), "no {expected:?} in: {error}");
}

#[test]
fn a_renamed_item_is_named() {
    for (old, new, expected) in [
        (
            "pub struct CoherentHandle {",
            "pub struct CoherentGrip {",
            "`struct CoherentHandle` is missing",
        ),
        (
            "pub fn as_sys_mem(",
            "pub fn as_memory(",
            "unknown `CoherentView::as_memory`",
        ),
        (
            "From<CoherentBox<T>> for Coherent<T>",
            "From<Vec<T>> for Coherent<T>",
            "unknown `impl From<Vec<T>> for Coherent<T>`",
        ),
        (
            "IoBase<'a> for &'a Coherent<T>",
            "IoBase<'a> for Coherent<T>",
            "unknown `impl IoBase<'a> for Coherent<T>`",
        ),
        (
            "unsafe impl Send for CoherentHandle",
            "impl !Send for CoherentHandle",
            "unknown `impl !Send for CoherentHandle`",
        ),
        (
            "unsafe fn as_ref(self)",
            "unsafe fn as_mut(self)",
            "`CoherentView::as_mut` is in line",
        ),
    ] {
        assert_refused(&with(&dma_rs(), old, new), expected);
    }
}

#[test]
fn every_missing_item_is_noticed() {
    let text = dma_rs();
    let file = parse(&text).expect("Rust");
    let items = file.items.iter();
    for item in items.filter(|item| upstream_items::is_upstream_item(item)) {
        let range = item.span().byte_range();
        assert_refused(
            &format!("{}{}", &text[..range.start], &text[range.end..]),
            "is missing",
        );
    }
}

#[test]
fn what_7_3_does_not_have_is_named_with_its_line() {
    for (added, expected) in [
        (
            "impl<T> Default for Coherent<T> {}",
            "unknown `impl Default for Coherent<T>`",
        ),
        (
            "impl<T> Drop for &mut Coherent<T> {}",
            "unknown `impl Drop for &mut Coherent<T>`",
        ),
        (
            "impl CoherentHandle { fn peek() {} }",
            "unknown `CoherentHandle::peek`",
        ),
        (
            "impl<T> Coherent<T> { const MAX: u8 = 1; }",
            "unknown `Coherent::const MAX`",
        ),
        (
            "impl<T> Coherent<T> { generate!(); }",
            "unknown `Coherent::generate`",
        ),
        (
            "fn f(c: &CoherentHandle) {}",
            "`fn f` mentions `CoherentHandle`",
        ),
        (
            "trait T: Into<CoherentBox<u8>> {}",
            "`trait T` mentions `CoherentBox`",
        ),
        (
            "impl T for Vec<CoherentHandle> {}",
            "`impl T for Vec<CoherentHandle>` mentions",
        ),
        ("make!(Coherent);", "`make` mentions `Coherent`"),
        (
            "macro_rules! m { () => { Coherent } }",
            "`macro_rules m` mentions `Coherent`",
        ),
        (
            "pub type Page = Coherent<u8>;",
            "`type Page` mentions `Coherent`",
        ),
        ("use a::CoherentView;", "mentions `CoherentView`"),
        (
            "impl Drop for CoherentHandle {}",
            "`impl Drop for CoherentHandle` is in line",
        ),
        ("mod coherent;", "the tree has the library already"),
    ] {
        let text = format!("{}\n/// Docs.\n{added}\n", dma_rs());
        let line = line_of(&text, &format!("\n{added}")[1..]).max(text.lines().count());
        assert_refused(&text, expected);
        if !added.starts_with("mod") {
            assert_refused(&text, &format!("line {line}: "));
        }
    }
    assert_refused("fn f( {}\n", "line 1: not Rust");
    assert_refused(
        &format!("{}fn f() {{}} fn g() {{}}\n", dma_rs()),
        "shares a line",
    );
}
