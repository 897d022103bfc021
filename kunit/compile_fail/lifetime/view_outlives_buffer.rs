// SPDX-License-Identifier: GPL-2.0

//! A view outlives its buffer.

include!("../prelude.rs");

pub fn f(frames: Coherent<[u32; 16], NoMapping>) {
    let view = io_project!(&frames, [build: 3]);
    // control: let _ = &frames;
    drop(frames); //~ E0505
    let _ = view.dma_address();
}
