// SPDX-License-Identifier: GPL-2.0

//! Whether a run was good: text in, findings out. No file is read and no program is run here.

pub mod addresses;
pub mod console;
pub mod ktap;
pub mod report;
pub mod trace;
pub mod transfers;
