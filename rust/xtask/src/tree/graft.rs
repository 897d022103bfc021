// SPDX-License-Identifier: GPL-2.0

//! The graft: the library takes the place of the coherent types in a kernel tree.
//!
//! The files of the library go to `rust/kernel/dma/`. From the tree's `rust/kernel/dma.rs` the items
//! that they replace are taken out, wherever they stand, and what remains is kept byte for byte but
//! for the imports. A tree that has something else than Linux 7.3 has is refused: an item that this
//! tool does not know might be one that would be lost.

mod dma_rs;
mod edits;
mod family;
mod imports;
mod overlay;
mod promises;
#[cfg(test)]
mod tests;
mod tokens;

pub use self::dma_rs::{graft_dma_rs, graft_dma_rs_but, is_grafted};
pub use self::overlay::Overlay;
pub use self::tokens::code_lines;
use crate::setup::source;
use anyhow::{Context, Result, bail};
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// What to do about a tree that is refused.
const WAY_OUT: &str = "this tool knows Linux 7.3: use an unmodified 7.3 tree \
                       (KERNEL_SRC=<tree or tarball>, or none for Debian's)";

const DMA_RS: &str = "rust/kernel/dma.rs";
const DMA_DIR: &str = "rust/kernel/dma";

/// What a graft did.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The files that were written or removed, relative to the tree; none if all was up to date.
    pub changed: Vec<PathBuf>,
    /// How many lines of code the tree's `dma.rs` lost; none if it was grafted before.
    #[allow(dead_code, reason = "for a report on what the library replaces")]
    pub removed: usize,
}

/// Grafts the files of `overlay` onto `tree`. Changes nothing unless all of it can be done, and no
/// file that is up to date.
pub fn graft_tree(tree: &Path, overlay: &Path) -> Result<Outcome> {
    let (major, minor) = source::version(tree)?;
    if (major, minor) != (7, 3) {
        bail!(
            "{} is Linux {major}.{minor}, and the library is for 7.3; {WAY_OUT}",
            tree.display()
        );
    }
    let dma_rs = tree.join(DMA_RS);
    if !dma_rs.is_file() {
        bail!(
            "{} has no Rust DMA support: there is no {DMA_RS}; {WAY_OUT}",
            tree.display()
        );
    }
    let text = read(&dma_rs)?;
    let overlay = Overlay::read(overlay)?;
    let in_dma_rs = || dma_rs.display().to_string();
    let grafted = graft_dma_rs(&text, &overlay.names).with_context(in_dma_rs)?;

    let dir = tree.join(DMA_DIR);
    if !is_grafted(&text).with_context(in_dma_rs)? {
        refuse_foreign(&dir)?;
    }
    let present = overlay::rust_files(&dir)?;

    // Everything is known to work. `dma.rs` comes first: a tree where a graft was cut off after it
    // is one that the next graft knows as its own.
    let mut outcome = Outcome {
        changed: Vec::new(),
        removed: grafted.removed,
    };
    if grafted.text != text {
        replace(&dma_rs, &grafted.text)?;
        outcome.changed.push(DMA_RS.into());
    }
    for (name, content) in &overlay.files {
        if present.get(name) != Some(content) {
            replace(&dir.join(name), content)?;
            outcome.changed.push(Path::new(DMA_DIR).join(name));
        }
    }
    // Only what a graft can have put there: anything else in the directory is somebody's.
    let is_old = |name: &&PathBuf| overlay::is_ours(name) && !overlay.files.contains_key(*name);
    for name in present.keys().filter(is_old) {
        let path = dir.join(name);
        fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        outcome.changed.push(Path::new(DMA_DIR).join(name));
    }
    Ok(outcome)
}

/// Fails if there is something in the place where the library goes.
fn refuse_foreign(dir: &Path) -> Result<()> {
    if !dir.try_exists()? {
        return Ok(());
    }
    let first = fs::read_dir(dir)
        .with_context(|| format!("cannot read {}", dir.display()))?
        .next();
    if let Some(entry) = first {
        bail!(
            "{} is there, and no graft put it there; {WAY_OUT}",
            entry?.path().display()
        );
    }
    Ok(())
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Writes a file such that it is never seen half-written.
fn replace(path: &Path, content: &str) -> Result<()> {
    let dir = path.parent().context("a file is in a directory")?;
    fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
    let mut file = tempfile::Builder::new()
        .permissions(PermissionsExt::from_mode(0o644))
        .tempfile_in(dir)
        .with_context(|| format!("cannot write to {}", dir.display()))?;
    file.write_all(content.as_bytes())
        .with_context(|| format!("cannot write {}", path.display()))?;
    file.persist(path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(())
}
