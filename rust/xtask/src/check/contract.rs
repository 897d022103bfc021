// SPDX-License-Identifier: GPL-2.0

//! What must not compile: every forbidden program and its twin, against the built kernel crate.

mod accessors;
mod assertions;
mod cases;
pub mod compiler;
mod doctests;
mod folded;
mod messages;
mod panics;
mod probes;
mod programs;
mod reach;
pub mod variant;

use crate::build::kbuild::Kernel;
use crate::build::session::Session;
use crate::host::workspace::Workspace;
use crate::verdict::report::Report;
use anyhow::{Context, Result};
use cases::{Case, Failure};
use compiler::{Compiler, Outcome};
use messages::Messages;
use rayon::prelude::*;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use walkdir::WalkDir;

/// The pages with forbidden programs, relative to the checkout.
const PAGES: &str = "kunit/compile_fail";
const MESSAGES: &str = "rust/xtask/messages";
const ASSERTIONS: &str = "kunit/contracts.rs";
const SIZES: &str = "kunit/sizes.rs";
const FOLDED: &str = "kunit/folded.rs";
const PANICS: &str = "kunit/panics.rs";

/// The contract, read from the checkout.
pub struct Contract {
    cases: Vec<Case>,
    assertions: PathBuf,
    sizes: PathBuf,
    folded: PathBuf,
    panics: PathBuf,
    static_assertions: PathBuf,
}

/// What was checked, part by part: passed, failed, skipped.
#[derive(Default)]
pub struct Verdict {
    pub report: Report,
    took: Duration,
}

impl Verdict {
    pub fn good(&self) -> bool {
        self.report.good()
    }

    fn add(&mut self, name: &'static str, results: Vec<Result<()>>) {
        let total = results.len();
        let errors = results.into_iter().filter_map(Result::err);
        let reasons: Vec<String> = errors.map(|error| format!("{error:#}")).collect();
        let counts = [total - reasons.len(), reasons.len(), 0];
        self.report.count(name, counts, reasons);
    }

    /// Adds a check that says how many things it looked at.
    fn count(&mut self, name: &'static str, result: Result<usize>) {
        match result {
            Ok(count) => self.report.count(name, [count, 0, 0], Vec::new()),
            Err(error) => self.add(name, vec![Err(error)]),
        }
    }
}

impl Contract {
    pub fn read(workspace: &Workspace) -> Result<Self> {
        let checkout = &workspace.checkout;
        let mut cases = Vec::new();
        for page in files(&checkout.join(PAGES), "md")? {
            cases.extend(cases::read(&page)?);
        }
        Ok(Self {
            cases,
            assertions: checkout.join(ASSERTIONS),
            sizes: checkout.join(SIZES),
            folded: checkout.join(FOLDED),
            panics: checkout.join(PANICS),
            static_assertions: assertions::source(workspace)?,
        })
    }

    fn all(&self) -> Vec<&Case> {
        self.cases.iter().collect()
    }

    /// Checks what the library's code decides: all programs, what is asserted, and what folds.
    pub fn check(&self, compiler: &Compiler, scratch: &Path) -> Verdict {
        self.run(compiler, scratch, None)
    }

    fn run(&self, compiler: &Compiler, scratch: &Path, messages: Option<&Messages>) -> Verdict {
        let all = self.all();
        let outcomes: Vec<Result<Outcome>> = all
            .par_iter()
            .map(|case| programs::forbidden(compiler, case))
            .collect();

        let mut verdict = Verdict::default();
        if let Some(messages) = messages {
            let mut texts = Vec::new();
            for (case, outcome) in self.cases.iter().zip(&outcomes) {
                if let (true, Ok(outcome)) = (has_message(case), outcome) {
                    texts.push(messages.check(case, outcome));
                }
            }
            let wanted = self.cases.iter().filter(|case| has_message(case));
            texts.push(messages.refuse_orphans(wanted));
            verdict.add("contract: messages", texts);
        }
        let mut tiers = [
            "contract: type errors",
            "contract: E0080",
            "contract: build_error!",
        ]
        .map(|name| (name, Vec::new()));
        for (case, outcome) in all.iter().zip(outcomes) {
            let tier = match case.failure {
                Failure::Type(_) => 0,
                Failure::Late => 1,
                Failure::BuildError => 2,
            };
            tiers[tier].1.push(outcome.map(drop));
        }
        for (name, results) in tiers {
            verdict.add(name, results);
        }
        verdict.add("contract: twins", programs::twins(compiler, &all));
        let asserted = self
            .crates(compiler, scratch)
            .and_then(|crates| assertions::check(compiler, &crates, &self.assertions));
        verdict.count("contract: static_assertions", asserted);
        let folded = folded::check(compiler, &self.folded);
        verdict.count("contract: constants fold", folded);
        let panics = panics::check(compiler, &self.panics);
        verdict.add("contract: panics", panics.unwrap_or_else(|e| vec![Err(e)]));
        verdict
    }

    /// What the assertions are compiled with.
    fn crates(&self, compiler: &Compiler, scratch: &Path) -> Result<Vec<String>> {
        assertions::compile(compiler, &self.static_assertions, scratch)
    }

    /// Checks what is about the tree and the library's text.
    fn check_tree(
        &self,
        verdict: &mut Verdict,
        compiler: &Compiler,
        upstream: &Path,
        tree: &Path,
        scratch: &Path,
    ) -> Result<()> {
        let crates = self.crates(compiler, scratch)?;
        let same = assertions::check(compiler, &crates, &self.sizes)
            .context("of the library")
            .and_then(|_| {
                assertions::check(&compiler.against(upstream), &crates, &self.sizes)
                    .context("of Linux 7.3")
            });
        verdict.count("contract: sizes, as in 7.3", same);
        let probed = probes::complete(&self.panics, tree, &tree.join("rust/kernel/dma"))?;
        verdict.add("contract: every function", probed);
        verdict.count(
            "contract: kernel's doc tests",
            doctests::check(compiler, tree, scratch),
        );
        Ok(())
    }
}

/// Whether the compiler says something that a person would read, in one message.
fn has_message(case: &Case) -> bool {
    !case.name.starts_with("adversary-")
        && case.marked.is_empty()
        && case.failure != Failure::BuildError
}

/// The files below a directory whose name ends so.
fn files(dir: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in WalkDir::new(dir).sort_by_file_name() {
        let path = entry
            .with_context(|| format!("cannot read {}", dir.display()))?
            .into_path();
        if path.extension().is_some_and(|have| have == extension) {
            files.push(path);
        }
    }
    Ok(files)
}

/// Checks the contract of a built kernel.
pub fn check(session: &Session, kernel: &Kernel, bless: bool) -> Result<Verdict> {
    let workspace = &session.workspace;
    let name = "compiling the types of Linux 7.3";
    let upstream = session.progress.step(name, |_| {
        let scratch = workspace.scratch("contract-")?;
        assertions::upstream(
            &Compiler::new(&kernel.build, scratch.path())?,
            &kernel.pristine,
        )
    })?;
    session
        .progress
        .step("checking what must not compile", |step| {
            let started = Instant::now();
            let contract = Contract::read(workspace)?;
            let scratch = workspace.scratch("contract-")?;
            let compiler = Compiler::new(&kernel.build, scratch.path())?;
            let version = compiler.version()?;
            let messages = Messages::open(&workspace.checkout.join(MESSAGES), &version, bless)?;
            let mut verdict = contract.run(&compiler, scratch.path(), messages.as_ref());
            if messages.is_none() {
                step.say(&format!(
                    "nobody has looked at the messages of rustc {version}: not compared"
                ));
                verdict
                    .report
                    .skip("contract: messages", "not those of this rustc");
            }
            contract.check_tree(
                &mut verdict,
                &compiler,
                &upstream,
                &kernel.tree,
                scratch.path(),
            )?;
            verdict.took = started.elapsed();
            Ok(verdict)
        })
}

/// `make contract` and `make bless`.
pub fn run(session: &Session, bless: bool) -> Result<Report> {
    let kernel = session.debug_kernel()?;
    let verdict = check(session, &kernel, bless)?;
    println!("in {:.1} s", verdict.took.as_secs_f64());
    Ok(verdict.report)
}
