// SPDX-License-Identifier: GPL-2.0

//! The state of a run: workspace, lock, source, toolchain, and the kernels built from them.

use crate::build::kbuild::Kernel;
use crate::host::lock;
use crate::host::process;
use crate::host::progress::Progress;
use crate::host::workspace::Workspace;
use crate::setup::architecture::Target;
use crate::setup::source::{self, Source};
use crate::setup::toolchain::Toolchain;
use crate::tree::library::Library;
use crate::tree::series;
use anyhow::Result;
use std::fs::File;
use std::path::PathBuf;

pub struct Session {
    pub workspace: Workspace,
    pub progress: Progress,
    pub toolchain: Toolchain,
    pub source: Source,
    /// The lock of the cache.
    _lock: File,
}

impl Session {
    /// Finds or installs everything that is not built; what only `checks` need, if they are wanted.
    pub fn start(
        cache: Option<PathBuf>,
        kernel_src: Option<PathBuf>,
        checks: bool,
    ) -> Result<Self> {
        let workspace = Workspace::discover(cache)?;
        let lock = lock::take(&workspace)?;
        workspace.sweep()?;
        let progress = Progress::default();
        Ok(Self {
            toolchain: Toolchain::find(&workspace, &progress, checks)?,
            source: source::find(&workspace, &progress, kernel_src.as_deref())?,
            workspace,
            progress,
            _lock: lock,
        })
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
        let prepared = (&self.toolchain, &self.source);
        let tree = self.tree(tree)?;
        Ok(Kernel::new(
            &self.workspace,
            &tree,
            prepared,
            target,
            name,
            fragments,
        ))
    }

    /// A copy of the pristine tree, of this name, with that many steps of the series.
    pub fn tree(&self, (name, steps): (&str, usize)) -> Result<PathBuf> {
        let (workspace, source) = (&self.workspace, &self.source);
        let title = format!("bringing the kernel tree up to date ({name})");
        self.progress.step(&title, |step| {
            let tree = workspace.filled(format!("trees/{}/{name}", source.id), |dir| {
                // Links, as a kernel tree is large. `tree::files` replaces a file and does not write
                // into it.
                let mut cp = process::command("cp");
                cp.arg("-al").arg(source.tree.join(".")).arg(dir);
                process::logged(step, &mut cp, &workspace.cache("logs/copy.log"))
            })?;
            if steps > 0 {
                let library = Library::read(&workspace.checkout, &workspace.overlay())?;
                for file in series::graft(&source.tree, &tree, &library, steps)? {
                    step.say(&format!("changed {file}"));
                }
            }
            Ok(tree)
        })
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
