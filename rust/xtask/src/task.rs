// SPDX-License-Identifier: GPL-2.0

//! The tasks, one a file. No task uses another.

pub mod apply;
pub mod bench;
pub mod demo;
pub mod docs;
pub mod driver;
pub mod matrix;
pub mod mutants;
pub mod series;
pub mod shell;
pub mod test;
pub mod upstream;
