// SPDX-License-Identifier: GPL-2.0

//! Imports, edits and names on texts that 7.3 does not have.

use crate::tree::graft::edits::Edits;
use crate::tree::graft::imports::{self, Kept};
use crate::tree::graft::overlay::public_names;
use crate::tree::graft::tokens::compact;
use std::collections::HashSet;

fn keep(import: &str, used: &[&str]) -> Kept {
    let used = used.iter().map(|name| name.to_string()).collect();
    let item = syn::parse_str(import).expect("an import");
    imports::keep(&item, import, &used).expect("an answer")
}

fn some(text: &str) -> Kept {
    Kept::Some(text.to_string())
}

#[test]
fn an_import_keeps_what_is_used() {
    assert_eq!(keep("use a::b;", &["b"]), Kept::All);
    assert_eq!(keep("use a::b;", &["a"]), Kept::None);
    assert_eq!(keep("use a::{b, c};", &["c", "b"]), Kept::All);
    assert_eq!(keep("use a::{b, c};", &["c"]), some("use a::c;"));
    assert_eq!(keep("use a::{self, b};", &["a"]), some("use a;"));
    assert_eq!(keep("use a::{self, b};", &["b", "self"]), some("use a::b;"));
    assert_eq!(keep("use a::{b, *};", &[]), some("use a::*;"));
    assert_eq!(keep("use a::b as c;", &["b"]), Kept::None);
    assert_eq!(keep("use a::{b as c, d};", &["c"]), some("use a::b as c;"));
    assert_eq!(keep("use a::Trait as _;", &[]), Kept::All);
    assert_eq!(keep("use ::a::{b, c};", &["c"]), some("use ::a::c;"));
    assert_eq!(
        keep(
            "use a::{b::{c, d, e}, f::{g, h}, i::{j}};",
            &["c", "e", "h"]
        ),
        some("use a::{\n    b::{\n        c,\n        e, //\n    },\n    f::h, //\n};")
    );
}

#[test]
fn a_re_export_and_an_import_with_an_attribute_stay() {
    assert_eq!(keep("pub use a::b;", &[]), Kept::All);
    assert_eq!(keep("#[cfg(CONFIG_X)]\nuse a::{b, c};", &["b"]), Kept::All);
}

#[test]
fn used_is_what_the_code_names() {
    let file: syn::File =
        syn::parse_str("use a::B; pub use c::{d::E, F}; /// [`G`]\nfn h(_: I) { j!(K { l }); }")
            .expect("Rust");
    let used = imports::used(file.items.iter());
    let has = |name: &str| used.contains(name);
    assert!(
        ["a", "c", "I", "j", "K", "l"].into_iter().all(has),
        "{used:?}"
    );
    assert!(!["B", "E", "F", "G"].into_iter().any(has), "{used:?}");
    let empty: HashSet<String> = HashSet::new();
    assert_eq!(imports::used([].iter()), empty);
}

/// Lines that start with `x` are items to remove.
fn cut(text: &str) -> String {
    let mut edits = Edits::new(text);
    for (index, line) in text.lines().enumerate() {
        if line.starts_with('x') {
            edits.remove_item(index + 1, index + 1);
        }
    }
    edits.apply()
}

#[test]
fn one_blank_line_remains() {
    assert_eq!(cut("a\n\nx\n\nb\n"), "a\n\nb\n");
    assert_eq!(cut("a\n\nx\nx\n\nx\n\nb\n"), "a\n\nb\n");
    assert_eq!(cut("a\nx\n\nb\n"), "a\n\nb\n");
    assert_eq!(cut("a\n\nx\nb\n"), "a\n\nb\n");
    assert_eq!(cut("a\nx\nb\n"), "a\nb\n");
    assert_eq!(cut("a\n\nx\n"), "a\n");
    assert_eq!(cut("a\n\nx\n\nx\n"), "a\n");
    assert_eq!(cut("x\n\na\n"), "a\n");
    assert_eq!(cut("a\n\n\nb\r\n  \n"), "a\n\n\nb\r\n  \n");
}

#[test]
fn the_comments_right_above_go_too() {
    assert_eq!(cut("a\n\n// SAFETY: b\n// c\nx\n\nd\n"), "a\n\nd\n");
    assert_eq!(cut("// a\n\nx\n\nd\n"), "// a\n\nd\n");
    assert_eq!(cut("//! a\nx\n\nd\n"), "//! a\n\nd\n");
    assert_eq!(cut("// a\nx\n"), "");
}

fn wire(text: &str, line: usize, import: Option<&str>) -> String {
    let mut edits = Edits::new(text);
    edits.wire(line, line, import.map(str::to_string), "mod m;".to_string());
    edits.apply()
}

#[test]
fn the_wiring_is_a_paragraph() {
    assert_eq!(wire("a\nb\n\nc\n", 2, Some("b")), "a\nb\n\nmod m;\n\nc\n");
    assert_eq!(wire("a\nb\nc\n", 2, Some("b")), "a\nb\n\nmod m;\n\nc\n");
    assert_eq!(wire("a\nb\n\nc\n", 2, None), "a\n\nmod m;\n\nc\n");
    assert_eq!(wire("a\n\nb\n\nc\n", 3, None), "a\n\nmod m;\n\nc\n");
    assert_eq!(wire("a\nb\n", 2, Some("b")), "a\nb\n\nmod m;\n");
}

#[test]
fn what_is_public_is_offered() {
    let names = public_names(
        "pub use self::a::{self, B, C as D};\nuse e::F;\npub(crate) struct G;\npub enum H {}\n\
         pub union I { a: u8 }\npub type J = u8;\npub static K: u8 = 1;\npub mod l;\nfn m() {}\n\
         pub trait N {}\npub const O: u8 = 1;\n",
    );
    let names = names.expect("names");
    assert_eq!(names, ["a", "B", "D", "H", "I", "J", "K", "l", "N", "O"]);
}

#[test]
fn tokens_read_as_written() {
    for text in [
        "&'a Coherent<T>",
        "View<'_, T>",
        "dyn a::B<C, D>",
        "&mut T",
        "f!();",
    ] {
        assert_eq!(compact(text.parse().expect("tokens")), text);
    }
}
