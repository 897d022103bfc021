// SPDX-License-Identifier: GPL-2.0

//! What becomes of a kernel tree: the graft, and git.

pub mod git;
pub mod graft;
