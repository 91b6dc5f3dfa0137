# SPDX-License-Identifier: GPL-2.0-or-later
#
# The tests, stage by stage, and what they run. The Makefile has a target for each stage.

test_src := $(wildcard tests/*/test_*.c)
support_src := $(wildcard tests/helpers/*.c) $(filter-out $(test_src),$(wildcard tests/device/*.c))
fuzz_device_src := $(filter-out %/coverage_runtime.c,$(wildcard tests/device/fuzz/*.c))
stress_src := $(filter-out tests/stress/test_%,$(wildcard tests/stress/*.c))
tests := $(patsubst %.c,$(O)/%,$(test_src))
tests_of = $(filter $(O)/tests/$(1)/%,$(tests))

helper = $(O)/tests/helpers/$(1)/$(1)
fake_qemu := $(call helper,fake-qemu)
faulty_qemu := $(call helper,faulty-qemu)
advise := $(call helper,advise)
helpers := $(fake_qemu) $(faulty_qemu) $(advise)
fuzz_device := $(O)/tests/device/fuzz-device
runner := $(O)/tests/run
stress := $(O)/tests/stress/stress
test_programs := $(helpers) $(fuzz_device) $(runner) $(stress)
all_src += $(test_src) $(support_src) $(fuzz_device_src) $(stress_src) $(wildcard tests/helpers/*/*.c) tests/run.c

# Series of somebody else's have not what is patched: no kernel or QEMU with a seeded bug then.
seeded := tests/seeded-bugs
# The sanitized QEMU, and those with a fault.
fuzz_qemus := $(O)/fuzz-qemu/sanitized $(if $(QEMU_PATCHES)$(QEMU_SRC),,$(patsubst \
	      $(seeded)/device/%.patch,$(O)/fuzz-qemu/%,$(wildcard $(seeded)/device/*.patch)))
# What tests/vm/test_planted.c boots.
planted := $(if $(KERNEL_PATCHES),,$(O)/planted/images.ini)
# What tests/stress/test_stress.c boots, and the cuts of `make stress` (none named: all).
debug := $(if $(KERNEL_PATCHES),,$(O)/debug/images.ini $(O)/known-bad/images.ini)
DEBUG_CUTS := finalize chunks huge

# What is timed, or looks for what others leave behind, runs when nothing else does.
alone := $(addprefix $(O)/tests/,unit/test_victim vm/test_clock vm/test_faults vm/test_stall vm/test_trace)

# A stage of `make test`: what the runner is told, and what has to be there. Those of asan and valgrind
# stand in tests/sanitizers/sanitizers.mk.
stages := unit cli fault fuzz asan valgrind trace device patches vm alone stress
run_unit = unit:2 $(filter-out $(alone),$(call tests_of,unit))
run_cli = cli:2 $(call tests_of,cli)
run_fault = fault:2 $(call tests_of,fault)
run_fuzz = fuzz $(call tests_of,fuzz)
run_trace = trace $(call tests_of,trace)
run_device = device $(call tests_of,device)
run_patches = patches scripts/check-patches
run_vm = vm:2 $(filter-out $(alone),$(call tests_of,vm))
run_alone = alone $(alone)
run_stress = stress $(call tests_of,stress)

booted := $(programs) $(images) $(O)/initramfs.cpio
need_unit = $(programs) $(call tests_of,unit)
need_cli = $(booted) $(call tests_of,cli) $(helpers)
need_fault = $(booted) $(call tests_of,fault) $(helpers)
need_fuzz = fuzz-build $(call tests_of,fuzz)
need_trace = $(programs) $(call tests_of,trace) $(helpers)
need_device = $(call tests_of,device) $(fuzz_device) $(fuzz_qemus) $(booted)
need_patches = $(O)/.deps
need_vm = $(booted) $(call tests_of,vm) $(helpers) $(planted)
need_stress = $(booted) $(call tests_of,stress) $(stress) $(debug)

run_stages = $(Q)$(runner) $(run_$(firstword $(1))) $(foreach stage,$(wordlist 2,99,$(1)),-- $(run_$(stage)))

.PHONY: fuzz-device stress
stress: $(stress) $(O)/debug/all.ini $(O)/initramfs.cpio ## debug kernels under stress (MINUTES=30, SEED=N, CUTS="finalize huge")
	$(Q)$(stress) --images $(O)/debug/all.ini --minutes $(or $(MINUTES),30) $(if $(SEED),--seed $(SEED))

fuzz-device: $(fuzz_device) $(O)/fuzz-qemu/sanitized ## look for inputs that QEMU's balloon fails at (MINUTES=10, SEED=1)
	$(Q)$(fuzz_device) --qemu "$$(cat $(O)/fuzz-qemu/sanitized)" --corpus tests/device/corpus \
		--seconds $$(($(or $(MINUTES),10) * 60)) --seed $(or $(SEED),1) --failures $(O)

$(call obj,$(support_src) $(test_src)): ALL_CFLAGS += -DTEST_BUILD='"$(abspath $(O))"' \
	-DTEST_SOURCE='"$(CURDIR)"'

$(fake_qemu): $(O)/tests/helpers/fake-qemu/fake-qemu.o $(O)/lib.a
$(faulty_qemu): $(O)/tests/helpers/faulty-qemu/faulty-qemu.o
$(advise): $(O)/tests/helpers/advise/advise.o
$(fuzz_device): $(call obj,$(fuzz_device_src)) $(O)/bench.a $(O)/lib.a
$(runner): $(O)/tests/run.o
$(stress): $(call obj,$(stress_src)) $(O)/bench.a $(O)/victim.a $(O)/bpf.a $(O)/analysis.a $(O)/lib.a
$(stress): LDLIBS += $(BPF_LDLIBS)

$(tests): $(O)/tests/%: $(O)/tests/%.o $(call obj,$(support_src)) $(archives)
	$(say) LD $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS) $(BPF_LDLIBS) $(HTML_LDLIBS) -lcmocka

$(O)/tests/stress/test_schedule: $(call obj,tests/stress/schedule.c tests/stress/findings.c)

# A series of kernels other than the shipped one, each in a directory of its own.
$(O)/planted/images.ini: FORCE $(images) | $(O)/.deps
	$(Q)mkdir -p $(@D)
	$(Q)KERNEL_PATCHES=$(seeded)/delay $(build_kernels)

$(O)/debug/images.ini: FORCE $(images) | $(O)/.deps
	$(Q)mkdir -p $(@D)
	$(Q)KERNEL_CUTS="$(DEBUG_CUTS)" $(build_debug)

$(O)/debug/all.ini: FORCE $(images) | $(O)/.deps
	$(Q)mkdir -p $(@D)
	$(Q)KERNEL_CUTS="$(CUTS)" $(build_debug)

# After the cut that it is a step from: that leaves less to be built.
$(O)/known-bad/images.ini: FORCE $(O)/debug/images.ini | $(O)/.deps
	$(Q)mkdir -p $(@D)
	$(Q)KERNEL_PATCHES=$(seeded)/driver $(build_debug)

$(fuzz_qemus): $(O)/fuzz-qemu/%: FORCE | $(O)/.deps
	$(Q)mkdir -p $(@D)
	$(Q)vm-images/build-qemu --sanitize $(wildcard $(seeded)/device/$*.patch) >$@
