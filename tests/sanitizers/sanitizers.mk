# SPDX-License-Identifier: GPL-2.0-or-later
#
# Other builds and checks of the sources: fuzzers, sanitizers, valgrind, coverage, lint.
# Each build is in a directory below $(O), by a recursive make with other O and CFLAGS.

# A job per CPU, unless make got -j.
jobs = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))
another_build = +$(Q)$(MAKE) --no-print-directory $(jobs) O=$(O)/$(1)

# What the unit, cli and fault tests run, in another build.
.PHONY: tested
tested: $(programs) $(O)/initramfs.cpio $(call tests_of,unit) $(call tests_of,cli) $(call tests_of,fault) $(helpers)

# The kernels of all builds are the same; the agent is that of $(2).
images_of = $(Q)sed 's|^path = .*/initramfs.cpio$$|path = $(abspath $(2))/initramfs.cpio|' \
	$(images) >$(O)/$(1)/images.ini

# -Wno-unknown-warning-option: clang 14 lacks one of the warnings of gcc.
fuzz_cflags := -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined \
	       -fno-sanitize-recover=all -Wno-unknown-warning-option
fuzz_src := $(wildcard tests/fuzz/fuzz_*.c) tests/seeded-bugs/parsers/parser.c
fuzzers := $(patsubst %.c,$(O)/%,$(fuzz_src))
all_src += $(fuzz_src) tests/fuzz/input.c tests/sanitizers/early_proc.c

$(fuzzers): $(O)/%: $(O)/%.o $(O)/bench/guest/channel.o $(O)/bench/guest/procfs.o \
		$(call obj,tests/fuzz/input.c tests/helpers/everywhere.c tests/helpers/files.c) $(archives)
	$(say) LD $@
	$(Q)$(CC) $(CFLAGS) -fsanitize=fuzzer $(LDFLAGS) -o $@ $^ $(LDLIBS) $(BPF_LDLIBS) $(HTML_LDLIBS) -lcmocka

.PHONY: fuzzers fuzz-build fuzz fuzz-corpus
fuzzers: $(fuzzers)
fuzz-build: | $(O)/.deps
	$(call another_build,fuzz) CC='$(CLANG)' CFLAGS='$(fuzz_cflags)' fuzzers

fuzz: fuzz-build $(fuzz_corpora) $(O)/tests/fuzz/test_fuzz ## fuzz the parsers (MINUTES=10, TARGET=qmp); findings go to build/fuzz/found
	$(Q)FUZZ_SECONDS=$$(($(MINUTES) * 60)) FUZZ_TARGET='$(TARGET)' $(O)/tests/fuzz/test_fuzz

fuzz-corpus: fuzz-build $(fuzz_corpora) ## add the findings that reach new code to the corpus
	$(Q)for dir in $(O)/fuzz/found/fuzz_*/; do \
		name=$$(basename $$dir); \
		mkdir -p $(O)/corpus/$$name; \
		$(O)/fuzz/tests/fuzz/$$name -merge=1 -max_len=512 -close_fd_mask=3 $(O)/corpus/$$name $$dir || exit; \
	done
	$(Q)$(MAKE) --no-print-directory pack-corpus

# Tests that take minutes with a sanitizer or valgrind and add no coverage: thousands of
# repetitions (interval, verdicts, changepoint, until_ci, gate, hosts), a browser (html_browser), or many
# runs and deadlines (the others). check-asan and check-valgrind run them, too.
slow := interval verdicts changepoint looks until_ci gate hosts victim fake_qemu html_browser list hostile_guest \
	stages writes cache power_cut side_by_side
# Tests that take seconds under valgrind, which is thirty times slower; and tests that fail
# under it: its long double has 64 bits (units), and it delays processes that are killed
# or timed (qemu, victim).
quick_valgrind := claim histogram plan qmp report scenario stacks totals trace_records trace_result write
no_valgrind := units victim qemu html_browser list reference scale
# A test that was renamed would leave these lists without a word.
$(foreach name,$(slow) $(quick_valgrind) $(no_valgrind),$(if $(filter %/test_$(name),$(tests)),,$(error \
	tests/sanitizers/sanitizers.mk: there is no test_$(name); correct the lists of tests)))

asan_cflags := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
# test_scale measures memory, of which ASan takes a multiple.
asan_tests = $(call without,$(patsubst $(O)/%,$(O)/asan/%,$(foreach kind,unit cli fault,$(call tests_of,$(kind)))),scale)
valgrind_tests = $(foreach kind,unit cli,$(call tests_of,$(kind)))
without = $(filter-out $(addprefix %/test_,$(2)),$(1))

# The agent of that build: ASan must not start before /proc is mounted.
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

# The parts of both in `make test`.
need_asan = asan-build $(call tests_of,sanitizers)
run_asan = asan:2=tests/sanitizers/asan $(call without,$(asan_tests),$(slow)) $(call tests_of,sanitizers)
need_valgrind = $(filter $(addprefix %/test_,$(quick_valgrind)),$(valgrind_tests)) $(programs)
run_valgrind = valgrind:2=tests/sanitizers/valgrind $(filter $(addprefix %/test_,$(quick_valgrind)),$(valgrind_tests))

# Packages for lint and coverage are installed on their first use.
$(O)/.checks-deps: scripts/packages-checks | $(O)/.deps
	$(Q)scripts/deps scripts/packages-checks
	$(Q)touch $@

headers := $(foreach folder,lib bpf bench analysis tests,$(wildcard $(folder)/*.h $(folder)/*/*.h $(folder)/*/*/*.h))

# clang-tidy takes seconds for a file, so it depends on the object file, which is rebuilt
# when the source or a header changes.
tidied := $(patsubst %.c,$(O)/lint/%.tidy,$(filter-out %.bpf.c,$(sort $(all_src))))
$(tidied): $(O)/lint/%.tidy: $(O)/%.o .clang-tidy | $(O)/.checks-deps
	$(say) TIDY $*.c
	$(Q)mkdir -p $(@D)
	$(Q)clang-tidy --quiet $*.c -- -std=c11 -D_GNU_SOURCE -I. -isystem $(O) -DSOURCE_DIR='""' \
		-DTEST_BUILD='""' -DTEST_SOURCE='""' 2>$@.log || { cat $@.log; exit 1; }
	$(Q)mv $@.log $@

.PHONY: lint tidy cppcheck
lint: tidy cppcheck ## shellcheck, clang-format, clang-tidy, cppcheck
	$(Q)shellcheck -x $(scripts) tests/sanitizers/asan tests/sanitizers/valgrind tests/scale/make-tree tests/scale/trace-cost
	$(Q)clang-format --dry-run -Werror $(sort $(all_src) tests/device/fuzz/coverage_runtime.c $(bpf_programs) $(headers))

tidy:
	+$(Q)$(MAKE) --no-print-directory --keep-going $(jobs) $(tidied)

cppcheck: | $(O)/.checks-deps
	$(Q)mkdir -p $(O)/lint/cppcheck
	$(Q)cppcheck --quiet --error-exitcode=1 --enable=warning,performance,portability --std=c11 \
		--inline-suppr --suppressions-list=tests/sanitizers/cppcheck.supp --include=tests/sanitizers/cppcheck.h \
		--cppcheck-build-dir=$(O)/lint/cppcheck -j $(shell nproc) -D_GNU_SOURCE -I. -I$(O) \
		$(filter-out %.bpf.c,$(sort $(all_src)))

# Without the tests, and without generated code.
covered := bench analysis bpf lib
coverage_min := 85
# Code that runs only in guests, which return no counts: the agent and its tracer.
in_guest := bench/guest/.* bpf/cmd_guest.c bpf/guest_tracer.c
coverage_tests = $(patsubst $(O)/%,$(O)/coverage/%,$(foreach kind,unit cli fault trace vm,$(call tests_of,$(kind))))
gcovr = gcovr --root . --object-directory $(O)/coverage --gcov-ignore-parse-errors

.PHONY: coverage
coverage: $(images) $(planted) $(runner) | $(O)/.checks-deps ## line coverage by folder; at least 85 % of bench, analysis, bpf, lib
	$(call another_build,coverage) CFLAGS='-O0 -g --coverage' tested $(coverage_tests)
	$(call images_of,coverage,$(O))
	$(Q)$(if $(planted),mkdir -p $(O)/coverage/planted && cp $(planted) $(O)/coverage/planted/)
	$(Q)find $(O)/coverage -name '*.gcda' -delete
	$(Q)$(runner) coverage $(if $(COVERAGE_TESTS),$(addprefix $(O)/coverage/tests/,$(COVERAGE_TESTS)),$(coverage_tests)) || \
		echo '# some tests failed: their coverage is incomplete'
	$(Q)$(gcovr) --exclude 'tests/.*' --exclude '.*\.skel\.h' $(foreach file,$(in_guest),--exclude '$(file)') \
		--json $(O)/coverage/lines.json $(O)/coverage
	$(Q)for folder in $(covered); do \
		printf '%-10s' $$folder; \
		gcovr --root . -a $(O)/coverage/lines.json --filter "$$folder/" --print-summary \
			--fail-under-line $(coverage_min) -o $(O)/coverage/$$folder.txt >$(O)/coverage/summary || failed=1; \
		sed -n 's/^lines: //p' $(O)/coverage/summary; \
	done; exit $${failed:-0}
