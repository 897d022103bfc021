// SPDX-License-Identifier: GPL-2.0

//! The places of the checkout and of the cache, which holds everything downloaded or built.

use anyhow::{Context, Result, bail};
use std::env;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

/// The variable with the cache directory, if it is not the default one.
pub const CACHE_VAR: &str = "COHERENT_CACHE";

#[derive(Clone, Debug)]
pub struct Workspace {
    /// The checkout of this repository.
    pub checkout: PathBuf,
    cache: PathBuf,
}

impl Workspace {
    pub fn discover() -> Result<Self> {
        // The tool is built in the checkout that it works on.
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR"))
            .ancestors()
            .nth(2)
            .context("the manifest is two levels below the checkout")?
            .to_path_buf();
        let cache = match env::var_os(CACHE_VAR) {
            Some(dir) => std::path::absolute(&dir)
                .with_context(|| format!("{CACHE_VAR}={}", Path::new(&dir).display()))?,
            None => default_cache()?,
        };
        if cache.to_string_lossy().contains([' ', ':', '\t']) {
            bail!(
                "the cache directory {} has a space or a colon in its path, and the kernel's build \
                 system cannot work there; name another one with {CACHE_VAR}=",
                cache.display()
            );
        }
        fs::create_dir_all(cache.join("tmp"))
            .with_context(|| format!("cannot create the cache directory {}", cache.display()))?;
        Ok(Self { checkout, cache })
    }

    /// A place in the cache.
    pub fn cache(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.cache.join(relative)
    }

    /// A directory for unfinished work, on the file system of the cache.
    pub fn scratch(&self, what: &str) -> Result<tempfile::TempDir> {
        tempfile::Builder::new()
            .prefix(what)
            .tempdir_in(self.cache("tmp"))
            .with_context(|| {
                format!(
                    "cannot create a directory in {}",
                    self.cache("tmp").display()
                )
            })
    }

    /// Removes the unfinished work of runs that were killed. The caller holds the lock.
    pub fn sweep(&self) -> Result<()> {
        let tmp = self.cache("tmp");
        fs::remove_dir_all(&tmp).with_context(|| format!("cannot clear {}", tmp.display()))?;
        fs::create_dir(&tmp).with_context(|| format!("cannot create {}", tmp.display()))
    }

    /// The library's directory, `rust/kernel/dma` of a kernel tree.
    pub fn overlay(&self) -> PathBuf {
        self.checkout.join("rust/kernel/dma")
    }

    /// The configuration fragment called `name`.
    pub fn fragment(&self, name: &str) -> PathBuf {
        self.checkout
            .join("rust/xtask/config")
            .join(format!("{name}.config"))
    }
}

/// A hash as digits, to name files of the cache.
pub fn key(value: &impl Hash) -> String {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

fn default_cache() -> Result<PathBuf> {
    if let Some(dir) = env::var_os("XDG_CACHE_HOME").filter(|dir| !dir.is_empty()) {
        return Ok(Path::new(&dir).join("coherent"));
    }
    let home = env::var_os("HOME")
        .with_context(|| format!("HOME is not set; name a cache directory with {CACHE_VAR}="))?;
    Ok(Path::new(&home).join(".cache/coherent"))
}
