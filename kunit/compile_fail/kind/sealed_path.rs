// SPDX-License-Identifier: GPL-2.0

//! A driver names the private trait that seals the kinds.

include!("../prelude.rs");

// control: use kernel::dma::CoherentKind as Sealed;
use kernel::dma::coherent::private::Kind as Sealed; //~ E0603

pub fn f() {}
