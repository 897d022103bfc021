// SPDX-License-Identifier: GPL-2.0

//! rustc with kbuild's flags, for programs that use the kernel crate.

use crate::build::kbuild_cmd::KbuildCommand;
use crate::host::process;
use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The function that a failed `build_assert!` calls. Nothing defines it.
const BUILD_ERROR: &str = "rust_build_error";

/// How far to compile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Emit {
    Metadata,
    Object,
}

impl Emit {
    fn name(self) -> &'static str {
        match self {
            Self::Metadata => "metadata",
            Self::Object => "obj",
        }
    }
}

/// The result of a compilation.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    pub errors: Vec<Error>,
    /// Whether the object needs `rust_build_error`.
    pub build_error: bool,
}

impl Outcome {
    pub fn rendered(&self) -> String {
        self.errors.iter().map(|e| e.rendered.as_str()).collect()
    }

    /// Fails with the first error.
    pub fn success(&self, what: &Path) -> Result<()> {
        match self.errors.first() {
            Some(error) => bail!("{}\n{}", what.display(), error.rendered),
            None => Ok(()),
        }
    }
}

#[derive(Clone, Debug)]
pub struct Error {
    pub code: String,
    pub rendered: String,
}

impl Error {
    /// The first line of `file`, from 1, that the message names.
    pub fn line_in(&self, file: &str) -> Option<usize> {
        let arrow = format!("--> {file}:");
        let mut lines = self.rendered.lines();
        let place = lines.find_map(|line| line.trim_start().strip_prefix(&arrow))?;
        place.split(':').next()?.parse().ok()
    }
}

/// The messages, each after a line break.
pub fn texts(errors: &[Error]) -> String {
    let text = errors.iter().map(|error| format!("\n{}", error.rendered));
    text.collect()
}

#[derive(Deserialize)]
struct Message {
    level: String,
    message: String,
    code: Option<Code>,
    rendered: Option<String>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

/// Compiles programs against a kernel crate.
#[derive(Clone, Debug)]
pub struct Compiler {
    build: PathBuf,
    /// kbuild's flags, without those for the kernel crate alone.
    flags: Vec<String>,
    kernel: PathBuf,
    scratch: PathBuf,
}

impl Compiler {
    /// For the kernel built in `build`; products go to `scratch`.
    pub fn new(build: &Path, scratch: &Path) -> Result<Self> {
        let flags = KbuildCommand::read(build)?.for_another_crate().arguments;
        Ok(Self {
            build: build.to_path_buf(),
            flags,
            kernel: build.join("rust/libkernel.rmeta"),
            scratch: scratch.to_path_buf(),
        })
    }

    /// The same, against another kernel crate.
    pub fn against(&self, kernel: &Path) -> Self {
        Self {
            kernel: kernel.to_path_buf(),
            ..self.clone()
        }
    }

    /// The version of rustc, as in `1.95`.
    pub fn version(&self) -> Result<String> {
        let text = process::output(Command::new("rustc").arg("-V"))?;
        text.split_whitespace()
            .nth(1)
            .and_then(|version| version.rsplit_once('.'))
            .map(|(version, _)| version.to_string())
            .with_context(|| format!("an odd version: {text}"))
    }

    /// The build directory of the kernel.
    pub fn build(&self) -> &Path {
        &self.build
    }

    /// rustc with kbuild's flags.
    pub fn rustc(&self) -> Command {
        let mut rustc = self.program("rustc");
        rustc.args(&self.flags);
        rustc
    }

    /// rustdoc with kbuild's flags, except the one that kbuild does not pass to rustdoc.
    pub fn rustdoc(&self) -> Command {
        let mut rustdoc = self.program("rustdoc");
        rustdoc.args(
            self.flags
                .iter()
                .filter(|flag| !flag.starts_with("--remap-path-scope")),
        );
        rustdoc
    }

    fn program(&self, name: &str) -> Command {
        let mut program = process::command(name);
        program
            .current_dir(&self.build)
            .env("OBJTREE", &self.build)
            .env("RUSTC_BOOTSTRAP", "1");
        program
    }

    /// Compiles the kernel crate with the root `source` to metadata.
    pub fn kernel_metadata(&self, source: &Path, output: &Path) -> Result<Outcome> {
        let mut rustc = self.rustc();
        rustc
            .args(["--crate-type", "rlib", "--crate-name", "kernel"])
            // Programs instantiate what is generic or inlined.
            .arg("-Zalways-encode-mir")
            .arg(format!("--emit=metadata={}", output.display()))
            .arg(source);
        run(rustc)
    }

    /// Compiles the program in `source`, with `more` arguments.
    pub fn compile(&self, name: &str, source: &Path, emit: Emit, more: &[&str]) -> Result<Outcome> {
        let product = self.product(name, emit);
        let mut rustc = self.rustc();
        rustc
            .arg("--extern")
            .arg(format!("kernel={}", self.kernel.display()))
            .args(["-Zcrate-attr=no_std", "--crate-type", "rlib"])
            // rustc names temporary files after the crate.
            .args(["--crate-name", &name.replace('/', "_")])
            .args(["--cap-lints", "allow"])
            // Otherwise the code of a small function, and its errors, are left to its callers.
            .arg("-Zcross-crate-inline-threshold=never")
            .arg("-Zwrite-long-types-to-disk=no")
            .arg(format!("--emit={}={}", emit.name(), product.display()))
            .args(more)
            .arg(source);
        let mut outcome = run(rustc)?;
        // Messages name the program by its path in the directory of all programs.
        let source = source.to_string_lossy();
        if let Some(dir) = source.strip_suffix(&format!("{name}.rs")) {
            for error in &mut outcome.errors {
                error.rendered = error.rendered.replace(dir, "");
            }
        }
        if emit == Emit::Object && outcome.errors.is_empty() {
            let undefined = process::output(process::command("nm").arg("-u").arg(&product))?;
            outcome.build_error = undefined.split_whitespace().any(|name| name == BUILD_ERROR);
        }
        Ok(outcome)
    }

    /// The product of `compile`.
    pub fn product(&self, name: &str, emit: Emit) -> PathBuf {
        self.scratch
            .join(format!("{}.{}", name.replace('/', "_"), emit.name()))
    }

    /// The directory of the products.
    pub fn scratch(&self) -> &Path {
        &self.scratch
    }
}

/// Runs rustc. Errors in the program are part of the outcome.
fn run(mut rustc: Command) -> Result<Outcome> {
    rustc.arg("--error-format=json");
    let output = rustc.output().context("cannot run rustc")?;
    let text = String::from_utf8_lossy(&output.stderr);
    let mut errors = Vec::new();
    for line in text.lines() {
        let Ok(message) = serde_json::from_str::<Message>(line) else {
            bail!("rustc did not run: {line}");
        };
        if message.level.starts_with("error") && !message.message.starts_with("aborting due to") {
            errors.push(Error {
                code: message.code.map_or("none".to_string(), |code| code.code),
                rendered: message.rendered.unwrap_or(message.message),
            });
        } else if let (Some(error), Some(text), "note") =
            (errors.last_mut(), &message.rendered, message.level.as_str())
        {
            // The place of an error after monomorphisation is in a note.
            error.rendered.push_str(text);
        }
    }
    ensure!(
        output.status.success() == errors.is_empty(),
        "rustc ended with {} and {} errors",
        output.status,
        errors.len()
    );
    Ok(Outcome {
        errors,
        build_error: false,
    })
}
