// SPDX-License-Identifier: GPL-2.0

//! A kernel tree with the library in it: as a graft onto a copy, or as a series of patches. One list
//! of steps ([`series::STEPS`]) makes both.

mod edits;
pub mod files;
pub mod git;
pub mod library;
pub mod patches;
pub mod series;
mod steps;
