# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every entry point of balloonbench. `make help` lists them. The .mk of a folder has its
# sources and rules.

O ?= build
V ?= 0
SUITE ?= default
# The claims that `make bench` checks; none: QOS=
QOS ?= $(wildcard bench/qos/*.ini)
PREFIX ?= /usr/local
CC ?= gcc
CLANG ?= clang
export KERNEL_SRC KERNEL_PATCHES MAINLINE_SRC QEMU QEMU_SRC QEMU_PATCHES BALLOONBENCH_CACHE

Q = $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),@:,@printf '  %-8s %s\n')

CFLAGS ?= -O2 -g
# The code checks for truncation where it matters; gcc cannot know where that is, and clang
# does not have the option.
ALL_CFLAGS = -std=c11 -Wall -Wextra -Werror -Wno-unknown-warning-option -Wno-format-truncation -D_GNU_SOURCE -I. -isystem $(O) -MMD -MP $(CFLAGS)
LDLIBS = -linih -ljansson -lgsl -lgslcblas -lm
BPF_LDLIBS = -lbpf -lelf -lz
HTML_LDLIBS = -lz -lnettle

obj = $(patsubst %.c,$(O)/%.o,$(1))

.DELETE_ON_ERROR:
.PHONY: pack-reference deps programs all bench report install install-programs deb clean cache clean-cache help check-patches check-mainline
.DEFAULT_GOAL := all

# Each adds its programs, archives and sources to these.
programs :=
archives :=
all_src :=
scripts := $(filter-out scripts/packages%,$(wildcard scripts/*)) .ci/run bench/policies/headroom
include vm-images/vm-images.mk bench/bench.mk analysis/analysis.mk bpf/bpf.mk lib/lib.mk
include tests/tests.mk tests/sanitizers/sanitizers.mk

##@ Targets
all: $(programs) $(images) $(O)/initramfs.cpio ## build the programs, QEMU and the guest kernels

programs: $(programs) $(O)/initramfs.cpio ## build the programs only: no QEMU, no kernel

deps: ## install the Debian packages that are missing (prints the command when not root)
	$(Q)scripts/deps

# Layouts of the cuts that the suite runs, as many as it says or BUILDS=K does.
bench: builds_of = --suite $(SUITE)
bench: $(if $(filter mainline,$(SUITE)),$(programs) $(O)/initramfs.cpio $(O)/mainline/images.ini,all) ## build, run the default suite (SUITE=full: the long one; mainline: the series on 7.x), write report and plots
	$(Q)$(if $(filter mainline,$(SUITE)),[ ! -e $(O)/mainline/skipped ] || { cat $(O)/mainline/skipped >&2; exit 4; })
	$(Q)$(if $(filter mainline,$(SUITE)),BALLOONBENCH_DATA=$(abspath $(O)/mainline)) BUILDS=$(BUILDS) scripts/run-and-report $(O) $(SUITE) results/$$(date -u +%Y%m%dT%H%M%SZ)-$(SUITE) $(QOS)

.PHONY: test $(stages:%=test-%)
test: all $(runner) $(foreach stage,$(stages),$(need_$(stage))) ## all tests, all stages below; the last line counts them
	$(call run_stages,$(stages))

test-unit: alone := $(filter $(O)/tests/unit/%,$(alone))
test-unit: $(runner) $(need_unit) ## functions of the programs
	$(call run_stages,unit alone)
test-cli: $(runner) $(need_cli) ## command lines of the programs
	$(call run_stages,cli)
test-fault: $(runner) $(need_fault) ## bad input, full disks, and QEMUs that misbehave
	$(call run_stages,fault)
test-fleet: $(runner) $(need_fleet) ## a run on the nodes of a Slurm (scripts/packages-fleet)
	$(call run_stages,fleet)
test-fuzz: $(runner) $(need_fuzz) ## the fuzz targets, for a minute
	$(call run_stages,fuzz)
test-asan: $(runner) $(need_asan) ## unit, cli and fault tests, the quick ones, with ASan and UBSan
	$(call run_stages,asan)
test-valgrind: $(runner) $(need_valgrind) ## quick unit and cli tests under valgrind
	$(call run_stages,valgrind)
test-trace: $(runner) $(need_trace) ## the host's tracer against processes with known calls
	$(call run_stages,trace)
test-device: $(runner) $(need_device) ## QEMU's balloon device against malicious guests
	$(call run_stages,device)
test-patches: $(runner) $(need_patches) ## as check-patches
	$(call run_stages,patches)
test-vm: alone := $(filter $(O)/tests/vm/%,$(alone))
test-vm: $(runner) $(need_vm) ## real guests
	$(call run_stages,vm alone)
test-box: $(runner) $(need_box) ## guests under KVM, in a host that is a guest itself
	$(call run_stages,box)
test-stress: $(runner) $(need_stress) ## debug kernels under stress, for minutes
	$(call run_stages,stress)

check-patches: $(O)/.deps ## the kernel series: applies, compiles patch by patch, checkpatch
	$(Q)scripts/check-patches

check-mainline: $(O)/.deps ## the series for mainline: git am, then the same checks, for half an hour (MAINLINE_SRC=DIR: your tree)
	$(Q)scripts/check-mainline
	$(Q)scripts/check-mainline --compile

report: $(O)/balloonstat ## REPORT.md from results/reference/
	$(Q)$(O)/balloonstat report results/reference -o . --plots results/reference/plots --no-html
	$(Q)for run in $(wildcard results/reference/qos results/reference/elastic* results/reference/liveness); do \
		$(O)/balloonstat report $$run $(addprefix --qos ,$(QOS)) --only-measured --no-html || \
			[ $$? -eq 1 ] || exit; done

pack-reference: $(O)/balloonstat ## results/reference/ from a run (RUN=results/DIR, TO=qos: that folder of it)
	$(Q)scripts/pack-run $< $(or $(RUN),$(error name a result tree: make pack-reference RUN=results/DIR)) results/reference$(TO:%=/%)

install: all install-programs ## programs, man pages, scenarios and guest kernels under PREFIX (default /usr/local)
	$(Q)scripts/install-images $(images) $(DESTDIR)$(PREFIX)/share/balloonbench

install-programs: programs ## the same without kernels and QEMU, which balloonbench build makes
	$(Q)install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/balloonbench/scenarios
	$(Q)install $(programs) $(DESTDIR)$(PREFIX)/bin
	$(Q)for program in $(programs); do \
		name=$$(basename $$program); \
		$$program --man | install -D -m 644 /dev/stdin $(DESTDIR)$(PREFIX)/share/man/man1/$$name.1; \
		$$program --bash-completion | install -D -m 644 /dev/stdin \
			$(DESTDIR)$(PREFIX)/share/bash-completion/completions/$$name; \
	done
	$(Q)install -m 644 bench/variants.ini bench/suites.ini $(DESTDIR)$(PREFIX)/share/balloonbench
	$(Q)install -m 644 bench/scenarios/*.ini $(DESTDIR)$(PREFIX)/share/balloonbench/scenarios
	$(Q)install -d $(DESTDIR)$(PREFIX)/share/balloonbench/qos $(DESTDIR)$(PREFIX)/share/balloonbench/workloads
	$(Q)install -m 644 bench/workloads/*.workload $(DESTDIR)$(PREFIX)/share/balloonbench/workloads
	$(Q)install -D -t $(DESTDIR)$(PREFIX)/share/balloonbench/policies bench/policies/*
	$(Q)install -m 644 bench/qos/*.ini $(DESTDIR)$(PREFIX)/share/balloonbench/qos
	$(Q)for file in analysis/*/*.gp analysis/*/*.ini analysis/*/*.css analysis/*/*.js; do \
		install -D -m 644 $$file $(DESTDIR)$(PREFIX)/share/balloonbench/$${file#analysis/}; done
	$(Q)for file in vm-images/config/*.config vm-images/config/*.build \
		kernel-patches/series kernel-patches/*.patch qemu-patches/series qemu-patches/*.patch; do \
		install -D -m 644 $$file $(DESTDIR)$(PREFIX)/share/balloonbench/$$file; done
	$(Q)install -t $(DESTDIR)$(PREFIX)/share/balloonbench/vm-images vm-images/fetch-source vm-images/build-qemu
	$(Q)install -m 644 -t $(DESTDIR)$(PREFIX)/share/balloonbench/vm-images \
		vm-images/cache.sh vm-images/source-tree.sh vm-images/*.sources
	$(Q)install -D -m 644 $(O)/initramfs.cpio $(DESTDIR)$(PREFIX)/lib/balloonbench/initramfs.cpio

deb: ## Debian packages in build/deb (needs scripts/packages-deb)
	$(Q)rm -rf $(O)/deb && mkdir -p $(O)/deb/source
	$(Q)tar -c --exclude=./$(O) --exclude=./build --exclude='./build-*' --exclude=./results --exclude=./.git . | \
		tar -x -C $(O)/deb/source
	$(Q)cd $(O)/deb/source && env -u MAKEFLAGS -u MAKELEVEL dpkg-buildpackage -b -us -uc
	$(Q)lintian --fail-on error $(O)/deb/*.changes

clean: ## remove build/ (results/ and the cache stay)
	$(Q)rm -rf $(O)

cache: ## what the cache holds, how much that is, and which of it this checkout uses
	$(Q)scripts/cache list $(wildcard $(images) $(O)/*/images.ini $(O)/fuzz-qemu/*)

clean-cache: ## empty the cache; with KEEP=used what this checkout uses stays
	$(Q)scripts/cache clean $(if $(filter used,$(KEEP)),unused,all) $(wildcard $(images) $(O)/*/images.ini $(O)/fuzz-qemu/*)

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-15s %s\n", $$1, $$2 }' $(filter Makefile %.mk,$(MAKEFILE_LIST))
	@echo
	@echo "  BUILDS=K builds each kernel in K layouts (make all), or those of the suite (make bench)."
	@echo "  V=1 shows commands. KERNEL_SRC=DIR, KERNEL_PATCHES=DIR, QEMU_SRC=DIR, QEMU_PATCHES=DIR"
	@echo "  and QEMU=PATH use your own. QOS=FILES are the claims of make bench (default: bench/qos/*.ini)."

# Packages are checked once per checkout, and when their list changes.
$(O)/.deps: scripts/packages scripts/deps | $(O)
	$(Q)scripts/deps
	$(Q)touch $@

$(O):
	$(Q)mkdir -p $@

all_obj := $(call obj,$(sort $(all_src)))

$(all_obj): $(O)/%.o: %.c | $(O)/.deps
	$(say) CC $<
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(archives):
	$(say) AR $@
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(programs) $(test_programs):
	$(say) LD $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

-include $(all_obj:.o=.d) $(patsubst %.c,$(O)/%.d,$(bpf_programs))
