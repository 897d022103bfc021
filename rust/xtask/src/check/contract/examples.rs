// SPDX-License-Identifier: GPL-2.0

//! `make messages`: what a driver author reads, with and without what the library does about it.

use crate::build::kbuild::{Kernel, Lints};
use crate::build::session::Session;
use crate::check::contract::cases::Case;
use crate::check::contract::compiler::Compiler;
use crate::check::contract::{Contract, messages, programs, variant};
use anyhow::{Context, Result, bail, ensure};
use regex::Regex;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

/// The programs whose messages the library shapes.
const SHAPED: [&str; 2] = [
    "no_mapping-the-cpu-reads-a-part",
    "kind-a-kind-of-one-s-own",
];

/// What stands for the library without `CpuMapping`: the operations of the one backend.
const BOUNDS: [(&str, &str); 2] = [
    (
        "impl<T, Kind: CpuMapping> IoCapable<T> for CoherentIoBackend<Kind>",
        "impl<T> IoCapable<T> for CoherentIoBackend",
    ),
    (
        "impl<Kind: CpuMapping> IoCopyable for CoherentIoBackend<Kind>",
        "impl IoCopyable for CoherentIoBackend",
    ),
];

/// A module with a projection beyond the end of an array.
const MODULE: &str = r#"// SPDX-License-Identifier: GPL-2.0
use kernel::{device::{Bound, Device}, dma::*, io::*, prelude::*};
module! { type: Offset, name: "offset", authors: ["nobody"], description: "an example", license: "GPL", }
struct Offset;
impl kernel::Module for Offset { fn init(_: &'static ThisModule) -> Result<Self> { Ok(Self) } }
#[no_mangle]
pub fn address(dev: &Device<Bound>) -> Result<DmaAddress> {
    let frames = Coherent::<[[u8; 4096]; 8], NoMapping>::new(dev, GFP_KERNEL)?;
    Ok(io_project!(&frames, [build: INDEX]).dma_address())
}
"#;

pub fn run(session: &Session) -> Result<ExitCode> {
    let kernel = session.debug_kernel()?;
    let contract = Contract::read(&session.workspace)?;
    let texts = shaped(session, &kernel, &contract)?;
    for (case, [before, after]) in texts {
        println!("{}\n", case.name);
        print_program(&case.forbidden);
        println!("Before:\n\n```text\n{}\n```\n", before.trim_end());
        println!("After:\n\n```text\n{}\n```\n", after.trim_end());
    }
    for (title, index) in [("Before", "8"), ("After", "At::<8>")] {
        let module = MODULE.replace("INDEX", index);
        let said = module_error(session, &kernel, &module)?;
        println!("{title}, `[build: {index}]` in a module:\n\n```text\n{said}\n```\n");
    }
    Ok(ExitCode::SUCCESS)
}

fn print_program(text: &str) {
    println!("```rust\n{text}\n```\n");
}

/// The programs, and what the compiler says without the library's help and with it.
fn shaped<'a>(
    session: &Session,
    kernel: &Kernel,
    contract: &'a Contract,
) -> Result<Vec<(&'a Case, [String; 2])>> {
    let workspace = &session.workspace;
    let name = "compiling the kernel crate without diagnostics";
    session.progress.step(name, |_| {
        let scratch = workspace.scratch("messages-")?;
        let after = Compiler::new(&kernel.build, scratch.path())?;
        let overlay = workspace.overlay();
        let (outcome, metadata) =
            variant::compile(&after, kernel, &overlay, scratch.path(), without_help)?;
        if let Some(error) = outcome.errors.first() {
            bail!("the library without diagnostics:\n{}", error.rendered);
        }
        let before = after.against(&metadata);
        SHAPED
            .iter()
            .map(|name| {
                let case = contract
                    .all()
                    .into_iter()
                    .find(|case| case.name == *name)
                    .with_context(|| format!("no program {name}"))?;
                let text = |compiler| {
                    let outcome = programs::forbidden(compiler, case)?;
                    let errors = outcome.errors.iter();
                    anyhow::Ok(errors.map(|e| messages::stable(&e.rendered)).collect())
                };
                Ok((case, [text(&before)?, text(&after)?]))
            })
            .collect()
    })
}

/// Takes out of the library at `dma` what is there for messages.
fn without_help(dma: &Path) -> Result<()> {
    let attribute = Regex::new(r"(?ms)^ *#\[diagnostic::on_unimplemented\(.*?^ *\)\]\n")?;
    let root = dma.join("coherent.rs");
    let text = fs::read_to_string(&root)?;
    ensure!(
        attribute.is_match(&text),
        "no diagnostics in {}",
        root.display()
    );
    fs::write(&root, attribute.replace_all(&text, "").as_bytes())?;
    let view = dma.join("coherent/view.rs");
    let mut text = fs::read_to_string(&view)?;
    for (with, without) in BOUNDS {
        ensure!(text.contains(with), "no `{with}` in {}", view.display());
        text = text.replace(with, without);
    }
    fs::write(&view, text)?;
    Ok(())
}

/// The error lines of kbuild for a module that must not build.
fn module_error(session: &Session, kernel: &Kernel, module: &str) -> Result<String> {
    let workspace = &session.workspace;
    session
        .progress
        .step("building a module that must not", |step| {
            let scratch = workspace.scratch("module-")?;
            let dir = scratch.path().join("offset");
            fs::create_dir(&dir)?;
            fs::write(dir.join("Kbuild"), "obj-m += offset.o\n")?;
            fs::write(dir.join("offset.rs"), module)?;
            let Err(error) = kernel.modules(workspace, step, &dir, Lints::Rustc) else {
                bail!("a projection beyond the end builds");
            };
            let text = format!("{error:#}").replace(&format!("{}/", scratch.path().display()), "");
            Ok(telling(&text))
        })
}

/// What of kbuild's output is about the error.
fn telling(said: &str) -> String {
    said.lines()
        .skip_while(|line| !line.to_lowercase().starts_with("error"))
        .take_while(|line| !line.starts_with("make"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_is_taken_from_the_log() {
        let log = "make failed; the end of a.log:\n  MODPOST Module.symvers\n\
                   ERROR: modpost: \"x\" undefined!\nmake[2]: *** Error 1\n";
        assert_eq!(telling(log), "ERROR: modpost: \"x\" undefined!");
    }

    #[test]
    fn the_library_has_what_is_taken_out() {
        let dir = tempfile::tempdir().expect("a directory");
        let dma = dir.path().join("dma");
        let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("../kernel/dma");
        variant::copy(&library, &dma).expect("copied");
        without_help(&dma).expect("taken out");
        let text = fs::read_to_string(dma.join("coherent.rs")).expect("read");
        assert!(!text.contains("on_unimplemented"));
    }
}
