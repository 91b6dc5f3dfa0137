# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every entry point of balloonbench. `make help` lists them.

O ?= build
V ?= 0
SUITE ?= default
# The claims that `make bench` holds its run against; none: QOS=
QOS ?= $(wildcard bench/qos/*.ini)
PREFIX ?= /usr/local
CC ?= gcc
CLANG ?= clang
export KERNEL_SRC KERNEL_PATCHES QEMU QEMU_SRC QEMU_PATCHES BALLOONBENCH_CACHE

Q = $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),@:,@printf '  %-8s %s\n')

CFLAGS ?= -O2 -g
# Truncation is looked at where it matters; gcc cannot tell where that is.
ALL_CFLAGS = -std=c11 -Wall -Wextra -Werror -Wno-format-truncation -D_GNU_SOURCE -I. -isystem $(O) -MMD -MP $(CFLAGS)
LDLIBS = -linih -ljansson -lgsl -lgslcblas -lm
BPF_LDLIBS = -lbpf -lelf -lz
HTML_LDLIBS = -lcmark-gfm-extensions -lcmark-gfm -lnettle

lib_src := $(wildcard lib/*.c)
bpf_src := $(filter-out bpf/main.c %.bpf.c,$(wildcard bpf/*.c))
bpf_programs := $(wildcard bpf/*.bpf.c)
bench_src := $(foreach room,config vm boot run,$(wildcard bench/$(room)/*.c))
victim_src := $(wildcard bench/victim/*.c)
analysis_src := $(filter-out analysis/main.c,$(wildcard analysis/*.c analysis/*/*.c))
guest_src := $(wildcard bench/guest/*.c)
test_src := $(wildcard tests/*/test_*.c)
fake_src := $(wildcard tests/fake-qemu/*.c)
advise_src := tests/advise/advise.c
faulty_src := tests/faulty-qemu/faulty-qemu.c
fuzz_device_src := $(filter-out %/coverage_runtime.c,$(wildcard tests/device/fuzz/*.c))
fuzz_src := $(wildcard tests/fuzz/fuzz_*.c) tests/fuzz/planted.c
stress_src := $(filter-out tests/stress/test_%,$(wildcard tests/stress/*.c))
support_src := $(wildcard tests/support/*.c) $(filter-out $(test_src),$(wildcard tests/device/*.c))

headers := $(wildcard lib/*.h bpf/*.h bench/*.h bench/*/*.h analysis/*.h analysis/*/*.h tests/*/*.h tests/*/*/*.h)

obj = $(patsubst %.c,$(O)/%.o,$(1))
archives := $(O)/bench.a $(O)/victim.a $(O)/analysis.a $(O)/bpf.a $(O)/lib.a
programs := $(O)/balloonbench $(O)/balloontrace $(O)/balloonstat
skeletons := $(patsubst bpf/%.bpf.c,$(O)/bpf/%.skel.h,$(bpf_programs))
tests := $(patsubst %.c,$(O)/%,$(test_src))
tests_of = $(filter $(O)/tests/$(1)/%,$(tests))
# What is timed, or looks for what others leave behind, runs when nothing else does.
alone := $(addprefix $(O)/tests/,unit/test_victim vm/test_clock vm/test_faults vm/test_stall vm/test_trace)
fake_qemu := $(O)/tests/fake-qemu/fake-qemu
faulty_qemu := $(O)/tests/faulty-qemu/faulty-qemu
advise := $(O)/tests/advise/advise
fuzz_device := $(O)/tests/device/fuzz-device
# The sanitized QEMU, and those with a fault; a series of somebody else's has not what is patched.
fuzz_qemus := $(O)/fuzz-qemu/sanitized $(if $(QEMU_PATCHES)$(QEMU_SRC),,$(patsubst \
	      tests/known-bad-device/%.patch,$(O)/fuzz-qemu/%,$(wildcard tests/known-bad-device/*.patch)))
runner := $(O)/tests/run
stress := $(O)/tests/stress/stress
images := $(O)/images.ini
# What tests/vm/test_planted.c boots; a series of somebody else's has no such patch.
planted := $(if $(KERNEL_PATCHES),,$(O)/planted/images.ini)
# What tests/stress/test_stress.c boots, and the cuts of `make stress` (none named: all).
debug := $(if $(KERNEL_PATCHES),,$(O)/debug/images.ini $(O)/known-bad/images.ini)
DEBUG_CUTS := finalize chunks huge
all_src := $(lib_src) $(bpf_src) bpf/main.c $(bench_src) bench/main.c $(victim_src) $(analysis_src) analysis/main.c $(guest_src) \
	   $(test_src) $(fake_src) $(faulty_src) $(advise_src) $(fuzz_device_src) $(stress_src) $(support_src) $(fuzz_src) tests/fuzz/input.c tests/under/early_proc.c tests/run.c
all_obj := $(call obj,$(sort $(all_src)))
scripts := vm-images/deps vm-images/fetch-source vm-images/build-kernels \
	   vm-images/build-qemu vm-images/make-initramfs vm-images/install-images vm-images/check-patches \
	   vm-images/cache vm-images/cache.sh bench/run-and-report .ci/run \
	   tests/under/asan tests/under/valgrind $(wildcard tests/*/*.sh)

.DELETE_ON_ERROR:
.PHONY: deps all bench test fuzz-device stress report lint install clean cache clean-cache help check-patches
.DEFAULT_GOAL := all

##@ Targets
all: $(programs) $(images) $(O)/initramfs.cpio ## build the programs, QEMU and the guest kernels

deps: ## install the Debian packages that are missing (prints the command when not root)
	$(Q)vm-images/deps

bench: all ## build, run the default suite (SUITE=full: the long one), write report and plots
	$(Q)bench/run-and-report $(O) $(SUITE) results/$$(date -u +%Y%m%dT%H%M%SZ)-$(SUITE) $(QOS)

test: all $(tests) $(fake_qemu) $(faulty_qemu) $(advise) $(fuzz_device) $(fuzz_qemus) $(planted) $(stress) $(debug) $(runner) fuzz-build asan-build ## all tests; the last line counts them
	$(Q)$(runner) unit:2 $(filter-out $(alone),$(call tests_of,unit)) -- fault:2 $(call tests_of,fault) \
		-- fuzz $(call tests_of,fuzz) -- $(check_stages) \
		-- trace $(call tests_of,trace) -- device $(call tests_of,device) \
		-- patches vm-images/check-patches -- vm:2 $(filter-out $(alone),$(call tests_of,vm)) \
		-- alone $(alone) \
		-- stress $(call tests_of,stress)

stress: $(stress) $(O)/debug/all.ini $(O)/initramfs.cpio ## debug kernels under stress (MINUTES=30, SEED=N, CUTS="finalize huge")
	$(Q)$(stress) --images $(O)/debug/all.ini --minutes $(or $(MINUTES),30) $(if $(SEED),--seed $(SEED))

fuzz-device: $(fuzz_device) $(O)/fuzz-qemu/sanitized ## look for inputs that QEMU's balloon fails at (MINUTES=10, SEED=1)
	$(Q)$(fuzz_device) --qemu "$$(cat $(O)/fuzz-qemu/sanitized)" --corpus tests/device/corpus \
		--seconds $$(($(or $(MINUTES),10) * 60)) --seed $(or $(SEED),1) --failures $(O)

check-patches: $(O)/.deps ## the kernel series: applies, compiles patch by patch, checkpatch
	$(Q)vm-images/check-patches

report: $(O)/balloonstat ## REPORT.md from results/reference/
	$(Q)$(O)/balloonstat report results/reference -o . --plots results/reference/plots --no-html
	$(Q)$(O)/balloonstat report results/reference/qos $(addprefix --qos ,$(QOS)) --only-measured --no-html || [ $$? -eq 1 ]

lint: tidy cppcheck ## shellcheck, clang-format, clang-tidy, cppcheck
	$(Q)shellcheck -x $(scripts)
	$(Q)clang-format --dry-run -Werror $(sort $(all_src) tests/device/fuzz/coverage_runtime.c $(bpf_programs) $(headers))

install: all ## programs, scenarios and guest kernels under PREFIX (default /usr/local)
	$(Q)install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/balloonbench/scenarios
	$(Q)install $(programs) $(DESTDIR)$(PREFIX)/bin
	$(Q)install -m 644 bench/variants.ini bench/suites.ini $(DESTDIR)$(PREFIX)/share/balloonbench
	$(Q)install -m 644 bench/scenarios/*.ini $(DESTDIR)$(PREFIX)/share/balloonbench/scenarios
	$(Q)install -d $(addprefix $(DESTDIR)$(PREFIX)/share/balloonbench/,qos plots html)
	$(Q)install -m 644 bench/qos/*.ini $(DESTDIR)$(PREFIX)/share/balloonbench/qos
	$(Q)install -m 644 analysis/plots/*.gp $(DESTDIR)$(PREFIX)/share/balloonbench/plots
	$(Q)install -m 644 analysis/html/report.css analysis/html/report.js $(DESTDIR)$(PREFIX)/share/balloonbench/html
	$(Q)vm-images/install-images $(images) $(DESTDIR)$(PREFIX)/share/balloonbench

clean: ## remove build/ (results/ and the cache stay)
	$(Q)rm -rf $(O)

cache: ## what the cache holds, how much that is, and which of it this checkout uses
	$(Q)vm-images/cache list $(wildcard $(images) $(O)/*/images.ini $(O)/fuzz-qemu/*)

clean-cache: ## empty the cache; with KEEP=used what this checkout uses stays
	$(Q)vm-images/cache clean $(if $(filter used,$(KEEP)),unused,all) $(wildcard $(images) $(O)/*/images.ini $(O)/fuzz-qemu/*)

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(filter Makefile %.mk,$(MAKEFILE_LIST))
	@echo
	@echo "  V=1 shows commands. KERNEL_SRC=DIR, KERNEL_PATCHES=DIR, QEMU_SRC=DIR, QEMU_PATCHES=DIR"
	@echo "  and QEMU=PATH use your own. QOS=FILES are the claims of make bench (default: bench/qos/*.ini)."

# The packages are looked at once per checkout and when their list changes.
$(O)/.deps: vm-images/packages vm-images/deps | $(O)
	$(Q)vm-images/deps
	$(Q)touch $@

$(O):
	$(Q)mkdir -p $@

$(all_obj): $(O)/%.o: %.c | $(O)/.deps
	$(say) CC $<
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(call obj,$(support_src) $(test_src)): ALL_CFLAGS += -DTEST_BUILD='"$(abspath $(O))"' \
	-DTEST_SOURCE='"$(CURDIR)"'
$(O)/lib/data_path.o: ALL_CFLAGS += -DSOURCE_DIR='"$(CURDIR)"'

# Any kernel's types will do, for the programs are relocated when they are
# loaded; this machine's where it shows them, else those of the kernel we built.
own_btf := $(wildcard /sys/kernel/btf/vmlinux)
$(O)/vmlinux.h: $(if $(own_btf),,$(images)) | $(O)/.deps
	$(say) BTF $@
	$(Q)bpftool btf dump file $(or $(own_btf),$$(sed -n 's/^vmlinux = //p' $(images) | head -n 1)) \
		format c >$@

$(O)/bpf/%.bpf.o: bpf/%.bpf.c $(O)/vmlinux.h
	$(say) BPF $<
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) -target bpf -g -O2 -D__TARGET_ARCH_x86 -I. -I$(O) \
		-I/usr/include/$(shell $(CC) -print-multiarch) -Wall -Werror -MMD -MP -c -o $@ $<

$(skeletons): $(O)/bpf/%.skel.h: $(O)/bpf/%.bpf.o
	$(say) SKEL $@
	$(Q)bpftool gen skeleton $< name $* >$@

$(O)/bpf/guest_tracer.o $(O)/bpf/host_tracer.o: | $(skeletons)

$(O)/lib.a: $(call obj,$(lib_src))
$(O)/bpf.a: $(call obj,$(bpf_src))
$(O)/bench.a: $(call obj,$(bench_src))
$(O)/victim.a: $(call obj,$(victim_src))
$(O)/analysis.a: $(call obj,$(analysis_src))
$(archives):
	$(say) AR $@
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(O)/balloonbench: $(O)/bench/main.o $(O)/bench.a $(O)/victim.a $(O)/bpf.a $(O)/lib.a
$(O)/balloontrace: $(O)/bpf/main.o $(O)/bpf.a $(O)/lib.a
$(O)/balloonbench $(O)/balloontrace: LDLIBS += $(BPF_LDLIBS)
$(O)/balloonstat: $(O)/analysis/main.o $(O)/analysis.a $(O)/lib.a
$(O)/balloonstat: LDLIBS += $(HTML_LDLIBS)
$(fake_qemu): $(call obj,$(fake_src)) $(O)/lib.a
$(advise): $(O)/tests/advise/advise.o
$(faulty_qemu): $(call obj,$(faulty_src))
$(fuzz_device): $(call obj,$(fuzz_device_src)) $(O)/bench.a $(O)/lib.a
$(runner): $(O)/tests/run.o
$(stress): $(call obj,$(stress_src)) $(O)/bench.a $(O)/victim.a $(O)/bpf.a $(O)/analysis.a $(O)/lib.a
$(stress): LDLIBS += $(BPF_LDLIBS)
$(programs) $(fake_qemu) $(faulty_qemu) $(advise) $(fuzz_device) $(runner) $(stress):
	$(say) LD $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(tests): $(O)/tests/%: $(O)/tests/%.o $(call obj,$(support_src)) $(archives)
	$(say) LD $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS) $(BPF_LDLIBS) $(HTML_LDLIBS) -lcmocka

$(O)/tests/stress/test_schedule: $(call obj,tests/stress/schedule.c tests/stress/findings.c)

# All of the guest's user space, with the libraries that the initramfs brings along.
$(O)/balloonguest: $(call obj,$(guest_src)) $(O)/victim.a $(O)/bpf.a $(O)/lib.a
	$(say) LD $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(BPF_LDLIBS) -ljansson -lm

$(O)/initramfs.cpio: $(O)/balloonguest vm-images/make-initramfs
	$(say) CPIO $@
	$(Q)vm-images/make-initramfs $< $@

# Asked each time: what the cache holds, and what KERNEL_SRC and QEMU name, is
# nothing that a date tells. It takes a moment when all is there.
.PHONY: FORCE
$(images): FORCE | $(O)/.deps
	$(Q)INITRAMFS=$(abspath $(O)/initramfs.cpio) vm-images/build-kernels $@

$(O)/planted/images.ini: FORCE $(images) | $(O)/.deps
	$(Q)mkdir -p $(@D)
	$(Q)KERNEL_PATCHES=tests/planted INITRAMFS=$(abspath $(O)/initramfs.cpio) \
		vm-images/build-kernels $@

$(fuzz_qemus): $(O)/fuzz-qemu/%: FORCE | $(O)/.deps
	$(Q)mkdir -p $(@D)
	$(Q)vm-images/build-qemu --sanitize $(wildcard tests/known-bad-device/$*.patch) >$@
include tests/checks.mk

build_debug = KERNEL_CONFIG=vm-images/config/debug.config INITRAMFS=$(abspath $(O)/initramfs.cpio) \
	      vm-images/build-kernels

$(O)/debug/images.ini: FORCE $(images) | $(O)/.deps
	$(Q)mkdir -p $(@D)
	$(Q)KERNEL_CUTS="$(DEBUG_CUTS)" $(build_debug) $@

$(O)/debug/all.ini: FORCE $(images) | $(O)/.deps
	$(Q)mkdir -p $(@D)
	$(Q)KERNEL_CUTS="$(CUTS)" $(build_debug) $@

# After the cut that it is a step from: that leaves less to be built.
$(O)/known-bad/images.ini: FORCE $(O)/debug/images.ini | $(O)/.deps
	$(Q)mkdir -p $(@D)
	$(Q)KERNEL_PATCHES=tests/known-bad $(build_debug) $@

-include $(all_obj:.o=.d) $(patsubst %.c,$(O)/%.d,$(bpf_programs))
