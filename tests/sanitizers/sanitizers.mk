# SPDX-License-Identifier: GPL-2.0-or-later
#
# The same sources built and looked at in other ways: fuzzers, sanitizers, valgrind,
# coverage, lint. Each build has a directory of its own below $(O), which the
# Makefile fills when it is called once more with another O and other CFLAGS.

# As parallel as the machine, unless make was told how parallel to be.
jobs = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))
another_build = +$(Q)$(MAKE) --no-print-directory $(jobs) O=$(O)/$(1)

# Every build that is not the one to be shipped, of what the unit, cli and fault tests run.
.PHONY: tested
tested: $(programs) $(O)/initramfs.cpio $(call tests_of,unit) $(call tests_of,cli) $(call tests_of,fault) $(helpers)

# The kernels are the same for all; the agent is that of $(2).
images_of = $(Q)sed 's|^path = .*/initramfs.cpio$$|path = $(abspath $(2))/initramfs.cpio|' \
	$(images) >$(O)/$(1)/images.ini

# -Wno-unknown-warning-option: clang 14 does not know one of those that gcc has.
fuzz_cflags := -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined \
	       -fno-sanitize-recover=all -Wno-unknown-warning-option
fuzz_src := $(wildcard tests/fuzz/fuzz_*.c) tests/seeded-bugs/parsers/parser.c
fuzzers := $(patsubst %.c,$(O)/%,$(fuzz_src))
all_src += $(fuzz_src) tests/fuzz/input.c tests/sanitizers/early_proc.c

$(fuzzers): $(O)/%: $(O)/%.o $(O)/bench/guest/channel.o \
		$(call obj,tests/fuzz/input.c tests/helpers/files.c) $(archives)
	$(say) LD $@
	$(Q)$(CC) $(CFLAGS) -fsanitize=fuzzer $(LDFLAGS) -o $@ $^ $(LDLIBS) $(BPF_LDLIBS) $(HTML_LDLIBS) -lcmocka

.PHONY: fuzzers fuzz-build fuzz fuzz-corpus
fuzzers: $(fuzzers)
fuzz-build: | $(O)/.deps
	$(call another_build,fuzz) CC='$(CLANG)' CFLAGS='$(fuzz_cflags)' fuzzers

fuzz: fuzz-build $(O)/tests/fuzz/test_fuzz ## fuzz the parsers (MINUTES=10, TARGET=qmp); finds go to build/fuzz/found
	$(Q)FUZZ_SECONDS=$$(($(MINUTES) * 60)) FUZZ_TARGET='$(TARGET)' $(O)/tests/fuzz/test_fuzz

fuzz-corpus: fuzz-build ## take over into tests/fuzz/corpus what those finds reach beyond it
	$(Q)for dir in $(O)/fuzz/found/fuzz_*/; do \
		name=$$(basename $$dir); \
		$(O)/fuzz/tests/fuzz/$$name -merge=1 -max_len=512 -close_fd_mask=3 tests/fuzz/corpus/$$name $$dir || exit; \
	done

# Tests that a sanitizer or valgrind has nothing to find in but takes minutes for:
# thousands of repetitions of what others do once (bootstrap, changepoint, until_ci,
# export_trace, gate, histogram), or work that is timed, with deadlines of a second
# (victim, fake_qemu, list, which boots to know). check-asan and check-valgrind run them all the same, where they can.
slow := bootstrap changepoint until_ci gate victim fake_qemu html_browser list hostile_guest \
	stages writes cache power_cut side_by_side
# Under valgrind, which is thirty times slower: what takes it seconds. Nowhere what it cannot: its
# long double has 64 bits (units), and it holds up what is killed and timed (qemu, victim).
quick_valgrind := claim histogram html plan qmp report scenario stacks totals trace_json trace_reader
no_valgrind := units victim qemu html_browser list reference

asan_cflags := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
asan_tests = $(patsubst $(O)/%,$(O)/asan/%,$(foreach kind,unit cli fault,$(call tests_of,$(kind))))
valgrind_tests = $(foreach kind,unit cli,$(call tests_of,$(kind)))
without = $(filter-out $(addprefix %/test_,$(2)),$(1))

# The agent of that build: gcc would begin it with ASan, before it can have a /proc.
ifneq ($(filter -fsanitize=address%,$(CFLAGS)),)
$(O)/balloonguest: $(O)/tests/sanitizers/early_proc.o
$(O)/balloonguest: private override CFLAGS := $(filter-out -fsanitize=%,$(CFLAGS))
$(O)/balloonguest: private override LDFLAGS := -Wl,--no-as-needed -lasan -lubsan
endif

.PHONY: asan-build check-asan check-valgrind
asan-build: $(images)
	$(call another_build,asan) CFLAGS='$(asan_cflags)' tested
	$(call images_of,asan,$(O)/asan)

check-asan: asan-build $(call tests_of,sanitizers) $(runner) ## all unit, cli and fault tests, and a guest, of a build with ASan and UBSan
	$(Q)$(runner) asan=tests/sanitizers/asan $(asan_tests) $(call tests_of,sanitizers)

check-valgrind: $(valgrind_tests) $(programs) $(runner) ## all unit and cli tests under valgrind's memcheck
	$(Q)$(runner) valgrind:2=tests/sanitizers/valgrind $(call without,$(valgrind_tests),$(no_valgrind))

# What make test runs of both.
need_asan = asan-build $(call tests_of,sanitizers)
run_asan = asan:2=tests/sanitizers/asan $(call without,$(asan_tests),$(slow)) $(call tests_of,sanitizers)
need_valgrind = $(filter $(addprefix %/test_,$(quick_valgrind)),$(valgrind_tests)) $(programs)
run_valgrind = valgrind:2=tests/sanitizers/valgrind $(filter $(addprefix %/test_,$(quick_valgrind)),$(valgrind_tests))

# What only lint and coverage need is installed when they are called.
$(O)/.checks-deps: scripts/packages-checks | $(O)/.deps
	$(Q)scripts/deps scripts/packages-checks
	$(Q)touch $@

headers := $(foreach folder,lib bpf bench analysis tests,$(wildcard $(folder)/*.h $(folder)/*/*.h $(folder)/*/*/*.h))

# clang-tidy takes seconds for a file: one is looked at again when it, or what it includes,
# has changed, which its object file tells.
tidied := $(patsubst %.c,$(O)/lint/%.tidy,$(filter-out %.bpf.c,$(sort $(all_src))))
$(tidied): $(O)/lint/%.tidy: $(O)/%.o .clang-tidy | $(O)/.checks-deps
	$(say) TIDY $*.c
	$(Q)mkdir -p $(@D)
	$(Q)clang-tidy --quiet $*.c -- -std=c11 -D_GNU_SOURCE -I. -isystem $(O) -DSOURCE_DIR='""' \
		-DTEST_BUILD='""' -DTEST_SOURCE='""' 2>$@.log || { cat $@.log; exit 1; }
	$(Q)mv $@.log $@

.PHONY: lint tidy cppcheck
lint: tidy cppcheck ## shellcheck, clang-format, clang-tidy, cppcheck
	$(Q)shellcheck -x $(scripts) tests/sanitizers/asan tests/sanitizers/valgrind
	$(Q)clang-format --dry-run -Werror $(sort $(all_src) tests/device/fuzz/coverage_runtime.c $(bpf_programs) $(headers))

tidy:
	+$(Q)$(MAKE) --no-print-directory --keep-going $(jobs) $(tidied)

cppcheck: | $(O)/.checks-deps
	$(Q)mkdir -p $(O)/lint/cppcheck
	$(Q)cppcheck --quiet --error-exitcode=1 --enable=warning,performance,portability --std=c11 \
		--inline-suppr --suppressions-list=tests/sanitizers/cppcheck.supp --include=tests/sanitizers/cppcheck.h \
		--cppcheck-build-dir=$(O)/lint/cppcheck -j $(shell nproc) -D_GNU_SOURCE -I. -I$(O) \
		$(filter-out %.bpf.c,$(sort $(all_src)))

# Neither the tests' own lines count, nor what libbpf generates.
covered := bench analysis bpf lib
coverage_min := 85
# What only a guest runs, from which no counts come back: the agent, and the tracer of its side.
in_guest := bench/guest/.* bpf/cmd_guest.c bpf/functions.c bpf/guest_tracer.c
coverage_tests = $(patsubst $(O)/%,$(O)/coverage/%,$(foreach kind,unit cli fault trace vm,$(call tests_of,$(kind))))
gcovr = gcovr --root . --object-directory $(O)/coverage --gcov-ignore-parse-errors

.PHONY: coverage
coverage: $(images) $(planted) $(runner) | $(O)/.checks-deps ## lines that the tests reach, by folder; at least 85 % of bench, analysis, bpf
	$(call another_build,coverage) CFLAGS='-O0 -g --coverage' tested $(coverage_tests)
	$(call images_of,coverage,$(O))
	$(Q)$(if $(planted),mkdir -p $(O)/coverage/planted && cp $(planted) $(O)/coverage/planted/)
	$(Q)find $(O)/coverage -name '*.gcda' -delete
	$(Q)$(runner) coverage $(if $(COVERAGE_TESTS),$(addprefix $(O)/coverage/tests/,$(COVERAGE_TESTS)),$(coverage_tests)) || \
		echo '# some failed: what they would have reached is missing'
	$(Q)$(gcovr) --exclude 'tests/.*' --exclude '.*\.skel\.h' $(foreach file,$(in_guest),--exclude '$(file)') \
		--json $(O)/coverage/lines.json $(O)/coverage
	$(Q)for folder in $(covered); do \
		printf '%-10s' $$folder; \
		gcovr --root . -a $(O)/coverage/lines.json --filter "$$folder/" --print-summary \
			--fail-under-line $(coverage_min) -o $(O)/coverage/$$folder.txt >$(O)/coverage/summary || failed=1; \
		sed -n 's/^lines: //p' $(O)/coverage/summary; \
	done; exit $${failed:-0}
