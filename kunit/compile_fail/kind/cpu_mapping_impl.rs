// SPDX-License-Identifier: GPL-2.0

//! A driver implements `CpuMapping` for `NoMapping`.

include!("../prelude.rs");

pub trait Claim {}

// control: impl Claim for NoMapping {}
impl CpuMapping for NoMapping {} //~ E0117
