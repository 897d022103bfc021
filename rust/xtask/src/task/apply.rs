// SPDX-License-Identifier: GPL-2.0

//! The series in a developer's own tree, and back.

use crate::host::workspace::Workspace;
use crate::tree::apply;
pub use crate::tree::apply::Request;
use crate::tree::library::Library;
use anyhow::Result;

/// `make apply`.
pub fn run(workspace: &Workspace, request: &Request) -> Result<()> {
    let library = Library::read(&workspace.checkout, &workspace.overlay())?;
    println!("{}", apply::apply(request, &library)?);
    Ok(())
}

/// `make unapply`.
pub fn undo(request: &Request) -> Result<()> {
    println!("{}", apply::unapply(request)?);
    Ok(())
}
