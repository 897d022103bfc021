// SPDX-License-Identifier: GPL-2.0

//! Architectures and compilers.

use serde::{Deserialize, Serialize};

/// The architecture of a kernel, and the compiler of its C code.
#[derive(Clone, Copy, Debug, Default)]
pub struct Target {
    pub architecture: Architecture,
    pub compiler: Compiler,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Architecture {
    #[default]
    X86_64,
    Arm64,
    Arm,
    Riscv64,
    Loongarch64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Compiler {
    /// The machine's, which compiles for the machine's architecture only.
    #[default]
    Gcc,
    /// With the other programs of LLVM.
    Clang,
}

impl Architecture {
    pub fn facts(self) -> &'static Facts {
        match self {
            Self::X86_64 => &X86_64,
            Self::Arm64 => &ARM64,
            Self::Arm => &ARM,
            Self::Riscv64 => &RISCV64,
            Self::Loongarch64 => &LOONGARCH64,
        }
    }
}

/// The differences between architectures.
pub struct Facts {
    /// Also the name of its configuration fragment.
    pub name: &'static str,
    /// kbuild's name.
    pub kbuild: &'static str,
    /// The kernel image in the build directory.
    pub image: &'static str,
    pub qemu: &'static str,
    pub machine: &'static str,
    pub cpu: &'static str,
    /// Puts the console on QEMU's first serial port. `boot/init` reads TRACE and writes the trace to the
    /// second, which is on the PCI bus where the machine has one port.
    pub command_line: &'static str,
    pub two_ports: bool,
    /// Debian's name.
    pub debian: &'static str,
}

const X86_64: Facts = Facts {
    name: "x86_64",
    kbuild: "x86",
    image: "arch/x86/boot/bzImage",
    qemu: "qemu-system-x86_64",
    machine: "q35",
    cpu: "max",
    // On a busy host the kernel's test of the timer fails, and the kernel panics.
    command_line: "console=ttyS0 TRACE=/dev/ttyS1 no_timer_check",
    two_ports: true,
    debian: "amd64",
};

const ARM64: Facts = Facts {
    name: "arm64",
    kbuild: "arm64",
    image: "arch/arm64/boot/Image",
    qemu: "qemu-system-aarch64",
    machine: "virt,gic-version=3",
    // Emulating the pointer authentication of `max` is slow.
    cpu: "cortex-a72",
    command_line: "console=ttyAMA0 TRACE=/dev/ttyS0",
    two_ports: false,
    debian: "arm64",
};

const ARM: Facts = Facts {
    name: "arm",
    kbuild: "arm",
    image: "arch/arm/boot/zImage",
    qemu: "qemu-system-arm",
    machine: "virt",
    cpu: "cortex-a15",
    command_line: "console=ttyAMA0 TRACE=/dev/ttyS0",
    two_ports: false,
    debian: "armhf",
};

const RISCV64: Facts = Facts {
    name: "riscv64",
    kbuild: "riscv",
    image: "arch/riscv/boot/Image",
    qemu: "qemu-system-riscv64",
    machine: "virt",
    cpu: "rv64",
    command_line: "console=ttyS0 TRACE=/dev/ttyS1",
    two_ports: false,
    debian: "riscv64",
};

const LOONGARCH64: Facts = Facts {
    name: "loongarch64",
    kbuild: "loongarch",
    image: "vmlinux",
    qemu: "qemu-system-loongarch64",
    machine: "virt",
    cpu: "la464",
    command_line: "console=ttyS0 TRACE=/dev/ttyS1",
    two_ports: false,
    debian: "loong64",
};
