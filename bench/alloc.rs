// SPDX-License-Identifier: GPL-2.0

//! Allocate and free.

use crate::glue::cases;
use kernel::{
    device::{
        Bound,
        Device, //
    },
    dma::{
        Coherent,
        CoherentHandle, //
    },
    ffi::c_void,
    prelude::*, //
};

macro_rules! sizes {
    ($($normal:ident $slice:ident $handle:ident $size:literal)*) => {
        cases! { CASES: Device<Bound>; $(
            $normal(dev, i) {
                match Coherent::<[u8; $size]>::zeroed(dev, GFP_KERNEL) {
                    Ok(_buffer) => 0,
                    Err(_) => 1,
                }
            }

            $slice(dev, i) {
                match Coherent::<u8>::zeroed_slice(dev, $size, GFP_KERNEL) {
                    Ok(_buffer) => 0,
                    Err(_) => 1,
                }
            }

            $handle(dev, i) {
                match CoherentHandle::alloc(dev, $size, GFP_KERNEL) {
                    Ok(_buffer) => 0,
                    Err(_) => 1,
                }
            }
        )* }
    };
}

sizes! {
    alloc_normal_64 alloc_normal_slice_64 alloc_handle_64 64
    alloc_normal_4096 alloc_normal_slice_4096 alloc_handle_4096 4096
    alloc_normal_65536 alloc_normal_slice_65536 alloc_handle_65536 65536
    alloc_normal_1048576 alloc_normal_slice_1048576 alloc_handle_1048576 1048576
    alloc_normal_4194304 alloc_normal_slice_4194304 alloc_handle_4194304 4194304
}
