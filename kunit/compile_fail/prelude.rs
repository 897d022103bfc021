// SPDX-License-Identifier: GPL-2.0

use kernel::{
    device::{
        self,
        Bound,
        Device, //
    },
    dma::*,
    io::*,
    prelude::*, //
};
