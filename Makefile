# SPDX-License-Identifier: GPL-2.0
#
# Forwards every goal to the tool in rust/xtask; `make` lists its commands and settings.

CACHE := $(or $(COHERENT_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/coherent)

# Each checkout has its own: cargo cannot tell the sources of two checkouts apart.
export CARGO_TARGET_DIR := $(CACHE)/target/$(subst /,-,$(CURDIR))
unexport MAKEFLAGS MFLAGS
.NOTPARALLEL:

SUDO := $(if $(filter-out 0,$(shell id -u)),sudo)

help: xtask
	@"$(CARGO_TARGET_DIR)/debug/xtask" --help

%: xtask
	@exec "$(CARGO_TARGET_DIR)/debug/xtask" $@

Makefile: ;

# Cargo links with cc, so the tool cannot install it.
.PHONY: help xtask clean
xtask:
	@command -v cargo >/dev/null || { \
		echo 'cargo is missing: install a Rust toolchain, for example with rustup' >&2; exit 1; }
	@command -v cc >/dev/null || { \
		echo '==> installing gcc: cargo links with it'; \
		$(SUDO) apt-get update -qq && $(SUDO) apt-get install -qq --yes --no-install-recommends gcc libc6-dev; }
	@[ -x "$(CARGO_TARGET_DIR)/debug/xtask" ] || echo '==> building the tool'
	@cargo build --locked --manifest-path rust/xtask/Cargo.toml

clean:
	rm -rf "$(CACHE)"
