// SPDX-License-Identifier: GPL-2.0

//! A kind is a trait object.

include!("../prelude.rs");

pub struct Any {
    // control: kind: Option<KBox<dyn Send>>,
    kind: Option<KBox<dyn CoherentKind>>, //~ E0038
}
