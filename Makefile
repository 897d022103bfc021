# SPDX-License-Identifier: GPL-2.0
#
# The front door. What the commands do is in rust/xtask; `make help` lists them.

CACHE := $(or $(COHERENT_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/coherent)

# Cargo would otherwise put its products into the checkout.
export CARGO_TARGET_DIR := $(CACHE)/target
unexport MAKEFLAGS MFLAGS

TASKS := demo test upstream matrix driver shell series apply unapply docs \
	contract bless mutants bench bench-check bench-bless \
	toolchain source graft configure build fmt

.PHONY: help $(TASKS) clean

help:
	@echo 'make demo        watch a device move data through memory that the CPU cannot see'
	@echo 'make test        run every test'
	@echo 'make upstream    run upstream'\''s own users and tests, without the library and with it'
	@echo 'make matrix      run the suites on machines that reach memory by different roads'
	@echo
	@echo 'make driver      build, load and judge your own module: M=path/to/module (docs/your-driver.md)'
	@echo 'make shell       a shell in the kernel, with the samples and QEMU'\''s edu at hand'
	@echo
	@echo 'make series      write the library as a series of patches against Linux 7.3, and check it'
	@echo 'make apply       put that series on a branch of your own git tree: KDIR=~/linux'
	@echo 'make unapply     take it back'
	@echo
	@echo 'make bench       measure the library against C and against upstream'
	@echo
	@echo 'Steps of these, to run by themselves:'
	@echo 'make toolchain   install what is missing to build and boot a kernel with Rust'
	@echo 'make source      fetch Linux 7.3'
	@echo 'make graft       put the library into a copy of it'
	@echo 'make configure   configure that copy'
	@echo 'make build       build that copy, kunit/ and samples/'
	@echo 'make docs        render the kernel'\''s Rust documentation'
	@echo 'make contract    check what must not compile'
	@echo 'make bless       accept the messages of the compiler as they are now'
	@echo 'make mutants     weaken the library in one way at a time: some check has to fail'
	@echo 'make bench-check fail if something takes more instructions than bench/results.json says'
	@echo 'make bench-bless take the present code of the cases for what is in bench/asm'
	@echo 'make fmt         format the code'
	@echo 'make clean       remove the cache ($(CACHE))'
	@echo
	@echo 'Settings:'
	@echo 'KERNEL_SRC=      a Linux 7.3 tree or tarball to use in place of Debian'\''s'
	@echo 'QEMU_ARGS=       more arguments for QEMU, for driver and shell'
	@echo 'TIMEOUT=         seconds until a run of driver is stopped (60)'
	@echo 'SIGNOFF=1        series, apply: sign off with your git identity'
	@echo 'VERIFY=1         series: build and boot each commit, and run its tests'
	@echo 'BRANCH=          apply, unapply: the name of the branch, if not coherent-kind'
	@echo 'CELL=            the one machine that make matrix runs'
	@echo 'COHERENT_CACHE=  where downloads, trees and builds go'

$(TASKS): xtask
	@exec "$(CARGO_TARGET_DIR)/debug/xtask" $@

# Cargo links with cc, so this cannot be left to the tool that cargo builds.
.PHONY: xtask
xtask:
	@command -v cargo >/dev/null || { \
		echo 'cargo is missing: install a Rust toolchain, for example with rustup' >&2; exit 1; }
	@command -v cc >/dev/null || { \
		echo '==> installing gcc: cargo links with it'; \
		apt-get update -qq && apt-get install -qq --yes --no-install-recommends gcc libc6-dev; }
	@cargo build --locked --manifest-path rust/xtask/Cargo.toml || { \
		[ "$$(df --output=avail '$(CACHE)' | tail -n 1)" -gt 1000000 ] || \
		echo '$(CACHE) is full: make room, or name another directory with COHERENT_CACHE=' >&2; \
		exit 1; }

clean:
	rm -rf "$(CACHE)"
