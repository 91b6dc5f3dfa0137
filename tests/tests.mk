# SPDX-License-Identifier: GPL-2.0-or-later
#
# The tests by stage, and their programs. The Makefile has a target for each stage.

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
use_memory := $(call helper,use-memory)
result_schema := $(call helper,result-schema)
trace_init := $(call helper,trace-init)
advise_static := $(advise)-static
keep_memory := $(call helper,keep-memory).so
stop_advice := $(call helper,stop-advice).so
preloads := $(keep_memory) $(stop_advice)
helpers := $(fake_qemu) $(faulty_qemu) $(advise) $(use_memory)
fuzz_device := $(O)/tests/device/fuzz-device
runner := $(O)/tests/run
stress := $(O)/tests/stress/stress
test_programs := $(helpers) $(result_schema) $(fuzz_device) $(runner) $(stress)
all_src += $(test_src) $(support_src) $(fuzz_device_src) $(stress_src) $(wildcard tests/helpers/*/*.c) tests/run.c

scripts += tests/matrix/unpack-qemu

# Kernels and QEMUs with seeded bugs; not with another series, which the bugs may not apply to.
seeded := tests/seeded-bugs
# The sanitized QEMU, and those with a seeded bug.
fuzz_qemus := $(O)/fuzz-qemu/sanitized $(if $(QEMU_PATCHES)$(QEMU_SRC),,$(patsubst \
	      $(seeded)/device/%.patch,$(O)/fuzz-qemu/%,$(wildcard $(seeded)/device/*.patch)))
# Kernels of tests/vm/test_planted.c.
planted := $(if $(KERNEL_PATCHES),,$(O)/planted/images.ini)
# Kernel of tests/vm/test_stale.c.
stale := $(if $(KERNEL_PATCHES),,$(O)/stale/images.ini)
# Kernels of tests/vm/test_drivers.c.
drivers := $(if $(KERNEL_PATCHES),,$(O)/drivers/images.ini)
# Those of other machines where there are compilers and emulators.
has = $(if $(and $(shell command -v $(1)),$(shell command -v $(2))),$(3))
drivers_configs := drivers $(call has,powerpc64le-linux-gnu-gcc,qemu-system-ppc64,ppc64le) \
	$(call has,aarch64-linux-gnu-gcc,qemu-system-aarch64,aarch64-4k aarch64-64k)
drivers_machines := $(filter ppc64le,$(drivers_configs)) $(if $(filter aarch64%,$(drivers_configs)),aarch64)
# Kernels of tests/stress/test_stress.c, and the cuts of `make stress` (none given: all).
debug := $(if $(KERNEL_PATCHES),,$(O)/debug/images.ini $(O)/known-bad/images.ini)
DEBUG_CUTS := list finalize chunks huge huge-pipeline

# The inputs of a fuzzer are an archive, which is unpacked into $(O)/corpus.
fuzz_corpora := $(patsubst tests/fuzz/corpus/%.tar.xz,$(O)/corpus/%.unpacked,$(wildcard tests/fuzz/corpus/*.tar.xz))
device_corpus := $(O)/corpus/device.unpacked

# Tests that measure time, or look for leftovers, run when nothing else does.
alone := $(addprefix $(O)/tests/,unit/test_victim vm/test_clock vm/test_faults vm/test_guests vm/test_replay vm/test_stall vm/test_trace)

# The stages of `make test`: arguments of the runner, and prerequisites. Those of asan and
# valgrind are in tests/sanitizers/sanitizers.mk.
stages := unit cli fault fleet fuzz asan valgrind trace device patches vm alone box stress
run_unit = unit:2 $(filter-out $(alone),$(call tests_of,unit))
run_cli = cli:2 $(call tests_of,cli)
run_fault = fault:2 $(call tests_of,fault)
run_fleet = fleet $(call tests_of,fleet)
run_fuzz = fuzz $(call tests_of,fuzz)
run_trace = trace $(call tests_of,trace)
run_device = device $(call tests_of,device)
run_patches = patches scripts/check-patches
run_vm = vm:2 $(filter-out $(alone),$(call tests_of,vm))
run_alone = alone $(alone)
run_box = box $(call tests_of,box)
run_stress = stress $(call tests_of,stress)
run_matrix = matrix $(call tests_of,matrix)
run_layout = layout $(call tests_of,layout)

booted := $(programs) $(images) $(O)/initramfs.cpio
need_unit = $(programs) $(call tests_of,unit)
need_cli = $(booted) $(call tests_of,cli) $(helpers)
need_fault = $(booted) $(call tests_of,fault) $(helpers)
need_fleet = $(booted) $(call tests_of,fleet) $(helpers)
need_fuzz = fuzz-build $(fuzz_corpora) $(call tests_of,fuzz)
need_trace = $(programs) $(call tests_of,trace) $(helpers)
need_device = $(stop_advice) $(call tests_of,device) $(fuzz_device) $(fuzz_qemus) $(device_corpus) $(booted)
need_patches = $(O)/.deps
need_vm = $(booted) $(call tests_of,vm) $(helpers) $(keep_memory) $(planted) $(stale) $(drivers)
need_box = $(booted) $(call tests_of,box) $(trace_init) $(advise_static) $(O)/balloontrace-static
need_stress = $(booted) $(call tests_of,stress) $(stress) $(debug)

run_stages = $(Q)$(runner) $(run_$(firstword $(1))) $(foreach stage,$(wordlist 2,99,$(1)),-- $(run_$(stage)))

.PHONY: fuzz-device stress schema test-matrix test-layout test-box-survival
test-box-survival: $(need_box) ## guests under KVM one after the other, none resets or hangs (BOOTS=200, BOXES=1, ACCEL=icount)
	$(Q)BOOTS=$(or $(BOOTS),200) $(O)/tests/box/test_box_kvm
test-layout: $(booted) $(runner) $(call tests_of,layout) $(O)/layout/images.ini ## builds of the same code, by the clock: what is found, and what is not
	$(call run_stages,layout)
test-matrix: $(booted) $(runner) $(call tests_of,matrix) ## kernels 6.1 to 7.3 with QEMU 7.2 to 11.1 (KERNELS=, QEMUS=names, BOOTS=1)
	$(call run_stages,matrix)
schema: $(result_schema) ## the JSON schemas in lib/ and bpf/ from the tables of records
	$(Q)$(result_schema) result >lib/result.schema.json
	$(Q)$(result_schema) host >bpf/host.schema.json
	$(Q)$(result_schema) guest >bpf/guest.schema.json

stress: $(stress) $(O)/debug/all.ini $(O)/initramfs.cpio ## debug kernels under stress (MINUTES=30, SEED=N, CUTS="finalize huge")
	$(Q)$(stress) --images $(O)/debug/all.ini --minutes $(or $(MINUTES),30) $(if $(SEED),--seed $(SEED))

fuzz-device: $(fuzz_device) $(O)/fuzz-qemu/sanitized $(device_corpus) ## fuzz QEMU's balloon device (MINUTES=10, SEED=1)
	$(Q)$(fuzz_device) --qemu "$$(cat $(O)/fuzz-qemu/sanitized)" --corpus $(O)/corpus/device \
		--seconds $$(($(or $(MINUTES),10) * 60)) --seed $(or $(SEED),1) --failures $(O)

$(call obj,$(support_src) $(test_src)): ALL_CFLAGS += -DTEST_BUILD='"$(abspath $(O))"' \
	-DTEST_SOURCE='"$(CURDIR)"'

$(fake_qemu): $(call obj,$(wildcard tests/helpers/fake-qemu/*.c)) $(O)/bench.a $(O)/lib.a
$(use_memory): $(O)/tests/helpers/use-memory/use-memory.o
$(faulty_qemu): $(O)/tests/helpers/faulty-qemu/faulty-qemu.o
$(advise): $(O)/tests/helpers/advise/advise.o
$(advise_static): $(advise).o
$(trace_init): $(trace_init).o
$(advise_static) $(trace_init):
	$(say) LD $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -static -o $@ $^ -lpthread
$(preloads:.so=.o): ALL_CFLAGS += -fPIC
$(preloads): %.so: %.o
	$(say) LD $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -shared -o $@ $^
$(result_schema): $(call obj,tests/helpers/result-schema/result-schema.c tests/helpers/record_schema.c) $(O)/bpf.a $(O)/lib.a
$(result_schema): LDLIBS += $(BPF_LDLIBS)
$(fuzz_device): $(call obj,$(fuzz_device_src)) $(O)/bench.a $(O)/lib.a
$(runner): $(O)/tests/run.o
$(stress): $(call obj,$(stress_src)) $(O)/bench.a $(O)/victim.a $(O)/bpf.a $(O)/analysis.a $(O)/lib.a
$(stress): LDLIBS += $(BPF_LDLIBS) $(HTML_LDLIBS)

$(tests): $(O)/tests/%: $(O)/tests/%.o $(call obj,$(support_src)) $(archives)
	$(say) LD $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS) $(BPF_LDLIBS) $(HTML_LDLIBS) -lcmocka

$(O)/tests/stress/test_schedule: $(call obj,tests/stress/schedule.c tests/stress/findings.c)
$(O)/tests/unit/test_channel: $(call obj,bench/guest/channel.c)

$(fuzz_corpora): $(O)/corpus/%.unpacked: tests/fuzz/corpus/%.tar.xz
$(device_corpus): tests/device/corpus/device.tar.xz
$(fuzz_corpora) $(device_corpus): | $(O)/.deps
	$(Q)rm -rf $(@:.unpacked=) && mkdir -p $(@:.unpacked=)
	$(Q)tar -C $(@:.unpacked=) -xf $<
	$(Q)touch $@

# The same files give the same archive.
.PHONY: pack-corpus
pack-corpus: $(fuzz_corpora) $(device_corpus) ## pack the inputs in build/corpus into the archives of tests/
	$(Q)for dir in $(O)/corpus/*/; do \
		name=$$(basename $$dir); \
		case $$name in device) archive=tests/device/corpus/device ;; *) archive=tests/fuzz/corpus/$$name ;; esac; \
		[ $$name = device ] || [ -e tests/fuzz/$$name.c ] || continue; \
		tar --sort=name --format=ustar --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX --mtime=@0 \
			-C $$dir -I 'xz -9e' -cf $$archive.tar.xz . || exit; \
	done

# Kernels of other series, each in a directory of its own.
$(O)/planted/images.ini: FORCE $(images) | $(O)/.deps
	$(Q)mkdir -p $(@D)
	$(Q)KERNEL_PATCHES=$(seeded)/delay KERNEL_CUTS="finalize planted" $(build_kernels)

$(O)/stale/images.ini: FORCE $(images) | $(O)/.deps
	$(Q)mkdir -p $(@D)
	$(Q)KERNEL_PATCHES=$(seeded)/stale KERNEL_CUTS=stale $(build_kernels)

$(O)/drivers/images.ini: FORCE $(images) $(patsubst %,$(O)/%/initramfs.cpio,$(drivers_machines)) | $(O)/.deps
	$(Q)mkdir -p $(@D)
	$(Q)KERNEL_CUTS="list finalize" $(build_kernels) $(addprefix --config ,$(drivers_configs))

$(O)/layout/images.ini: FORCE $(images) | $(O)/.deps
	$(Q)mkdir -p $(@D)
	$(Q)KERNEL_PATCHES=$(seeded)/delay KERNEL_CUTS="finalize null planted-10" $(build_kernels) --builds 5

$(O)/debug/images.ini: FORCE $(images) | $(O)/.deps
	$(Q)mkdir -p $(@D)
	$(Q)KERNEL_CUTS="$(DEBUG_CUTS)" $(build_debug)

$(O)/debug/all.ini: FORCE $(images) | $(O)/.deps
	$(Q)mkdir -p $(@D)
	$(Q)KERNEL_CUTS="$(CUTS)" $(build_debug)

# After the cut that it is based on, so that less has to be built.
$(O)/known-bad/images.ini: FORCE $(O)/debug/images.ini | $(O)/.deps
	$(Q)mkdir -p $(@D)
	$(Q)KERNEL_PATCHES=$(seeded)/driver $(build_debug)

$(fuzz_qemus): $(O)/fuzz-qemu/%: FORCE | $(O)/.deps
	$(Q)mkdir -p $(@D)
	$(Q)vm-images/build-qemu --sanitize $(wildcard $(seeded)/device/$*.patch) >$@

# They load the BPF programs themselves.
$(patsubst %.c,$(O)/%.o,$(wildcard tests/trace/test_*.c)): $(skeletons)
