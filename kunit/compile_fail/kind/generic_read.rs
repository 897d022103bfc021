// SPDX-License-Identifier: GPL-2.0

//! Code that is generic over the kind reads the memory.

include!("../prelude.rs");

// control: pub fn f<Kind: CpuMapping>(c: &Coherent<u32, Kind>) -> u32 {
pub fn f<Kind: CoherentKind>(c: &Coherent<u32, Kind>) -> u32 {
    c.read_val() //~ E0277
}
