// SPDX-License-Identifier: GPL-2.0

//! What is not 7.3 is refused, with the name and the line of what was met.

use super::*;
use crate::tree::graft::family;
use syn::spanned::Spanned;

/// Fails unless the text is refused with a message that says this.
fn assert_refused(text: &str, expected: &str) {
    let error = match graft_dma_rs(text, &names()) {
        Ok(_) => panic!("grafted, and not refused with: {expected}"),
        Err(error) => format!("{error:#}"),
    };
    assert!(error.contains(expected), "no {expected:?} in: {error}");
    assert!(error.contains(WAY_OUT), "no way out in: {error}");
}

/// The number (from 1) of the first line that has this in it.
fn line_of(text: &str, part: &str) -> usize {
    let index = text.lines().position(|line| line.contains(part));
    index.expect("a line") + 1
}

fn assert_unknown(added: &str, name: &str) {
    let text = format!("{}\n/// Docs.\n{added}\n", dma_rs());
    let line = line_of(&text, added);
    assert_refused(&text, &format!("line {line}: unknown `{name}`"));
}

fn assert_mentions(added: &str, item: &str, name: &str) {
    let text = format!("{}\n/// Docs.\n{added}\n", dma_rs());
    let line = line_of(&text, added);
    assert_refused(&text, &format!("line {line}: `{item}` mentions `{name}`"));
}

#[test]
fn a_renamed_item_is_named() {
    let text = dma_rs();
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
            "Drop for CoherentHandle",
            "Drop for Handle",
            "`impl Drop for CoherentHandle` is missing",
        ),
    ] {
        assert_refused(&with(&text, old, new), expected);
    }
}

#[test]
fn every_missing_item_is_named() {
    let text = dma_rs();
    let file = parse(&text).expect("Rust");
    for item in file.items.iter().filter(|item| family::is_family(item)) {
        let range = item.span().byte_range();
        let rest = text[..range.start].to_string() + &text[range.end..];
        let name = match item {
            syn::Item::Struct(item) => format!("`struct {}` is missing", item.ident),
            syn::Item::Impl(item) if item.trait_.is_none() => "::".to_string(),
            _ => "`impl ".to_string(),
        };
        assert_refused(&rest, &name);
        assert_refused(&rest, "is missing");
    }
    let method = "unsafe fn as_ref(self)";
    assert_refused(
        &with(&text, method, "unsafe fn as_mut(self)"),
        "`CoherentView::as_mut` is there",
    );
}

#[test]
fn a_duplicate_is_named_with_both_lines() {
    for (added, name) in [
        ("pub struct CoherentIoBackend;", "struct CoherentIoBackend"),
        (
            "impl Drop for CoherentHandle {}",
            "impl Drop for CoherentHandle",
        ),
    ] {
        let text = dma_rs();
        let first = line_of(&text, added.trim_end_matches(" {}"));
        let text = format!("{text}\n{added}\n");
        let last = text.lines().count();
        assert_refused(
            &text,
            &format!("line {last}: `{name}` is there already, in line {first}"),
        );
    }
    let text = dma_rs() + "\nimpl CoherentHandle {\n    fn size(&self) {}\n}\n";
    assert_refused(&text, "`CoherentHandle::size` is there already, in line");
}

#[test]
fn an_unknown_part_of_the_family_is_named() {
    assert_unknown(
        "impl<T> Default for Coherent<T> {}",
        "impl Default for Coherent<T>",
    );
    assert_unknown(
        "impl<T> Drop for &mut Coherent<T> {}",
        "impl Drop for &mut Coherent<T>",
    );
    assert_unknown(
        "impl CoherentHandle { fn peek() {} }",
        "CoherentHandle::peek",
    );
    assert_unknown(
        "impl<T> Coherent<T> { const MAX: u8 = 1; }",
        "Coherent::MAX",
    );
    assert_unknown(
        "impl<T> Coherent<T> { generate!(); }",
        "Coherent::generate!();",
    );
}

#[test]
fn an_item_that_mentions_the_family_is_named() {
    for (added, item, name) in [
        ("fn f(c: &CoherentHandle) {}", "fn f", "CoherentHandle"),
        (
            "trait T: Into<CoherentBox<u8>> {}",
            "trait T",
            "CoherentBox",
        ),
        ("type A = Coherent<u8>;", "type A", "Coherent"),
        ("type Coherent = u8;", "type Coherent", "Coherent"),
        ("enum E { A(CoherentHandle) }", "enum E", "CoherentHandle"),
        ("union U { a: CoherentHandle }", "union U", "CoherentHandle"),
        (
            "struct S(CoherentView<'static, u8>);",
            "struct S",
            "CoherentView",
        ),
        (
            "const C: CoherentIoBackend = X;",
            "const C",
            "CoherentIoBackend",
        ),
        (
            "static S: CoherentIoBackend = X;",
            "static S",
            "CoherentIoBackend",
        ),
        (
            "mod m { fn f(_: super::CoherentHandle) {} }",
            "mod m",
            "CoherentHandle",
        ),
        (
            "impl From<CoherentHandle> for u8 {}",
            "impl From<CoherentHandle> for u8",
            "CoherentHandle",
        ),
        (
            "impl Foo for Vec<CoherentHandle> {}",
            "impl Foo for Vec<CoherentHandle>",
            "CoherentHandle",
        ),
        (
            "macro_rules! m { () => { Coherent::peek() } }",
            "macro_rules! m",
            "Coherent",
        ),
        (
            "assert_size!(CoherentHandle);",
            "assert_size!",
            "CoherentHandle",
        ),
        (
            "pub use self::CoherentHandle as Old;",
            "use self::CoherentHandle as Old",
            "CoherentHandle",
        ),
    ] {
        assert_mentions(added, item, name);
    }
}

#[test]
fn half_of_a_graft_is_refused() {
    let text = dma_rs();
    let import = "pub use self::coherent::A;";
    for (added, expected) in [
        ("mod coherent;", "no `pub use` of its names"),
        (import, "which is not declared"),
        ("pub use coherent::A;", "which is not declared"),
        (
            "mod coherent;\npub use self::coherent::A;",
            "and `struct CoherentBox`",
        ),
    ] {
        let text = format!("{text}\n{added}\n");
        assert_refused(&text, "half of a graft");
        assert_refused(&text, expected);
        assert!(is_grafted(&text).is_err());
    }

    let text = graft(&text).text;
    for (added, expected) in [
        ("pub struct CoherentHandle;", "and `struct CoherentHandle`"),
        ("impl Drop for Coherent {}", "and `impl Drop for Coherent`"),
        (import, "a second time"),
        ("mod coherent;", "a second time"),
    ] {
        let text = format!("{text}\n{added}\n");
        assert_refused(&text, "half of a graft");
        assert_refused(&text, expected);
    }
    assert_refused(
        &format!("{text}\nfn f(_: Coherent) {{}}\n"),
        "`fn f` mentions",
    );
}

#[test]
fn a_graft_that_somebody_changed_is_refused() {
    let text = graft(&dma_rs()).text;
    for (new, expected) in [
        ("mod coherent;\n\nfn mine() {}", "do not directly follow"),
        ("mod coherent;\n\n// Mine.", "do not directly follow"),
        ("mod coherent {}", "not declared as a graft does it"),
        ("pub mod coherent;", "not declared as a graft does it"),
        (
            "#[cfg(CONFIG_X)]\nmod coherent;",
            "not declared as a graft does it",
        ),
    ] {
        assert_refused(&with(&text, "mod coherent;", new), expected);
    }
    for new in ["use", "pub(crate) use", "#[cfg(CONFIG_X)]\npub use"] {
        let new = format!("{new} self::coherent");
        let text = with(&text, "pub use self::coherent", &new);
        assert_refused(&text, "not declared as a graft does it");
    }
    let text = with(&text, "mod coherent;\n\n", "") + "\nmod coherent;\n";
    assert_refused(&text, "do not directly follow");
}

#[test]
fn what_cannot_be_cut_out_is_refused() {
    let text = dma_rs();
    let broken = with(
        &text,
        "pub struct CoherentIoBackend;",
        "pub struct CoherentIoBackend",
    );
    assert_refused(&broken, "not Rust");
    let line = "pub struct CoherentIoBackend;";
    for joined in [format!("{line} fn f() {{}}"), format!("fn f() {{}} {line}")] {
        assert_refused(&with(&text, line, &joined), "shares a line");
    }
    let remark = with(
        &text,
        "        Bound,\n        Core, //",
        "        Bound, // Why.\n        Core, //",
    );
    assert_refused(&remark, "has a comment in it");
    let imports_end = text.find("/// DMA address type.").expect("the body");
    let prefix = &text[..text.find("use crate").expect("imports")];
    assert_refused(
        &(prefix.to_string() + &text[imports_end..]),
        "no `use` item",
    );
}
