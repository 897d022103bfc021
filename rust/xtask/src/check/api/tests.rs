// SPDX-License-Identifier: GPL-2.0

use super::surface::Entry;
use super::*;

/// A crate as Linux 7.3 has it, in small.
const OLD: &[&str] = &[
    "impl<T> k::KnownSize for [T]",
    "pub struct kernel::dma::Coherent<T: k::KnownSize + ?core::marker::Sized>",
    "impl<T: k::KnownSize + ?core::marker::Sized> kernel::dma::Coherent<T>",
    "pub fn kernel::dma::Coherent<T>::size(&self) -> usize in \
     impl<T: k::KnownSize + ?core::marker::Sized> kernel::dma::Coherent<T>",
    "impl<T> core::marker::Unpin for kernel::dma::Coherent<T> where T: ?core::marker::Sized",
    "impl kernel::dma::CoherentHandle",
    "pub fn kernel::dma::CoherentHandle::size(&self) -> usize in impl kernel::dma::CoherentHandle",
    "impl core::marker::Send for kernel::dma::CoherentHandle",
    "pub fn kernel::dma::CoherentView<'a, T>::as_sys_mem(self) -> kernel::io::SysMem<'a, T> in \
     impl<'a, T: ?core::marker::Sized> kernel::dma::CoherentView<'a, T>",
];

/// The same with kinds.
const WITH_KINDS: &[&str] = &[
    "impl<T> k::KnownSize for [T]",
    "impl kernel::dma::CoherentKind for kernel::dma::Normal",
    "impl kernel::dma::CoherentKind for kernel::dma::NoMapping",
    "impl core::marker::Unpin for kernel::dma::Normal",
    "pub struct kernel::dma::Coherent<T: k::KnownSize + ?core::marker::Sized, \
     Kind: kernel::dma::CoherentKind>",
    "impl<T: k::KnownSize + ?core::marker::Sized, Kind: kernel::dma::CoherentKind> \
     kernel::dma::Coherent<T, Kind>",
    "pub fn kernel::dma::Coherent<T, Kind>::size(&self) -> usize in \
     impl<T: k::KnownSize + ?core::marker::Sized, Kind: kernel::dma::CoherentKind> \
     kernel::dma::Coherent<T, Kind>",
    "impl<T, Kind> core::marker::Unpin for kernel::dma::Coherent<T, Kind> \
     where Kind: core::marker::Unpin, T: ?core::marker::Sized",
    "pub type kernel::dma::CoherentHandle = kernel::dma::Coherent<[u8], kernel::dma::NoMapping>",
    "impl<T: k::KnownSize + ?core::marker::Sized> core::marker::Send for \
     kernel::dma::Coherent<T, kernel::dma::NoMapping>",
    "pub fn kernel::dma::CoherentView<'a, T>::as_sys_mem(self) -> kernel::io::SysMem<'a, T> in \
     impl<'a, T: ?core::marker::Sized> kernel::dma::CoherentView<'a, T>",
];

fn surface(lines: &[String]) -> Surface {
    let entries: BTreeSet<_> = lines
        .iter()
        .map(|line| match line.split_once(" in impl") {
            Some((text, within)) => Entry {
                text: text.to_string(),
                within: Some(format!("impl{within}")),
            },
            None => Entry {
                text: line.clone(),
                within: None,
            },
        })
        .collect();
    Surface {
        written: entries.clone(),
        entries,
        normal_by_default: BTreeSet::from(["kernel::dma::Coherent".to_string()]),
    }
}

/// What is missing when `from` is written as `to` in the crate with kinds.
fn missing_after(from: &str, to: &str) -> Vec<String> {
    let lines: Vec<_> = WITH_KINDS
        .iter()
        .map(|line| line.replace(from, to))
        .collect();
    assert!(from.is_empty() || lines != WITH_KINDS, "{from} is nowhere");
    missing(&surface(&lines))
}

fn missing(new: &Surface) -> Vec<String> {
    let old: Vec<_> = OLD.iter().map(ToString::to_string).collect();
    compare(&surface(&old), new).missing.into_iter().collect()
}

#[test]
fn what_is_generic_over_the_kind_is_what_was_there() {
    assert_eq!(missing_after("", ""), [""; 0]);
}

#[test]
fn a_lost_method_is_missed() {
    let lost = missing_after("as_sys_mem", "as_memory");
    assert!(
        lost.len() == 1 && lost[0].contains("as_sys_mem"),
        "{lost:?}"
    );
}

#[test]
fn a_bound_more_is_missed() {
    // A method that is there for fewer types, although its own line says the same.
    let lost = missing_after(
        "impl<T: k::KnownSize + ?core",
        "impl<T: Copy + k::KnownSize + ?core",
    );
    assert!(
        lost.iter().any(|line| line.contains("Coherent<T>::size")),
        "{lost:?}"
    );
    assert!(lost.iter().any(|line| line.contains("Send")), "{lost:?}");
    // `[u8]` is not sized.
    let lost = missing_after(
        "impl<T: k::KnownSize + ?core::marker::Sized> core::marker::Send",
        "impl<T: k::KnownSize> core::marker::Send",
    );
    assert!(lost.len() == 1 && lost[0].contains("Send"), "{lost:?}");
}

#[test]
fn a_lost_bound_and_a_changed_signature_are_missed() {
    let lost = missing_after(
        "T: ?core::marker::Sized> kernel::dma::CoherentView",
        "T> kernel::dma::CoherentView",
    );
    assert!(
        lost.len() == 1 && lost[0].contains("as_sys_mem"),
        "{lost:?}"
    );
    let lost = missing_after("size(&self)", "size(self)");
    assert_eq!(lost.len(), 2, "{lost:?}");
}

#[test]
fn a_lost_auto_trait_is_missed() {
    // The kind has lost it, and with it every buffer of that kind.
    let lost = missing_after("impl core::marker::Unpin for kernel::dma::Normal", "");
    assert!(lost.len() == 1 && lost[0].contains("Unpin"), "{lost:?}");
    let lost = missing_after("core::marker::Send", "core::marker::Sync");
    assert!(lost.len() == 1 && lost[0].contains("Send"), "{lost:?}");
}

#[test]
fn a_lost_kind_default_or_alias_is_missed() {
    let lost = missing_after("impl kernel::dma::CoherentKind for kernel::dma::Normal", "");
    assert!(
        lost.iter().any(|line| line.contains("Coherent<T>::size")),
        "{lost:?}"
    );
    let lost = missing_after(
        "pub type kernel::dma::CoherentHandle",
        "pub type kernel::dma::Handle",
    );
    assert_eq!(lost.len(), 3, "{lost:?}");
    let lines: Vec<_> = WITH_KINDS.iter().map(ToString::to_string).collect();
    let mut new = surface(&lines);
    new.normal_by_default.clear();
    let lost = missing(&new);
    assert!(
        lost.iter().any(|line| line.starts_with("pub struct")),
        "{lost:?}"
    );
    assert!(
        lost.iter().any(|line| line.contains("Coherent<T>::size")),
        "{lost:?}"
    );
}

#[test]
fn the_list_is_exact() {
    let difference = |missing: &[&str], new: &[&str]| Difference {
        missing: missing.iter().map(ToString::to_string).collect(),
        new: new.iter().map(ToString::to_string).collect(),
    };
    let text = "# Page\n## Not here\n- `pub fn old()`:\n  why\n## New\n- `pub fn new()`\n";
    let list = listed::parse(text).expect("a list");
    list.judge(&difference(&["pub fn old()"], &["pub fn new()"]))
        .expect("exact");
    for found in [
        difference(&["pub fn old()", "pub fn other()"], &["pub fn new()"]),
        difference(&["pub fn old()"], &["pub fn new()", "pub fn other()"]),
        difference(&[], &["pub fn new()"]),
        difference(&["pub fn old()"], &[]),
    ] {
        list.judge(&found).expect_err("not exact");
    }
    listed::parse("## Not here\n- `pub fn old()`\n").expect_err("no reason");
    listed::parse("- `pub fn old()`: why\n").expect_err("no section");
}

#[test]
fn the_list_of_the_checkout_can_be_read() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(LIST);
    listed::parse(&fs::read_to_string(path).expect("the list")).expect("well formed");
}
