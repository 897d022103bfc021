// SPDX-License-Identifier: GPL-2.0

//! Checks of the library: what must not compile, the object code, the form of the code.

pub mod cells;
pub mod contract;
mod documented;
pub mod driver;
pub mod in_qemu;
pub mod lint;
pub mod nvme;
pub mod oldest_rustc;
pub mod suites;
