// SPDX-License-Identifier: GPL-2.0

//! Booting a kernel in QEMU.

pub mod boot;
