// SPDX-License-Identifier: GPL-2.0

//! What a graft makes of `dma.rs`.

use super::*;
use crate::tree::graft::family;
use proc_macro2::Span;
use syn::Item;
use syn::spanned::Spanned;

const WIRING: &str = "mod coherent;\n\npub use self::coherent::{\n    all,\n    Coherent,\n    Kind,\n    \
                      MAX, //\n};";

fn span(item: &Item) -> Span {
    item.span()
}

/// The items that are to stay, each with the text before it; by another way than the graft's.
fn body(text: &str) -> String {
    let file = parse(text).expect("Rust");
    let mut body = String::new();
    let mut end = 0;
    let mut is_gap_whole = true;
    for item in &file.items {
        let range = span(item).byte_range();
        if family::is_family(item) {
            is_gap_whole = false;
        } else if !matches!(item, Item::Use(_)) {
            let gap = &text[end..range.start];
            if is_gap_whole {
                body.push_str(gap);
            } else {
                // A comment right above the item is the item's.
                body.push_str("\n\n");
                body.push_str(gap.rsplit("\n\n").next().expect("a part"));
            }
            body.push_str(&text[range.clone()]);
            is_gap_whole = true;
        }
        end = range.end;
    }
    if is_gap_whole {
        body.push_str(&text[end..]);
    } else {
        body.push('\n');
    }
    body
}

fn assert_grafted(old: &str) {
    let Grafted { text, .. } = graft(old);
    let file = parse(&text).expect("Rust");
    assert!(!file.items.iter().any(family::is_family), "the family");
    let (imports, rest) = text.split_once(WIRING).expect("the wiring");
    let expected = body(old);
    let mut lines = rest.lines().zip(expected.lines());
    let different = lines.find(|(new, old)| new != old);
    assert!(rest == expected, "the rest, from {different:?}");
    let head = &old[..old.find("use ").expect("imports")];
    assert!(imports.starts_with(head), "the head of the file");
    assert!(imports.ends_with(";\n\n"), "a blank line before the module");
    assert_eq!(graft(&text).text, text, "the second time");
}

#[test]
fn the_family_goes_and_the_rest_is_kept_byte_for_byte() {
    assert_grafted(&dma_rs());
}

#[test]
fn items_may_stand_in_any_order() {
    let text = dma_rs();
    let file = parse(&text).expect("Rust");
    let is_use = |item: &&Item| matches!(item, Item::Use(_));
    let imports = file.items.iter().filter(is_use);
    let head_end = imports.clone().next_back().expect("imports");
    let mut end = span(head_end).byte_range().end;
    let head = &text[..end];
    // Each with what is above it, such as its `// SAFETY:`.
    let mut items = Vec::new();
    for item in file.items.iter().filter(|item| !is_use(item)) {
        let range = span(item).byte_range();
        items.push(text[end..range.end].trim());
        end = range.end;
    }
    for by in 0..items.len() {
        items.rotate_left(1);
        if by % 7 == 0 {
            assert_grafted(&format!("{head}\n\n{}\n", items.join("\n\n")));
        }
    }
    items.reverse();
    assert_grafted(&format!("{head}\n\n{}\n", items.join("\n\n")));
}

#[test]
fn imports_that_nothing_uses_are_gone() {
    let text = graft(&dma_rs()).text;
    let (imports, _) = text.split_once(WIRING).expect("the wiring");
    let (_, imports) = imports.split_once("\n\nuse ").expect("imports");
    assert_eq!(
        imports,
        "crate::{\n    bindings,\n    device::{\n        self,\n        Core, //\n    },\n    \
         error::to_result,\n    prelude::*, //\n};\n\n"
    );
}

#[test]
fn an_import_that_something_else_uses_stays() {
    let text = dma_rs() + "\nfn helper(_: NonNull<u8>, _: FromBytes) {}\n";
    let text = graft(&text).text;
    assert!(text.contains("\n    prelude::*,\n    transmute::FromBytes, //\n};\n"));
    assert!(text.contains("\nuse core::ptr::NonNull;\n\nmod coherent;\n"));
}

#[test]
fn every_import_is_cleaned() {
    let old = "\nuse crate::{\n    bindings,";
    let added = "\nuse core::fmt;\nuse core::{\n    cmp,\n    mem, //\n};";
    let text = with(&dma_rs(), old, &format!("{added}{old}")) + "\nfn f() { mem::drop(1); }\n";
    let text = graft(&text).text;
    assert!(
        text.contains("\n\nuse core::mem;\nuse crate::{\n    bindings,"),
        "{text}"
    );
}

#[test]
fn the_result_is_formatted() {
    let library = small_library();
    for overlay in [library.path(), &real_library()] {
        let tree = small_tree();
        graft_tree(tree.path(), overlay).expect("a graft");
        assert_formatted(&tree.path().join(DMA_RS));
    }
}

#[test]
fn other_names_replace_the_old_ones() {
    let old = graft(&dma_rs()).text;
    let names = ["B".to_string(), "A".to_string(), "B".to_string()];
    let Grafted { text, removed } = graft_dma_rs(&old, &names).expect("a graft");
    let new = "mod coherent;\n\npub use self::coherent::{\n    A,\n    B, //\n};";
    assert_eq!(text, with(&old, WIRING, new));
    assert_eq!(removed, 0);
}

#[test]
fn the_lines_of_code_that_go_are_counted() {
    // There are no block comments, and no code beside a comment at the start of a line.
    let code = |text: &str| {
        let lines = text.lines().map(str::trim);
        lines
            .filter(|line| !line.is_empty() && !line.starts_with("//"))
            .count()
    };
    let text = dma_rs();
    let file = parse(&text).expect("Rust");
    let family = file.items.iter().filter(|item| family::is_family(item));
    let expected: usize = family
        .map(|item| code(&text[span(item).byte_range()]))
        .sum();
    assert_eq!(graft(&text).removed, expected);
    assert!(expected > 400, "{expected}");
}

#[test]
fn a_grafted_text_is_known() {
    assert!(!is_grafted(&dma_rs()).expect("an answer"));
    assert!(is_grafted(&graft(&dma_rs()).text).expect("an answer"));
}
