// SPDX-License-Identifier: GPL-2.0

//! Questions to tokens. Documentation is a string to them, so it names nothing.

use proc_macro2::{Ident, TokenStream, TokenTree};

/// Every identifier, including those in macros.
pub fn idents(tokens: TokenStream) -> Vec<Ident> {
    walk(tokens, &|_| true)
}

/// The identifiers that an import can provide: neither a later segment of a path, nor a method or
/// field, nor a lifetime.
pub fn path_heads(tokens: TokenStream) -> Vec<Ident> {
    walk(tokens, &|before| {
        let is_range = before.ends_with("..");
        !(before.ends_with("::") || before.ends_with('\'') || before.ends_with('.') && !is_range)
    })
}

/// The identifiers for which `is` holds, given the punctuation directly before each.
fn walk(tokens: TokenStream, is: &impl Fn(&str) -> bool) -> Vec<Ident> {
    let mut found = Vec::new();
    let mut before = String::new();
    for token in tokens {
        match token {
            TokenTree::Group(group) => found.extend(walk(group.stream(), is)),
            TokenTree::Ident(ident) if is(&before) => found.push(ident),
            TokenTree::Punct(punct) => {
                before.push(punct.as_char());
                continue;
            }
            _ => {}
        }
        before.clear();
    }
    found
}

/// Tokens as a person writes them: `&'a Coherent<T>`.
pub fn compact(tokens: TokenStream) -> String {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut text = String::new();
    for word in tokens.to_string().split_whitespace() {
        let words = text.ends_with(is_word) && word.starts_with(is_word);
        if words || text.ends_with(',') {
            text.push(' ');
        }
        text.push_str(word);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_start_of_a_path_can_be_imported() {
        let tokens = "fn f<'a>(b: &'a C::D) { e.g(..H, ::i::J) }".parse();
        let heads = path_heads(tokens.expect("tokens"));
        let heads: Vec<_> = heads.iter().map(ToString::to_string).collect();
        assert_eq!(heads, ["fn", "f", "b", "C", "e", "H"]);
    }

    #[test]
    fn tokens_read_as_written() {
        for text in ["&'a Coherent<T>", "dyn a::B<C, D>", "&mut T", "f!();"] {
            assert_eq!(compact(text.parse().expect("tokens")), text);
        }
    }
}
