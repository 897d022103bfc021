// SPDX-License-Identifier: GPL-2.0

//! Commands, their completions, and the data structures of Identify, as in the NVM Express Base
//! Specification 1.4.

use kernel::{
    dma::{
        lower_32_bits,
        upper_32_bits,
        DmaAddress, //
    },
    prelude::*, //
};

/// Implements the traits that [`Coherent`](kernel::dma::Coherent) wants of a type that both the CPU
/// and the device access.
macro_rules! shared_with_device {
    ($($type:ty),* $(,)?) => {$(
        const _: () = {
            const fn derived<T: FromBytes + IntoBytes>() {}
            derived::<$type>();
        };

        // SAFETY: `IntoBytes` is derived, which is refused for a type with padding.
        unsafe impl kernel::transmute::AsBytes for $type {}

        // SAFETY: `FromBytes` is derived, which is refused for a type with an invalid bit pattern.
        // All fields are integers.
        unsafe impl kernel::transmute::FromBytes for $type {}
    )*};
}

shared_with_device!(
    SubmissionEntry,
    CompletionEntry,
    IdentifyController,
    IdentifyNamespace,
);

// Admin commands.
pub(super) const CREATE_SUBMISSION_QUEUE: u8 = 0x01;
pub(super) const CREATE_COMPLETION_QUEUE: u8 = 0x05;
pub(super) const IDENTIFY: u8 = 0x06;
pub(super) const SET_FEATURES: u8 = 0x09;

// Their arguments.
pub(super) const IDENTIFY_CONTROLLER: u32 = 1;
pub(super) const NUMBER_OF_QUEUES: u32 = 0x07;
pub(super) const PHYSICALLY_CONTIGUOUS: u32 = 1 << 0;
pub(super) const INTERRUPTS_ENABLED: u32 = 1 << 1;

/// An entry of a submission queue (section 4.2). All numbers are little-endian.
#[derive(Clone, Copy, Default, FromBytes, IntoBytes)]
#[repr(C)]
pub(super) struct SubmissionEntry {
    opcode: u8,
    flags: u8,
    command_id: u16,
    nsid: u32,
    reserved: [u32; 2],
    metadata: u64,
    prp: [u64; 2],
    /// Command dwords 10 to 12.
    arguments: [u32; 3],
    unused: [u32; 3],
}

impl SubmissionEntry {
    /// A command with up to two PRP entries; a namespace or an entry of zero is none.
    pub(super) fn new(opcode: u8, nsid: u32, prp: [DmaAddress; 2]) -> Self {
        Self {
            opcode,
            nsid: nsid.to_le(),
            prp: prp.map(prp_entry),
            ..Default::default()
        }
    }

    /// Sets the command dwords 10 to 12.
    pub(super) fn with_arguments(mut self, arguments: [u32; 3]) -> Self {
        self.arguments = arguments.map(u32::to_le);
        self
    }

    pub(super) fn with_id(mut self, id: u16) -> Self {
        self.command_id = id.to_le();
        self
    }
}

/// Returns an address as commands and PRP lists have it.
pub(super) fn prp_entry(address: DmaAddress) -> u64 {
    // Where an address has 32 bits, the upper half is zero.
    (u64::from(upper_32_bits(address)) << 32 | u64::from(lower_32_bits(address))).to_le()
}

/// What an I/O command does: its opcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Operation {
    Flush = 0x00,
    Write = 0x01,
    Read = 0x02,
}

/// An entry of a completion queue (section 4.6). All numbers are little-endian.
#[derive(Clone, Copy, FromBytes, IntoBytes)]
#[repr(C)]
pub(super) struct CompletionEntry {
    result: [u32; 2],
    submission_queue: [u16; 2],
    command_id: u16,
    /// The status field, and the phase tag in the lowest bit.
    pub(super) status: u16,
}

impl CompletionEntry {
    pub(super) fn command_id(&self) -> usize {
        u16::from_le(self.command_id).into()
    }

    /// Returns the status code type and the status code, which are zero if the command succeeded.
    pub(super) fn status(&self) -> (u16, u16) {
        // Without the phase tag, the retry delay, More and Do Not Retry.
        let status = u16::from_le(self.status) >> 1;
        (status >> 8 & 0x7, status & 0xff)
    }
}

/// The data structure of Identify for a controller (figure 247), as far as it is used here.
#[derive(FromBytes, IntoBytes)]
#[repr(C)]
pub(super) struct IdentifyController {
    unused0: [u8; 77],
    /// Maximum Data Transfer Size, as a power of two of pages; zero is no limit.
    pub(super) mdts: u8,
    unused1: [u8; 447],
    /// Volatile Write Cache: present if the lowest bit is set.
    pub(super) vwc: u8,
    unused2: [u8; 3570],
}

/// The data structure of Identify for a namespace (figure 245), as far as it is used here.
#[derive(FromBytes, IntoBytes)]
#[repr(C)]
pub(super) struct IdentifyNamespace {
    /// Namespace Size, in blocks, lower and upper half: 32-bit CPUs have no access of 64 bits.
    pub(super) nsze: [u32; 2],
    unused0: [u8; 18],
    /// Formatted LBA Size: the index into `lbaf` in the lower 4 bits.
    pub(super) flbas: u8,
    unused1: [u8; 101],
    /// LBA Formats.
    pub(super) lbaf: [LbaFormat; 16],
    unused2: [u8; 3904],
}

/// A format of the blocks of a namespace (figure 246).
#[derive(FromBytes, IntoBytes)]
#[repr(C)]
pub(super) struct LbaFormat {
    /// Metadata Size, in bytes.
    pub(super) ms: u16,
    /// LBA Data Size, as a power of two of bytes.
    pub(super) lbads: u8,
    performance: u8,
}

kernel::static_assert!(size_of::<SubmissionEntry>() == 64 && size_of::<CompletionEntry>() == 16);
kernel::static_assert!(size_of::<IdentifyController>() == 4096);
kernel::static_assert!(size_of::<IdentifyNamespace>() == 4096);
kernel::static_assert!(core::mem::offset_of!(IdentifyController, vwc) == 525);
kernel::static_assert!(core::mem::offset_of!(IdentifyNamespace, lbaf) == 128);
