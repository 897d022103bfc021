// SPDX-License-Identifier: GPL-2.0

//! What is fetched or installed before anything is built: the kernel source and the toolchain.

pub mod apt;
pub mod architecture;
pub mod guest;
pub mod source;
pub mod toolchain;
