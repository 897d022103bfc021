// SPDX-License-Identifier: GPL-2.0

//! Commands, their completions, and the data structures of Identify, as in the NVM Express Base
//! Specification 1.4.

use kernel::{
    dma::{
        lower_32_bits,
        upper_32_bits,
        DmaAddress, //
    },
    fmt,
    prelude::*, //
};

/// Implements the traits that [`Coherent`](kernel::dma::Coherent) wants of a type that both the CPU
/// and the device access.
macro_rules! shared_with_device {
    ($($type:ty),* $(,)?) => {$(
        // SAFETY: `IntoBytes` is derived, which is refused for a type with padding.
        unsafe impl kernel::transmute::AsBytes for $type {}

        // SAFETY: `FromBytes` is derived, which is refused for a type with an invalid bit pattern.
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
const CREATE_SUBMISSION_QUEUE: u8 = 0x01;
const CREATE_COMPLETION_QUEUE: u8 = 0x05;
const IDENTIFY: u8 = 0x06;
const SET_FEATURES: u8 = 0x09;

const FEATURE_NUMBER_OF_QUEUES: u32 = 0x07;
const PHYSICALLY_CONTIGUOUS: u32 = 1 << 0;
const INTERRUPTS_ENABLED: u32 = 1 << 1;

/// The identifier of the only pair of I/O queues.
pub(super) const IO_QUEUE: u16 = 1;

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
    cdw10: u32,
    cdw11: u32,
    cdw12: u32,
    cdw13: u32,
    cdw14: u32,
    cdw15: u32,
}

impl SubmissionEntry {
    fn new(opcode: u8, nsid: u32) -> Self {
        Self {
            opcode,
            nsid: nsid.to_le(),
            ..Default::default()
        }
    }

    fn with_prp(mut self, first: DmaAddress, second: DmaAddress) -> Self {
        self.prp = [prp_entry(first), prp_entry(second)];
        self
    }

    pub(super) fn with_id(mut self, id: u16) -> Self {
        self.command_id = id.to_le();
        self
    }

    /// Identify, of the controller.
    pub(super) fn identify_controller(data: DmaAddress) -> Self {
        let mut entry = Self::new(IDENTIFY, 0).with_prp(data, 0);
        entry.cdw10 = 1u32.to_le();
        entry
    }

    /// Identify, of a namespace.
    pub(super) fn identify_namespace(nsid: u32, data: DmaAddress) -> Self {
        Self::new(IDENTIFY, nsid).with_prp(data, 0)
    }

    /// Set Features, Number of Queues: one pair of I/O queues.
    pub(super) fn one_queue_pair() -> Self {
        let mut entry = Self::new(SET_FEATURES, 0);
        entry.cdw10 = FEATURE_NUMBER_OF_QUEUES.to_le();
        entry
    }

    /// Create I/O Completion Queue, with interrupt vector 0.
    pub(super) fn create_completion_queue(entries: u16, queue: DmaAddress) -> Self {
        let mut entry = Self::new(CREATE_COMPLETION_QUEUE, 0).with_prp(queue, 0);
        entry.cdw10 = (u32::from(entries - 1) << 16 | u32::from(IO_QUEUE)).to_le();
        entry.cdw11 = (INTERRUPTS_ENABLED | PHYSICALLY_CONTIGUOUS).to_le();
        entry
    }

    /// Create I/O Submission Queue, whose completions go to the queue above.
    pub(super) fn create_submission_queue(entries: u16, queue: DmaAddress) -> Self {
        let mut entry = Self::new(CREATE_SUBMISSION_QUEUE, 0).with_prp(queue, 0);
        entry.cdw10 = (u32::from(entries - 1) << 16 | u32::from(IO_QUEUE)).to_le();
        entry.cdw11 = (u32::from(IO_QUEUE) << 16 | PHYSICALLY_CONTIGUOUS).to_le();
        entry
    }

    /// Read or Write of `blocks` blocks, which is not zero, from `block` on.
    pub(super) fn transfer(
        operation: Operation,
        nsid: u32,
        block: u64,
        blocks: u16,
        prp: [DmaAddress; 2],
    ) -> Self {
        let mut entry = Self::new(operation.opcode(), nsid).with_prp(prp[0], prp[1]);
        // CAST: Each keeps one half.
        (entry.cdw10, entry.cdw11) = ((block as u32).to_le(), ((block >> 32) as u32).to_le());
        entry.cdw12 = u32::from(blocks - 1).to_le();
        entry
    }

    /// Flush: has the namespace write its cache to the medium.
    pub(super) fn flush(nsid: u32) -> Self {
        Self::new(Operation::Flush.opcode(), nsid)
    }
}

/// Returns an address as commands and PRP lists have it.
pub(super) fn prp_entry(address: DmaAddress) -> u64 {
    // Where an address has 32 bits, the upper half is zero.
    (u64::from(upper_32_bits(address)) << 32 | u64::from(lower_32_bits(address))).to_le()
}

/// What an I/O command does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Read,
    Write,
    Flush,
}

impl Operation {
    fn opcode(self) -> u8 {
        match self {
            Operation::Flush => 0x00,
            Operation::Write => 0x01,
            Operation::Read => 0x02,
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Operation::Read => "read",
            Operation::Write => "write",
            Operation::Flush => "flush",
        })
    }
}

/// An entry of a completion queue (section 4.6). All numbers are little-endian.
#[derive(Clone, Copy, FromBytes, IntoBytes)]
#[repr(C)]
pub(super) struct CompletionEntry {
    pub(super) result: u32,
    reserved: u32,
    submission_head: u16,
    submission_queue: u16,
    pub(super) command_id: u16,
    /// The status field, and the phase tag in the lowest bit.
    pub(super) status: u16,
}

/// The status of a command: the status code type and the status code.
#[derive(Clone, Copy)]
pub(super) struct CommandStatus(u16);

impl CommandStatus {
    /// Takes the status out of the last 16 bits of a completion.
    pub(super) fn new(status: u16) -> Self {
        // Without the phase tag, the retry delay, More and Do Not Retry.
        Self((status >> 1) & 0x7ff)
    }

    pub(super) fn is_success(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for CommandStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (code_type, code) = (self.0 >> 8, self.0 & 0xff);
        let meaning = match (code_type, code) {
            (0, 0x02) => "invalid field in command",
            (0, 0x04) => "data transfer error",
            (0, 0x06) => "internal error",
            (0, 0x07) => "command abort requested",
            (0, 0x0b) => "invalid namespace or format",
            (0, 0x13) => "PRP offset invalid",
            (0, 0x20) => "namespace is write protected",
            (0, 0x80) => "LBA out of range",
            (0, 0x81) => "capacity exceeded",
            (0, 0x82) => "namespace not ready",
            (2, 0x80) => "write fault",
            (2, 0x81) => "unrecovered read error",
            (2, 0x86) => "access denied",
            _ => "see the specification",
        };
        f.write_fmt(fmt!(
            "status code type {code_type:#x} code {code:#x}, {meaning}"
        ))
    }
}

/// The data structure of Identify for a controller (figure 247), as far as it is used here.
#[derive(FromBytes, IntoBytes)]
#[repr(C)]
pub(super) struct IdentifyController {
    unused0: [u8; 77],
    /// Maximum Data Transfer Size, as a power of two of pages; zero is no limit.
    pub(super) mdts: u8,
    unused1: [u8; 434],
    /// Submission Queue Entry Size: the required one in the lower 4 bits, as a power of two.
    pub(super) sqes: u8,
    /// Completion Queue Entry Size.
    pub(super) cqes: u8,
    unused2: [u8; 2],
    /// Number of Namespaces.
    pub(super) nn: u32,
    unused3: [u8; 5],
    /// Volatile Write Cache: present if the lowest bit is set.
    pub(super) vwc: u8,
    unused4: [u8; 3570],
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

kernel::static_assert!(size_of::<SubmissionEntry>() == 64);
kernel::static_assert!(size_of::<CompletionEntry>() == 16);
kernel::static_assert!(size_of::<IdentifyController>() == 4096);
kernel::static_assert!(size_of::<IdentifyNamespace>() == 4096);
kernel::static_assert!(core::mem::offset_of!(IdentifyController, vwc) == 525);
kernel::static_assert!(core::mem::offset_of!(IdentifyNamespace, lbaf) == 128);
