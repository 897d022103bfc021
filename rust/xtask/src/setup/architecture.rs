// SPDX-License-Identifier: GPL-2.0

//! What a kernel is built for and with, and what differs from one architecture to the other.

use serde::{Deserialize, Serialize};

/// What a kernel is built for, and the compiler of its C code.
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
    /// The machine's own; it compiles for the machine's own architecture only.
    #[default]
    Gcc,
    /// With the rest of LLVM.
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

/// What differs from one architecture to the other.
pub struct Facts {
    /// That of the configuration fragment that each kernel for it has, too.
    pub name: &'static str,
    /// What kbuild calls it.
    pub kbuild: &'static str,
    /// What QEMU boots, in the build directory.
    pub image: &'static str,
    pub qemu: &'static str,
    /// The packages that have this QEMU, in one release of Debian or another, as a pattern.
    pub qemu_packages: &'static str,
    pub machine: &'static str,
    pub cpu: &'static str,
    /// What the kernel is told: that its console is on QEMU's first serial port, and for `boot/init`
    /// that the trace goes to the second. A machine that has one only gets another on the PCI bus.
    pub command_line: &'static str,
    pub two_ports: bool,
    /// What Debian calls its user space.
    pub debian: &'static str,
}

const X86_64: Facts = Facts {
    name: "x86_64",
    kbuild: "x86",
    image: "arch/x86/boot/bzImage",
    qemu: "qemu-system-x86_64",
    qemu_packages: "^qemu-system-x86$",
    machine: "q35",
    cpu: "max",
    // On a busy host its test of the timer fails, and then it panics.
    command_line: "console=ttyS0 TRACE=/dev/ttyS1 no_timer_check",
    two_ports: true,
    debian: "amd64",
};

const ARM64: Facts = Facts {
    name: "arm64",
    kbuild: "arm64",
    image: "arch/arm64/boot/Image",
    qemu: "qemu-system-aarch64",
    qemu_packages: "^qemu-system-arm$",
    machine: "virt,gic-version=3",
    // Emulating the pointer authentication of `max` takes most of the time.
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
    qemu_packages: "^qemu-system-arm$",
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
    qemu_packages: "^qemu-system-(misc|riscv)$",
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
    qemu_packages: "^qemu-system-(misc|loongarch)$",
    machine: "virt",
    cpu: "la464",
    command_line: "console=ttyS0 TRACE=/dev/ttyS1",
    two_ports: false,
    debian: "loong64",
};
