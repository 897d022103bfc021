// SPDX-License-Identifier: GPL-2.0

//! Whether a run was good: `Logs` and what is `Expected` of them go in, a `Verdict` comes out. This
//! room reads no file and runs no program.

pub mod addresses;
pub mod console;
pub mod instructions;
mod judge;
pub mod ktap;
mod leftovers;
pub mod measurements;
pub mod report;
mod reserved_memory;
pub mod trace;
pub mod transfers;

pub use judge::{Expected, Logs, Verdict};
