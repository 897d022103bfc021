// SPDX-License-Identifier: GPL-2.0

//! Building with kbuild: a kernel, external modules, and the commands that kbuild saved.

pub mod external_module;
pub mod kbuild;
pub mod kbuild_cmd;
pub mod session;
