// SPDX-License-Identifier: GPL-2.0

//! What Linux 7.3 lacks: `NoMapping`, bound allocations, and ranges.

use crate::{
    glue::cases,
    layout::Layout, //
};
use core::mem::offset_of;
use kernel::{
    device::{
        Bound,
        Device, //
    },
    dma::{
        bound,
        Coherent,
        NoMapping, //
    },
    ffi::c_void,
    io::io_project,
    prelude::*, //
};

macro_rules! sizes {
    ($($no_mapping:ident $bound_normal:ident $bound_no_mapping:ident $size:literal)*) => {
        cases! { ALLOC: Device<Bound>; $(
            $no_mapping(dev, i) {
                match Coherent::<[u8; $size], NoMapping>::new(dev, GFP_KERNEL) {
                    Ok(_buffer) => 0,
                    Err(_) => 1,
                }
            }

            $bound_normal(dev, i) {
                match bound::Coherent::<[u8; $size]>::zeroed(dev, GFP_KERNEL) {
                    Ok(_buffer) => 0,
                    Err(_) => 1,
                }
            }

            $bound_no_mapping(dev, i) {
                match bound::Coherent::<[u8; $size], NoMapping>::new(dev, GFP_KERNEL) {
                    Ok(_buffer) => 0,
                    Err(_) => 1,
                }
            }
        )* }
    };
}

sizes! {
    alloc_no_mapping_64 alloc_bound_normal_64 alloc_bound_no_mapping_64 64
    alloc_no_mapping_4096 alloc_bound_normal_4096 alloc_bound_no_mapping_4096 4096
    alloc_no_mapping_65536 alloc_bound_normal_65536 alloc_bound_no_mapping_65536 65536
    alloc_no_mapping_1048576 alloc_bound_normal_1048576 alloc_bound_no_mapping_1048576 1048576
    alloc_no_mapping_4194304 alloc_bound_normal_4194304 alloc_bound_no_mapping_4194304 4194304
}

fn try_index(buffer: &Coherent<Layout, NoMapping>, index: usize) -> Result<u64> {
    Ok(io_project!(buffer, .ring[try: index]).dma_address())
}

cases! { PROJECT: Coherent<Layout, NoMapping>;
    project_field_no_mapping(buffer, i) {
        io_project!(buffer, .word64).dma_address()
    }

    project_nested_no_mapping(buffer, i) {
        io_project!(buffer, .ring[build: 5][build: 3].flags).dma_address()
    }

    project_try_no_mapping(buffer, i) {
        try_index(buffer, i).unwrap_or(0)
    }

    project_panic_no_mapping(buffer, i) {
        io_project!(buffer, .ring[panic: i]).dma_address()
    }

    range_field(buffer, i) {
        buffer.dma_range().address_at(offset_of!(Layout, word64)).unwrap_or(0)
    }

    range_try(buffer, i) {
        buffer.dma_range().address_at(i).unwrap_or(0)
    }
}
