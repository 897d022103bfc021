// SPDX-License-Identifier: GPL-2.0

//! The places of the checkout and of the cache, which holds everything downloaded or built.

use anyhow::{Context, Result, bail};
use std::env;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

#[derive(Clone, Debug)]
pub struct Workspace {
    /// The checkout of this repository.
    pub checkout: PathBuf,
    cache: PathBuf,
}

impl Workspace {
    /// The checkout that the tool was built in, and the cache: `given`, or that of the user.
    pub fn discover(given: Option<PathBuf>) -> Result<Self> {
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR"))
            .ancestors()
            .nth(2)
            .context("the manifest is two levels below the checkout")?
            .to_path_buf();
        let cache = std::path::absolute(given.map_or_else(default_cache, Ok)?)?;
        if cache.to_string_lossy().contains([' ', ':', '\t']) {
            bail!(
                "the cache directory {} has a space or a colon in its path, and the kernel's build \
                 system cannot work there; name another one with COHERENT_CACHE=",
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
        let tmp = self.cache("tmp");
        let scratch = tempfile::Builder::new().prefix(what).tempdir_in(&tmp);
        scratch.with_context(|| format!("cannot create a directory in {}", tmp.display()))
    }

    /// A directory of the cache, which `fill` makes if it is not there. It is complete: an unfinished
    /// one has another name.
    pub fn filled(
        &self,
        place: impl AsRef<Path>,
        fill: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<PathBuf> {
        let place = self.cache(place);
        if !place.is_dir() {
            let scratch = self.scratch("new-")?;
            fill(scratch.path())?;
            fs::create_dir_all(place.parent().context("a place in the cache")?)?;
            fs::rename(scratch.path(), &place)
                .with_context(|| format!("cannot make {}", place.display()))?;
        }
        Ok(place)
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
        .context("HOME is not set; name a cache directory with COHERENT_CACHE=")?;
    Ok(Path::new(&home).join(".cache/coherent"))
}
