// SPDX-License-Identifier: GPL-2.0

//! The forbidden programs, read from pages of Markdown.
//!
//! Under a heading stand the program that must not compile and its twin, in this order. In a block
//! marked `each`, every line that ends in `// here` has to be an error.

use anyhow::{Context, Result, bail, ensure};
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The code of an error in a constant.
pub const LATE: &str = "E0080";

/// What marks a line of a block with several errors.
const HERE: &str = "// here";

/// When the compiler finds out, and so how far it has to go.
#[derive(Clone, Debug, PartialEq)]
pub enum Failure {
    /// Errors of the type system, with these codes; metadata is enough.
    Type(BTreeSet<String>),
    /// An error in a constant that depends on type parameters, hence with code generation.
    Late,
    /// The program compiles, and cannot be linked.
    BuildError,
}

/// A program that must not compile, and one that differs in a line and must.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// The page and the heading, as a file name.
    pub name: String,
    pub failure: Failure,
    pub forbidden: String,
    pub twin: String,
    /// The lines, from 0, that have an error each; none if that does not matter.
    pub marked: Vec<usize>,
}

struct Block {
    info: Vec<String>,
    text: String,
}

/// The cases of the page at `path`.
pub fn read(path: &Path) -> Result<Vec<Case>> {
    let text = fs::read_to_string(path).with_context(|| format!("no {}", path.display()))?;
    let page = path.file_stem().unwrap_or_default().to_string_lossy();
    parse(&page, &text).with_context(|| path.display().to_string())
}

fn parse(page: &str, text: &str) -> Result<Vec<Case>> {
    let mut cases: Vec<Case> = Vec::new();
    let mut heading = String::new();
    let mut pending: Option<Block> = None;
    let mut block: Option<Block> = None;
    let mut in_heading = false;
    for event in Parser::new(text) {
        match event {
            Event::Start(Tag::Heading { .. }) => {
                refuse_alone(&heading, &pending)?;
                heading.clear();
                in_heading = true;
            }
            Event::End(TagEnd::Heading(_)) => in_heading = false,
            Event::Text(text) | Event::Code(text) if in_heading => heading.push_str(&text),
            Event::Start(Tag::CodeBlock(kind)) => {
                let info = match kind {
                    CodeBlockKind::Fenced(info) => info.to_string(),
                    CodeBlockKind::Indented => String::new(),
                };
                block = Some(Block {
                    info: info.split(',').map(|word| word.trim().into()).collect(),
                    text: String::new(),
                });
            }
            Event::Text(text) => {
                if let Some(block) = &mut block {
                    block.text.push_str(&text);
                }
            }
            Event::End(TagEnd::CodeBlock) => {
                let Some(block) = block.take().filter(|block| !block.is("text")) else {
                    continue;
                };
                if block.is("compile_fail") {
                    refuse_alone(&heading, &pending)?;
                    pending = Some(block);
                    continue;
                }
                let forbidden = pending
                    .take()
                    .with_context(|| format!("`{heading}`: a program that is no one's twin"))?;
                let name = format!("{page}-{}", slug(&heading));
                ensure!(
                    !cases.iter().any(|case| case.name == name),
                    "`{heading}`: a second case under one heading; name each after its mistake"
                );
                cases.push(pair(&name, &forbidden, &block).with_context(|| heading.clone())?);
            }
            _ => {}
        }
    }
    refuse_alone(&heading, &pending)?;
    Ok(cases)
}

fn refuse_alone(heading: &str, pending: &Option<Block>) -> Result<()> {
    ensure!(
        pending.is_none(),
        "`{heading}`: a `compile_fail` without a twin; after it belongs the program that differs in \
         one line and compiles"
    );
    Ok(())
}

impl Block {
    fn is(&self, word: &str) -> bool {
        self.info.iter().any(|have| have == word)
    }

    /// How a forbidden program fails.
    fn failure(&self) -> Result<Failure> {
        let mut codes: BTreeSet<String> = self.info.iter().cloned().collect();
        codes.remove("compile_fail");
        codes.remove("each");
        if codes.len() == 1 && codes.contains("build_error") {
            return Ok(Failure::BuildError);
        }
        if let Some(other) = codes.iter().find(|code| !is_code(code)) {
            bail!("`{other}` is no error code, and `build_error` stands alone");
        }
        ensure!(
            !codes.is_empty(),
            "a `compile_fail` without an error code, or `build_error`"
        );
        Ok(match codes.contains(LATE) {
            true => Failure::Late,
            false => Failure::Type(codes),
        })
    }

    /// The lines, as the compiler sees them: rustdoc's mark of hidden ones taken away.
    fn lines(&self) -> Vec<&str> {
        self.text
            .lines()
            .map(|line| match line.strip_prefix("# ") {
                Some(hidden) => hidden,
                None if line == "#" => "",
                None => line,
            })
            .collect()
    }
}

fn is_code(word: &str) -> bool {
    word.strip_prefix('E')
        .is_some_and(|digits| digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// The case that a block and its twin make.
fn pair(name: &str, forbidden: &Block, twin: &Block) -> Result<Case> {
    let failure = forbidden.failure()?;
    let (bad, good) = (forbidden.lines(), twin.lines());
    ensure!(
        bad.len() == good.len(),
        "the twin has {} lines, the forbidden program {}; they differ in one line",
        good.len(),
        bad.len()
    );
    let different = bad.iter().zip(&good).filter(|(a, b)| a != b).count();
    ensure!(
        different == 1,
        "the twin differs in {different} lines and not in one"
    );
    ensure!(
        forbidden.is("each") == twin.is("each"),
        "`each` belongs to both twins"
    );
    let marked: Vec<usize> = match forbidden.is("each") {
        true => (0..bad.len())
            .filter(|at| bad[*at].trim_end().ends_with(HERE))
            .collect(),
        false => Vec::new(),
    };
    ensure!(
        forbidden.is("each") != marked.is_empty(),
        "`each` has lines that end in `{HERE}`"
    );
    Ok(Case {
        name: name.to_string(),
        failure,
        forbidden: bad.join("\n"),
        twin: good.join("\n"),
        marked,
    })
}

fn slug(heading: &str) -> String {
    heading
        .to_lowercase()
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAIR: &str = "# One `mistake`\n\n```compile_fail,E0277\n# use a;\nbad();\n```\n\nTwin:\n\n\
                        ```\n# use a;\ngood();\n```\n";

    fn error(text: &str) -> String {
        format!("{:#}", parse("page", text).expect_err("refused"))
    }

    #[test]
    fn a_pair_is_a_case() {
        let cases = parse("page", PAIR).expect("a case");
        assert_eq!(cases.len(), 1);
        assert_eq!(cases[0].name, "page-one-mistake");
        assert_eq!(cases[0].failure, Failure::Type(["E0277".into()].into()));
        assert_eq!(cases[0].forbidden, "use a;\nbad();");
        assert_eq!(cases[0].twin, "use a;\ngood();");
    }

    #[test]
    fn a_failure_without_a_twin_is_refused() {
        let alone = PAIR.split("Twin:").next().expect("the first half");
        assert!(error(alone).contains("without a twin"));
        assert!(error(&format!("{alone}{PAIR}")).contains("without a twin"));
        assert!(error("# A\n\n```\na\n```\n").contains("no one's twin"));
    }

    #[test]
    fn a_failure_without_a_code_is_refused() {
        assert!(error(&PAIR.replace(",E0277", "")).contains("without an error code"));
        assert!(error(&PAIR.replace("E0277", "E0277,build_error")).contains("alone"));
        assert!(error(&PAIR.replace("E0277", "E277")).contains("`E277` is no error code"));
    }

    #[test]
    fn a_twin_differs_in_one_line() {
        assert!(error(&PAIR.replace("good", "bad")).contains("0 lines"));
        assert!(error(&PAIR.replace("# use a;\ngood", "# use b;\ngood")).contains("2 lines"));
        assert!(error(&PAIR.replace("good();", "good();\nmore();")).contains("has 3 lines"));
    }

    #[test]
    fn the_tiers_are_told_apart() {
        let late = parse("p", &PAIR.replace("E0277", "E0080")).expect("a case");
        assert_eq!(late[0].failure, Failure::Late);
        let linked = parse("p", &PAIR.replace("E0277", "build_error")).expect("a case");
        assert_eq!(linked[0].failure, Failure::BuildError);
    }

    #[test]
    fn each_marked_line_is_known() {
        let text = "# A\n\n```compile_fail,E0599,each\nfn bad() {\nx(); // here\ny(); // here\n}\n\
                    ```\n\n```each\nfn good() {\nx(); // here\ny(); // here\n}\n```\n";
        let cases = parse("p", text).expect("a case");
        assert_eq!(cases[0].marked, [1, 2]);
        assert!(error(&text.replace("// here", "")).contains("`each` has lines"));
        assert!(error(&text.replace("```each", "```")).contains("both twins"));
    }
}
