// SPDX-License-Identifier: GPL-2.0

//! What can be read off tokens. Documentation is a string to them, and so names nothing.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use std::collections::BTreeSet;

/// Every identifier, those in macros included.
pub fn idents(tokens: TokenStream) -> Vec<Ident> {
    let mut found = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Group(group) => found.extend(idents(group.stream())),
            TokenTree::Ident(ident) => found.push(ident),
            _ => {}
        }
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

/// The lines that have a token other than documentation.
pub fn code_lines(tokens: TokenStream, lines: &mut BTreeSet<usize>) {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        if is_punct(&token, '#') {
            let mut after = tokens.clone();
            // What is inside of the item that it is about has one: `//!`.
            after.next_if(|next| is_punct(next, '!'));
            if after.next_if(is_doc).is_some() {
                tokens = after;
                continue;
            }
        }
        match token {
            TokenTree::Group(group) => {
                lines.insert(group.span_open().start().line);
                code_lines(group.stream(), lines);
                lines.insert(group.span_close().end().line);
            }
            token => lines.extend(token.span().start().line..=token.span().end().line),
        }
    }
}

fn is_punct(token: &TokenTree, what: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == what)
}

fn is_doc(token: &TokenTree) -> bool {
    let TokenTree::Group(group) = token else {
        return false;
    };
    let first = group.stream().into_iter().next();
    group.delimiter() == Delimiter::Bracket
        && matches!(first, Some(TokenTree::Ident(ident)) if ident == "doc")
}
