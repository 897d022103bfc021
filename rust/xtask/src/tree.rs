// SPDX-License-Identifier: GPL-2.0

//! A kernel tree with the library in it: as a graft onto a copy, as a series of patches, or as
//! commits in a developer's own repository. One list of steps ([`series::STEPS`]) makes all three.

pub mod apply;
mod edits;
pub mod files;
pub mod git;
pub mod graft;
mod imports;
pub mod library;
mod line_edits;
pub mod patches;
pub mod pure_move;
pub mod series;
#[cfg(test)]
pub mod testing;
mod tokens;
pub mod upstream_items;

/// What to do about a tree that is refused.
const WAY_OUT: &str = "use an unmodified Linux 7.3 tree (KERNEL_SRC=<tree or tarball>, or none for \
                       Debian's)";
