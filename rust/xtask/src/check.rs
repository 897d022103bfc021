// SPDX-License-Identifier: GPL-2.0

//! Checks of the library: what must not compile, the object code, the form of the code.

pub mod cells;
pub mod contract;
pub mod driver;
pub mod lint;
pub mod nvme;
pub mod samples;
pub mod suites;
