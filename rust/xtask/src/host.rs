// SPDX-License-Identifier: GPL-2.0

//! What the tool asks of the machine it runs on: places, processes, progress, tables.

pub mod lanes;
pub mod lock;
pub mod process;
pub mod progress;
pub mod table;
pub mod workspace;
