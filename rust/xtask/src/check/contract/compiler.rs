// SPDX-License-Identifier: GPL-2.0

//! rustc with kbuild's flags, for programs that use the kernel crate.

use crate::host::process;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The function that a failed `build_assert!` calls. Nothing defines it.
const BUILD_ERROR: &str = "rust_build_error";

/// The crate that files in `kunit/` use. Cargo fetches and locks it; it is compiled here as kbuild
/// would, against the kernel's `core`.
const ASSERTIONS: &str = "static_assertions";

/// How far to compile, as `--emit` takes it.
pub const METADATA: &str = "metadata";
pub const OBJECT: &str = "obj";

/// A message of the compiler, or an object that does not link.
#[derive(Debug)]
pub struct Error {
    /// As in `E0277`; `build_error` if the object needs `rust_build_error`.
    pub code: String,
    pub rendered: String,
}

impl Error {
    /// The first line of `file`, from 1, that the message names.
    pub fn line_in(&self, file: &Path) -> Option<usize> {
        let arrow = format!("--> {}:", file.display());
        let mut lines = self.rendered.lines();
        let place = lines.find_map(|line| line.trim_start().strip_prefix(&arrow))?;
        place.split(':').next()?.parse().ok()
    }
}

/// Fails if there are errors.
pub fn refuse(errors: &[Error]) -> Result<()> {
    let texts: String = errors.iter().map(|error| error.rendered.as_str()).collect();
    ensure!(errors.is_empty(), "{texts}");
    Ok(())
}

/// Compiles programs against a kernel crate.
#[derive(Clone, Debug)]
pub struct Compiler {
    /// The build directory of the kernel.
    pub build: PathBuf,
    /// The directory of the products.
    pub scratch: PathBuf,
    /// kbuild's flags, without those for the kernel crate alone.
    flags: Vec<String>,
    kernel: PathBuf,
}

impl Compiler {
    /// For the kernel built in `build`; products go to `scratch`.
    pub fn new(build: &Path, scratch: &Path, checkout: &Path) -> Result<Self> {
        let saved = build.join("rust/.kernel.o.cmd");
        let text = fs::read_to_string(&saved)
            .with_context(|| format!("no {}: is the kernel built?", saved.display()))?;
        let compiler = Self {
            build: build.to_path_buf(),
            scratch: scratch.to_path_buf(),
            flags: flags(&text).with_context(|| saved.display().to_string())?,
            kernel: build.join("rust/libkernel.rmeta"),
        };
        let mut rustc = compiler.rustc("rustc");
        rustc
            .args(["--crate-type=rlib", "--crate-name", ASSERTIONS])
            .arg("--cap-lints=allow")
            .arg(format!("--emit=metadata={}", compiler.assertions()))
            .arg(source_of_assertions(checkout)?);
        process::output(&mut rustc).with_context(|| format!("cannot compile {ASSERTIONS}"))?;
        Ok(compiler)
    }

    fn assertions(&self) -> String {
        format!("{}/lib{ASSERTIONS}.rmeta", self.scratch.display())
    }

    /// `rustc` or `rustdoc`, with kbuild's flags.
    pub fn rustc(&self, program: &str) -> Command {
        let mut rustc = process::command(program);
        // kbuild does not pass this one to rustdoc either.
        let only_rustc = |flag: &&String| flag.starts_with("--remap-path-scope");
        let flags = self.flags.iter();
        rustc
            .current_dir(&self.build)
            .env("OBJTREE", &self.build)
            .env("RUSTC_BOOTSTRAP", "1")
            .args(flags.filter(|flag| program == "rustc" || !only_rustc(flag)));
        rustc
    }

    /// The same, against the kernel crate with the root `source`, compiled to `library` as far as
    /// types go.
    pub fn against(&self, source: &Path, library: &Path) -> Result<Self> {
        let mut rustc = self.rustc("rustc");
        rustc
            .args(["--crate-type=rlib", "--crate-name=kernel"])
            // Programs instantiate what is generic or inlined.
            .arg("-Zalways-encode-mir")
            .arg(format!("--emit=metadata={}", library.display()))
            .arg(source);
        refuse(&run(&mut rustc)?)?;
        Ok(Self {
            kernel: library.to_path_buf(),
            ..self.clone()
        })
    }

    /// The same, against Linux 7.3's own kernel crate, from the tree at `pristine`.
    ///
    /// To compile that takes longer than all else here, so it is kept until kbuild compiles `bindings`
    /// again, as it does after `core`.
    pub fn against_upstream(&self, pristine: &Path) -> Result<Self> {
        let library = self.build.join("contract/libkernel.rmeta");
        let modified = |path: &Path| fs::metadata(path).and_then(|data| data.modified()).ok();
        if modified(&library) <= modified(&self.build.join("rust/libbindings.rmeta")) {
            fs::create_dir_all(self.build.join("contract"))?;
            return self.against(&pristine.join("rust/kernel/lib.rs"), &library);
        }
        Ok(Self {
            kernel: library,
            ..self.clone()
        })
    }

    /// Compiles the program in `source`, with `more` arguments.
    pub fn compile(
        &self,
        name: &str,
        source: &Path,
        emit: &str,
        more: &[&str],
    ) -> Result<Vec<Error>> {
        let product = self.product(name, emit);
        let mut rustc = self.rustc("rustc");
        rustc
            .args(["--extern", &format!("kernel={}", self.kernel.display())])
            .args(["--extern", &format!("{ASSERTIONS}={}", self.assertions())])
            .args(["-Zcrate-attr=no_std", "--crate-type=rlib"])
            // rustc names temporary files after the crate.
            .args(["--crate-name", &name.replace('/', "_")])
            .arg("--cap-lints=allow")
            // Otherwise the code of a small function, and its errors, are left to its callers.
            .arg("-Zcross-crate-inline-threshold=never")
            .arg("-Zwrite-long-types-to-disk=no")
            .arg(format!("--emit={emit}={}", product.display()))
            .args(more)
            .arg(source);
        let mut errors = run(&mut rustc)?;
        if emit == OBJECT && errors.is_empty() {
            let undefined = process::output(process::command("nm").arg("-u").arg(&product))?;
            if undefined.split_whitespace().any(|name| name == BUILD_ERROR) {
                errors.push(Error {
                    code: "build_error".to_string(),
                    rendered: format!("{}: the object needs `{BUILD_ERROR}`", source.display()),
                });
            }
        }
        Ok(errors)
    }

    /// Fails if the file does not compile as far as types go.
    pub fn accepts(&self, file: &Path) -> Result<()> {
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        refuse(&self.compile(&name, file, METADATA, &[])?)
    }

    /// The product of `compile`.
    pub fn product(&self, name: &str, emit: &str) -> PathBuf {
        let name = name.replace('/', "_");
        self.scratch.join(format!("{name}.{emit}"))
    }
}

/// The flags of the command that kbuild saved, without products, source and the crate's name.
fn flags(saved: &str) -> Result<Vec<String>> {
    let first = saved.lines().next().unwrap_or_default();
    // The commands after the compiler edit its product.
    let command = first.split(" ; ").next().unwrap_or_default();
    let (_, flags) = command
        .split_once(" rustc ")
        .context("the crate was not compiled with rustc")?;
    let mut words = shell_words::split(flags)?.into_iter();
    let mut flags = Vec::new();
    while let Some(word) = words.next() {
        if ["--crate-type", "--crate-name"].contains(&word.as_str()) {
            words.next();
        } else if !word.starts_with("--emit=") && !word.ends_with(".rs") {
            flags.push(word);
        }
    }
    Ok(flags)
}

/// Where Cargo has the source of the crate.
fn source_of_assertions(checkout: &Path) -> Result<String> {
    let mut cargo = process::command("cargo");
    cargo
        .args(["metadata", "--format-version=1", "--locked"])
        .arg("--manifest-path")
        .arg(checkout.join("rust/xtask/Cargo.toml"));
    let metadata: Value = serde_json::from_str(&process::output(&mut cargo)?)?;
    let mut packages = metadata["packages"].as_array().into_iter().flatten();
    packages
        .find(|package| package["name"] == ASSERTIONS)
        .and_then(|package| package["targets"][0]["src_path"].as_str())
        .map(str::to_string)
        .with_context(|| format!("rust/xtask/Cargo.toml does not name {ASSERTIONS}"))
}

/// Runs rustc, and returns the errors in the program.
fn run(rustc: &mut Command) -> Result<Vec<Error>> {
    rustc.arg("--error-format=json");
    let output = rustc.output().context("cannot run rustc")?;
    let text = String::from_utf8_lossy(&output.stderr);
    let mut errors: Vec<Error> = Vec::new();
    for line in text.lines() {
        let message: Value =
            serde_json::from_str(line).with_context(|| format!("rustc did not run: {line}"))?;
        let text = |key: &str| message[key].as_str().unwrap_or_default();
        let rendered = text("rendered").to_string();
        if text("level").starts_with("error") && !text("message").starts_with("aborting due to") {
            let code = message["code"]["code"]
                .as_str()
                .unwrap_or("none")
                .to_string();
            errors.push(Error { code, rendered });
        } else if let (Some(error), "note") = (errors.last_mut(), text("level")) {
            // The place of an error after monomorphisation is in a note.
            error.rendered += &rendered;
        }
    }
    ensure!(
        output.status.success() == errors.is_empty(),
        "rustc ended with {} and {} errors",
        output.status,
        errors.len()
    );
    Ok(errors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_without_products_source_and_name() {
        let saved = "savedcmd_rust/kernel.o :=  OBJTREE=/b rustc --edition=2021 @./rustc_cfg \
                     --extern ffi --emit=obj=rust/kernel.o --crate-type rlib -L./rust \
                     --crate-name kernel ../rust/kernel/lib.rs --sysroot=/dev/null ; objcopy x\n\n";
        let words = flags(saved).expect("flags").join(" ");
        let expected = "--edition=2021 @./rustc_cfg --extern ffi -L./rust --sysroot=/dev/null";
        assert_eq!(words, expected);
        flags(&saved.replace(" rustc ", " clippy-driver ")).expect_err("clippy");
    }
}
