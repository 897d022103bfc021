// SPDX-License-Identifier: GPL-2.0

//! A driver implements a kind.

include!("../prelude.rs");

pub struct Mine;

pub trait Quiet {}

// control: impl Quiet for Mine {}
impl CoherentKind for Mine {} //~ E0277
