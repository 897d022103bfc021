// SPDX-License-Identifier: GPL-2.0

//! The command with which kbuild compiled the `kernel` crate, to compile other crates likewise.

use anyhow::{Context, Result, bail};
use std::fs;
use std::path::Path;

/// The environment and the arguments, without the products and the source.
#[derive(Clone, Debug, PartialEq)]
pub struct KbuildCommand {
    pub variables: Vec<(String, String)>,
    pub arguments: Vec<String>,
}

impl KbuildCommand {
    /// Reads the command that kbuild saved in the directory `build`.
    pub fn read(build: &Path) -> Result<Self> {
        let path = build.join("rust/.kernel.o.cmd");
        let text = fs::read_to_string(&path).with_context(|| {
            format!(
                "no {}: is the kernel built? `make build` does",
                path.display()
            )
        })?;
        parse(&text).with_context(|| path.display().to_string())
    }

    /// Without the options that are for the `kernel` crate alone.
    pub fn for_another_crate(mut self) -> Self {
        for option in ["--crate-type", "--crate-name"] {
            if let Some(index) = self.arguments.iter().position(|word| word == option) {
                self.arguments
                    .drain(index..self.arguments.len().min(index + 2));
            }
        }
        self
    }
}

fn parse(text: &str) -> Result<KbuildCommand> {
    let (_, command) = text
        .lines()
        .next()
        .and_then(|line| line.split_once(":="))
        .context("no command is saved in it")?;
    // The commands after the compiler edit its product.
    let command = command.split(';').next().unwrap_or_default();
    let mut words = shell_words::split(command)
        .context("its quotes are odd")?
        .into_iter();
    let mut variables = Vec::new();
    let program = loop {
        let word = words.next().context("its command has no program")?;
        match word.split_once('=') {
            Some((name, value)) => variables.push((name.to_string(), value.to_string())),
            None => break word,
        }
    };
    if Path::new(&program).file_name() != Some("rustc".as_ref()) {
        bail!("the crate was compiled with {program}, not with rustc");
    }
    let arguments = words
        .filter(|word| !word.starts_with("--emit=") && !word.ends_with(".rs"))
        .collect();
    Ok(KbuildCommand {
        variables,
        arguments,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "savedcmd_rust/kernel.o :=  OBJTREE=/b rustc --edition=2021 \
                        @./include/generated/rustc_cfg --extern ffi --emit=obj=rust/kernel.o \
                        --crate-type rlib -L./rust --crate-name kernel ../rust/kernel/lib.rs \
                        --sysroot=/dev/null ; llvm-objcopy x\n\nsource := a\n";

    #[test]
    fn products_and_source_are_left_out() {
        let saved = parse(TEXT).expect("a command");
        assert_eq!(saved.variables, [("OBJTREE".to_string(), "/b".to_string())]);
        let words = saved.arguments.join(" ");
        assert_eq!(
            words,
            "--edition=2021 @./include/generated/rustc_cfg --extern ffi --crate-type rlib -L./rust \
             --crate-name kernel --sysroot=/dev/null"
        );
    }

    #[test]
    fn what_is_about_the_kernel_crate_can_be_left_out() {
        let words = parse(TEXT).expect("a command").for_another_crate();
        assert_eq!(
            words.arguments.join(" "),
            "--edition=2021 @./include/generated/rustc_cfg --extern ffi -L./rust --sysroot=/dev/null"
        );
    }

    #[test]
    fn another_compiler_and_another_file_are_refused() {
        parse(&TEXT.replace("rustc --edition", "clippy-driver --edition")).expect_err("clippy");
        parse("savedcmd_a.o := gcc -c a.c\n").expect_err("gcc");
        parse("").expect_err("nothing");
    }
}
