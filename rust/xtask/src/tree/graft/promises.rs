// SPDX-License-Identifier: GPL-2.0

//! What the documentation of one file says of the items of another, which may not be there yet.

use super::overlay::public_names;
use anyhow::Result;
use syn::{ImplItem, Item, Visibility};

/// The public functions and types of a file.
pub fn names(text: &str) -> Result<Vec<String>> {
    // A file may have functions only.
    let mut names = public_names(text).unwrap_or_default();
    for item in syn::parse_file(text)?.items {
        let Item::Impl(block) = item else { continue };
        names.extend(block.items.iter().filter_map(|item| match item {
            ImplItem::Fn(function) if matches!(function.vis, Visibility::Public(_)) => {
                Some(function.sig.ident.to_string())
            }
            _ => None,
        }));
    }
    Ok(names)
}

/// Takes out the paragraphs of doc comments that link to one of `names`.
pub fn without(text: &str, names: &[String]) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        if !is_doc(line) {
            kept.push(line);
            continue;
        }
        let mut comment = vec![line];
        while let Some(line) = lines.next_if(|line| is_doc(line)) {
            comment.push(line);
        }
        kept.extend(without_paragraphs(&comment, names));
    }
    kept.concat()
}

fn is_doc(line: &str) -> bool {
    line.trim_start().starts_with("///")
}

fn without_paragraphs<'a>(comment: &[&'a str], names: &[String]) -> Vec<&'a str> {
    let is_blank = |line: &&str| line.trim() == "///";
    let mut kept = Vec::new();
    let mut blank = None;
    for part in comment.split_inclusive(is_blank) {
        let (paragraph, end) = match part.split_last() {
            Some((last, rest)) if is_blank(last) => (rest, Some(*last)),
            _ => (part, None),
        };
        let lines: Vec<&str> = if paragraph.iter().all(|line| is_definition(line)) {
            let told = |line: &&&str| !names.iter().any(|name| links(line, name));
            paragraph.iter().filter(told).copied().collect()
        } else if names.iter().any(|name| links(&paragraph.concat(), name)) {
            Vec::new()
        } else {
            paragraph.to_vec()
        };
        if !lines.is_empty() || paragraph.is_empty() {
            kept.extend(blank);
            kept.extend(lines);
            blank = None;
        }
        blank = blank.or(end);
    }
    // What follows the last paragraph is code, if the comment does not end with a blank line.
    kept.extend(blank.filter(|_| comment.last().is_some_and(is_blank)));
    kept
}

/// Whether a line says where a link leads, and nothing else.
fn is_definition(line: &str) -> bool {
    let line = line.trim_start().trim_start_matches("/// ");
    line.starts_with('[') && line.contains("]: ")
}

fn links(text: &str, name: &str) -> bool {
    let text = text.trim_end();
    ["`]", ")"].iter().any(|end| {
        ["`", "::"]
            .iter()
            .any(|start| text.contains(&format!("{start}{name}{end}")))
    }) || text.ends_with(&format!("::{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
/// One.
///
/// It is like [`Self::later`], which
/// comes later.
///
/// - A point.
///
/// [`Kind::later`]: crate::Kind::later
/// [`Kind::now`]: crate::Kind::now
fn f() {}

    /// Two.
    ///
    /// See [what](crate::Later).
    ///
    /// [`Kind::later`]: crate::Kind::later
    fn g() {}
";

    #[test]
    fn names_are_those_of_functions_and_types() {
        let text = "pub struct Later;\nimpl Kind {\n    pub fn later() {}\n    fn own() {}\n}\n";
        assert_eq!(names(text).expect("names"), ["Later", "later"]);
        assert_eq!(names("fn f() {}").expect("none"), [""; 0]);
    }

    #[test]
    fn only_what_links_there_goes() {
        let expected = "\
/// One.
///
/// - A point.
///
/// [`Kind::now`]: crate::Kind::now
fn f() {}

    /// Two.
    fn g() {}
";
        let names = ["Later".to_string(), "later".to_string()];
        assert_eq!(without(TEXT, &names), expected);
        assert_eq!(without(TEXT, &["late".to_string()]), TEXT);
        assert_eq!(without(TEXT, &[]), TEXT);
    }
}
