// SPDX-License-Identifier: GPL-2.0

//! DMA addresses of parts, by projection and by addition.

use crate::{
    glue::cases,
    layout::{
        Entry,
        Layout, //
    }, //
};
use core::mem::offset_of;
use kernel::{
    dma::Coherent,
    ffi::c_void,
    io::io_project,
    prelude::*, //
};

fn try_index(buffer: &Coherent<Layout>, index: usize) -> Result<u64> {
    Ok(io_project!(buffer, .ring[try: index]).dma_address())
}

cases! { CASES: Coherent<Layout>;
    project_field(buffer, i) {
        io_project!(buffer, .word64).dma_address()
    }

    project_nested(buffer, i) {
        io_project!(buffer, .ring[build: 5][build: 3].flags).dma_address()
    }

    project_try(buffer, i) {
        try_index(buffer, i).unwrap_or(0)
    }

    project_panic(buffer, i) {
        io_project!(buffer, .ring[panic: i]).dma_address()
    }

    hand_field(buffer, i) {
        buffer.dma_address() + offset_of!(Layout, word64) as u64
    }

    hand_nested(buffer, i) {
        let entry = (5 * 8 + 3) * size_of::<Entry>() + offset_of!(Entry, flags);
        buffer.dma_address() + (offset_of!(Layout, ring) + entry) as u64
    }

    hand_try(buffer, i) {
        if i < 8 {
            let row = i * size_of::<[Entry; 8]>();
            buffer.dma_address() + (offset_of!(Layout, ring) + row) as u64
        } else {
            0
        }
    }
}
