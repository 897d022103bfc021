// SPDX-License-Identifier: GPL-2.0

//! A program that must not compile, and its control.
//!
//! A line that ends in `//~ E0277` has to be an error with that code, and no other line may be one;
//! `//~^ E0277` is about the line above, as rustfmt moves a comment after a `{`.
//! The line after `// control: TEXT` is replaced with `TEXT` in the control, which has to compile.

use anyhow::{Context, Result, bail, ensure};
use std::collections::BTreeSet;

const ERROR: &str = "//~";
const CONTROL: &str = "// control: ";

/// The code of an error in a constant.
pub const CONSTANT: &str = "E0080";

/// How far the compiler gets before it reports the errors of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    /// Type and borrow checks; metadata is enough.
    Types,
    /// A constant that depends on type parameters is evaluated when code is generated.
    Constants,
    /// The program compiles, and its object needs a symbol that nothing defines.
    Link,
}

/// A line, from 1, and the code of an error in it.
pub type Place = (usize, String);

#[derive(Debug)]
pub struct Program {
    /// The path in the directory of programs, without `.rs`.
    pub name: String,
    pub tier: Tier,
    pub errors: BTreeSet<Place>,
    /// The text of the control.
    pub control: String,
}

impl Program {
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        let mut errors = BTreeSet::new();
        let mut control: Vec<&str> = text.lines().collect();
        let mut controls = 0;
        for (at, line) in text.lines().enumerate() {
            if let Some((_, codes)) = line.split_once(ERROR) {
                let above = codes.strip_prefix('^');
                let number = if above.is_some() { at } else { at + 1 };
                let codes = above.unwrap_or(codes).split_whitespace();
                errors.extend(codes.map(|code| (number, code.to_string())));
            }
            if let Some((_, text)) = line.split_once(CONTROL) {
                let replaced = control
                    .get_mut(at + 1)
                    .context("no line follows the control")?;
                ensure!(replaced.trim() != text, "the control is the line itself");
                *replaced = text;
                controls += 1;
            }
        }
        ensure!(
            controls == 1,
            "{controls} lines `{CONTROL}..`; the control differs in one line"
        );
        let has = |code| errors.iter().any(|(_, have)| have == code);
        let tier = match errors.len() {
            0 => bail!("no line ends in `{ERROR} CODE`"),
            1 if has("build_error") => Tier::Link,
            _ if has("build_error") => bail!("`build_error` stands alone"),
            _ if has(CONSTANT) => Tier::Constants,
            _ => Tier::Types,
        };
        Ok(Self {
            name: name.to_string(),
            tier,
            errors,
            control: control.join("\n") + "\n",
        })
    }

    /// Whether an error is marked in `line`.
    pub fn marks(&self, line: usize) -> bool {
        self.errors.iter().any(|(marked, _)| *marked == line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "use a;\n// control: good();\nbad(); //~ E0277 E0308\nalso {\n//~^ E0277\n";

    #[test]
    fn errors_and_the_control_are_read() {
        let program = Program::parse("a/b", TEXT).expect("a program");
        let places = [(3, "E0277"), (3, "E0308"), (4, "E0277")];
        assert_eq!(
            program.errors,
            places.map(|(line, code)| (line, code.to_string())).into()
        );
        assert_eq!(program.tier, Tier::Types);
        assert_eq!(
            program.control,
            "use a;\n// control: good();\ngood();\nalso {\n//~^ E0277\n"
        );
        let tier = |code| {
            let text = TEXT.replace("E0277 E0308", code);
            Program::parse("a", &text.replace("//~^ E0277\n", "")).map(|p| p.tier)
        };
        assert_eq!(tier("E0080").expect("a program"), Tier::Constants);
        assert_eq!(tier("build_error").expect("a program"), Tier::Link);
        tier("build_error E0277").expect_err("alone");
    }

    #[test]
    fn what_cannot_fail_is_refused() {
        for text in [
            TEXT.replace("// control: ", "// "),
            TEXT.replace("good();", "bad(); //~ E0277 E0308"),
            format!("{TEXT}// control: more();\n"),
            format!("{TEXT}// control: more();\nless();\n"),
            TEXT.replace("//~", "//"),
        ] {
            Program::parse("a", &text).expect_err(&text);
        }
    }
}
