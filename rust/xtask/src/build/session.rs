// SPDX-License-Identifier: GPL-2.0

//! The state of a run: workspace, lock, source, toolchain, and the kernels built from them.

use crate::build::kbuild::{self, Kernel};
use crate::host::lock;
use crate::host::progress::Progress;
use crate::host::workspace::Workspace;
use crate::setup::architecture::Target;
use crate::setup::source::{self, Source};
use crate::setup::toolchain::{self, Toolchain};
use crate::tree::series;
use anyhow::Result;
use std::fs::File;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::thread;

pub struct Session {
    pub workspace: Workspace,
    pub progress: Progress,
    kernel_src: Option<PathBuf>,
    /// The lock of the cache.
    _lock: File,
    prepared: Mutex<Option<(Toolchain, Source)>>,
}

impl Session {
    pub fn start(kernel_src: Option<PathBuf>) -> Result<Self> {
        let workspace = Workspace::discover()?;
        let lock = lock::take(&workspace)?;
        workspace.sweep()?;
        Ok(Self {
            workspace,
            progress: Progress::default(),
            kernel_src,
            _lock: lock,
            prepared: Mutex::default(),
        })
    }

    pub fn source(&self) -> Result<Source> {
        Ok(self.prepare()?.1)
    }

    /// The toolchain and the source. Finds or installs both once.
    pub fn prepare(&self) -> Result<(Toolchain, Source)> {
        let mut prepared = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = &*prepared {
            return Ok(found.clone());
        }
        let (workspace, progress) = (&self.workspace, &self.progress);
        let given = self.kernel_src.as_deref();
        toolchain::install_packages(workspace, progress)?;
        let (source, toolchain) = together(
            || source::find(workspace, progress, given),
            || Toolchain::find(workspace, progress),
        )?;
        Ok(prepared.insert((toolchain, source)).clone())
    }

    /// Installs the programs of the checks.
    pub fn install_for_checks(&self) -> Result<()> {
        toolchain::install_for_checks(&self.workspace, &self.progress)
    }

    /// A kernel with the library, of the configuration `fragments`; not built yet.
    pub fn grafted(&self, name: &str, fragments: &[&str]) -> Result<Kernel> {
        let target = Target::default();
        self.kernel(("grafted", series::GRAFT), target, name, fragments)
    }

    /// A kernel without the library, of the configuration `fragments`; not built yet.
    pub fn pristine(&self, name: &str, fragments: &[&str]) -> Result<Kernel> {
        self.kernel(("pristine", 0), Target::default(), name, fragments)
    }

    /// A kernel in the tree of this name, with that many steps of the series; not built yet.
    pub fn kernel(
        &self,
        tree: (&str, usize),
        target: Target,
        name: &str,
        fragments: &[&str],
    ) -> Result<Kernel> {
        let (workspace, prepared) = (&self.workspace, self.prepare()?);
        let tree = self.tree(tree)?;
        Ok(Kernel::new(
            workspace, &tree, prepared, target, name, fragments,
        ))
    }

    /// The tree of this name, with that many steps of the series.
    pub fn tree(&self, (name, steps): (&str, usize)) -> Result<PathBuf> {
        let source = self.source()?;
        kbuild::tree(&self.workspace, &self.progress, &source, name, steps)
    }

    /// The kernel that the demo and the tests boot, built.
    pub fn debug_kernel(&self) -> Result<Kernel> {
        let kernel = self.grafted("debug-intel-iommu", &["debug", "intel-iommu"])?;
        kernel.build(&self.workspace, &self.progress)?;
        Ok(kernel)
    }

    /// The external modules of a directory of the checkout.
    pub fn modules(&self, kernel: &Kernel, directory: &str) -> Result<Vec<PathBuf>> {
        let path = self.workspace.checkout.join(directory);
        self.progress
            .step(&format!("building {directory}/"), |step| {
                kernel.modules(&self.workspace, step, &path)
            })
    }
}

/// Runs two functions side by side.
fn together<A: Send, B>(
    other: impl FnOnce() -> Result<A> + Send,
    here: impl FnOnce() -> Result<B>,
) -> Result<(A, B)> {
    thread::scope(|scope| {
        let other = scope.spawn(other);
        let here = here();
        match other.join() {
            Ok(other) => Ok((other?, here?)),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}
