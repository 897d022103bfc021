// SPDX-License-Identifier: GPL-2.0

//! CPU access.

use crate::{
    glue::cases,
    layout::{
        Block,
        Layout, //
    }, //
};
use kernel::{
    dma::Coherent,
    ffi::c_void,
    io::{
        io_project,
        io_read,
        io_write,
        Io, //
    }, //
};

cases! { CASES: Coherent<Layout>;
    read_u8(buffer, i) { u64::from(io_read!(buffer, .word8)) }
    read_u16(buffer, i) { u64::from(io_read!(buffer, .word16)) }
    read_u32(buffer, i) { u64::from(io_read!(buffer, .word32)) }
    read_u64(buffer, i) { io_read!(buffer, .word64) }

    write_u8(buffer, i) {
        io_write!(buffer, .word8, i as u8);
        0
    }

    write_u16(buffer, i) {
        io_write!(buffer, .word16, i as u16);
        0
    }

    write_u32(buffer, i) {
        io_write!(buffer, .word32, i as u32);
        0
    }

    write_u64(buffer, i) {
        io_write!(buffer, .word64, i as u64);
        0
    }

    copy_read(buffer, i) {
        let [a, b, c, d] = io_project!(buffer, .block).copy_read().0;
        a ^ b ^ c ^ d
    }

    copy_write(buffer, i) {
        io_project!(buffer, .block).copy_write(Block([i as u64; 4]));
        0
    }
}
