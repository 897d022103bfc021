// SPDX-License-Identifier: GPL-2.0

//! Checks of the library: what must not compile, the API, the form of the code.

pub mod binding;
pub mod contract;
pub mod driver;
pub mod guide;
pub mod lint;
pub mod nvme;
pub mod suites;
