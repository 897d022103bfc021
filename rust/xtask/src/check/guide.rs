// SPDX-License-Identifier: GPL-2.0

//! docs/your-driver.md, and pages like it, as tests: their files are written out and built, and the
//! log is what they promise.

use crate::build::kbuild::Kernel;
use crate::build::session::Session;
use crate::check::driver;
use crate::host::process;
use crate::run::qemu_arguments;
use crate::verdict::console::strip_time;
use anyhow::{Context, Result, bail};
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};
use regex_lite::Regex;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

const GUIDE: &str = "docs/your-driver.md";
const LIMIT: Duration = Duration::from_secs(120);

#[derive(Debug, Default, PartialEq, Eq)]
struct Guide {
    /// Code blocks with `file=NAME` behind the language.
    files: BTreeMap<String, String>,
    /// What `make driver` is given.
    settings: BTreeMap<String, String>,
    /// Lines of the kernel's log.
    log: Vec<String>,
}

/// A page with drivers in it.
pub struct Page {
    path: &'static str,
    guide: Guide,
}

/// Does what the guide says, and compares.
pub fn check(session: &Session, kernel: &Kernel) -> Result<()> {
    let page = Page::read(session, GUIDE)?;
    let modules = page.build(session, kernel, "guide")?;
    let arguments = page.qemu_arguments()?;
    let logs = driver::boot(session, kernel, "guide", &modules, &arguments, LIMIT)?;
    page.compare(driver::report(&modules, &logs, LIMIT))
}

impl Page {
    /// Reads the page at `path` in the checkout.
    pub fn read(session: &Session, path: &'static str) -> Result<Self> {
        let text = fs::read_to_string(session.workspace.checkout.join(path))
            .with_context(|| format!("no {path}"))?;
        let guide = parse(&text).context(path)?;
        Ok(Self { path, guide })
    }

    /// Writes the files of the page out, and builds the modules.
    pub fn build(&self, session: &Session, kernel: &Kernel, name: &str) -> Result<Vec<PathBuf>> {
        let files = &self.guide.files;
        // In one place, so that what did not change is not built again.
        let directory = session.workspace.cache(name);
        fs::create_dir_all(&directory)?;
        for entry in fs::read_dir(&directory)? {
            let entry = entry?;
            if !files.contains_key(&*entry.file_name().to_string_lossy()) {
                fs::remove_file(entry.path())?;
            }
        }
        for (name, content) in files {
            let file = directory.join(name);
            if fs::read_to_string(&file).ok().as_ref() != Some(content) {
                fs::write(&file, content)?;
            }
            if name.ends_with(".rs") {
                let mut rustfmt = process::command("rustfmt");
                rustfmt
                    .args(["--check", "--edition", "2021", "--config-path"])
                    .arg(kernel.tree.join(".rustfmt.toml"))
                    .arg(&file);
                process::output(&mut rustfmt)
                    .with_context(|| format!("{name} in {}", self.path))?;
            }
        }
        driver::build(session, kernel, &directory)
    }

    pub fn qemu_arguments(&self) -> Result<Vec<String>> {
        qemu_arguments::arguments(self.guide.settings.get("QEMU_ARGS").map(String::as_str))
    }

    /// Fails if the run was not good, or if something is not said that the page promises.
    pub fn compare(&self, (report, good): (String, bool)) -> Result<()> {
        let path = self.path;
        if !good {
            bail!("the drivers in {path} fail:\n{report}");
        }
        let missing = missing(&self.guide.log, &report)?;
        if !missing.is_empty() {
            bail!(
                "{path} promises:\n{}\nand this is said:\n{report}",
                missing.join("\n")
            );
        }
        Ok(())
    }
}

fn parse(text: &str) -> Result<Guide> {
    let mut guide = Guide::default();
    let mut block: Option<(String, String)> = None;
    for event in Parser::new(text) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                block = Some((info.to_string(), String::new()));
            }
            Event::Text(text) => {
                if let Some((_, content)) = &mut block {
                    content.push_str(&text);
                }
            }
            Event::End(TagEnd::CodeBlock) => {
                if let Some((info, content)) = block.take() {
                    guide.take(&info, content)?;
                }
            }
            _ => {}
        }
    }
    if guide.files.is_empty() || guide.settings.is_empty() || guide.log.is_empty() {
        bail!("there have to be blocks with `file=NAME`, one with `make driver M=…`, and a log");
    }
    Ok(guide)
}

impl Guide {
    fn take(&mut self, info: &str, content: String) -> Result<()> {
        if let Some(name) = info
            .split_whitespace()
            .find_map(|word| word.strip_prefix("file="))
        {
            if name.is_empty() || name.contains('/') {
                bail!("file={name} is no name of a file");
            }
            self.files.insert(name.to_string(), content);
            return Ok(());
        }
        for line in content.lines() {
            if strip_time(line) != line {
                self.log.push(line.to_string());
            }
            // The first command is the one that the log is of.
            let settings = line.strip_prefix("make driver ");
            if let Some(settings) = settings.filter(|_| self.settings.is_empty()) {
                let words = shell_words::split(settings).with_context(|| line.to_string())?;
                self.settings = words
                    .iter()
                    .filter_map(|word| word.split_once('='))
                    .map(|(name, value)| (name.to_string(), value.to_string()))
                    .collect();
            }
        }
        Ok(())
    }
}

/// The lines that are not in the report. Times and addresses are those of one run.
fn missing(lines: &[String], report: &str) -> Result<Vec<String>> {
    let address = Regex::new("0x[0-9a-f]+")?;
    let plain = |line: &str| address.replace_all(strip_time(line), "0x").into_owned();
    let said: Vec<String> = report.lines().map(plain).collect();
    Ok(lines
        .iter()
        .filter(|line| !said.contains(&plain(line)))
        .cloned()
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
A text.

```make file=Kbuild
obj-m += a.o
```

```sh
make driver M=my QEMU_ARGS='-device edu'
make driver M=other
```

```text
[    1.500000] a: at 0x12, 3 bytes
```
";

    #[test]
    fn files_settings_and_log_are_read() {
        let guide = parse(TEXT).expect("a guide");
        assert_eq!(guide.files["Kbuild"], "obj-m += a.o\n");
        assert_eq!(guide.settings["M"], "my");
        assert_eq!(guide.settings["QEMU_ARGS"], "-device edu");
        assert_eq!(guide.log, ["[    1.500000] a: at 0x12, 3 bytes"]);
    }

    #[test]
    fn a_guide_that_promises_nothing_is_refused() {
        for part in ["file=", "make driver", "[    1.500000]"] {
            parse(&TEXT.replace(part, "")).expect_err(part);
        }
        parse(&TEXT.replace("file=Kbuild", "file=../Kbuild")).expect_err("another directory");
    }

    #[test]
    fn times_and_addresses_may_differ_and_nothing_else() {
        let lines = ["[    1.500000] a: at 0x12, 3 bytes".to_string()];
        let missing = |report| missing(&lines, report).expect("a pattern");
        assert!(missing("x\n[    9.700000] a: at 0xff00, 3 bytes\n").is_empty());
        assert_eq!(missing("[    1.500000] a: at 0x12, 4 bytes\n"), lines);
    }
}
