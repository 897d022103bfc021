// SPDX-License-Identifier: GPL-2.0

//! Building with kbuild: a kernel and external modules.

pub mod external_module;
pub mod kbuild;
pub mod session;
