# SPDX-License-Identifier: GPL-2.0-or-later
#
# The same sources built and looked at in other ways: fuzzers, sanitizers, valgrind,
# coverage, lint. Each build has a directory of its own below $(O), which the
# Makefile fills when it is called once more with another O and other CFLAGS.

# As parallel as the machine, unless make was told how parallel to be.
jobs = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))
another_build = +$(Q)$(MAKE) --no-print-directory $(jobs) O=$(O)/$(1)

# -Wno-unknown-warning-option: clang 14 does not know one of those that gcc has.
fuzz_cflags := -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined \
	       -fno-sanitize-recover=all -Wno-unknown-warning-option
fuzzers := $(patsubst %.c,$(O)/%,$(fuzz_src))

$(fuzzers): $(O)/tests/fuzz/%: $(O)/tests/fuzz/%.o $(O)/bench/guest/channel.o \
		$(call obj,tests/fuzz/input.c tests/support/files.c) $(archives)
	$(say) LD $@
	$(Q)$(CC) $(CFLAGS) -fsanitize=fuzzer $(LDFLAGS) -o $@ $^ $(LDLIBS) $(BPF_LDLIBS) $(HTML_LDLIBS) -lcmocka

.PHONY: fuzzers fuzz-build
fuzzers: $(fuzzers)
fuzz-build: | $(O)/.deps
	$(call another_build,fuzz) CC='$(CLANG)' CFLAGS='$(fuzz_cflags)' fuzzers

# By hand: MINUTES for all targets together, or for TARGET alone
MINUTES ?= 10
.PHONY: fuzz fuzz-corpus
fuzz: fuzz-build $(O)/tests/fuzz/test_fuzz ## fuzz the parsers (MINUTES=10, TARGET=qmp); finds go to build/fuzz/found
	$(Q)FUZZ_SECONDS=$$(($(MINUTES) * 60)) FUZZ_TARGET='$(TARGET)' $(O)/tests/fuzz/test_fuzz

fuzz-corpus: fuzz-build ## take over into tests/fuzz/corpus what those finds reach beyond it
	$(Q)for dir in $(O)/fuzz/found/fuzz_*/; do \
		name=$$(basename $$dir); \
		$(O)/fuzz/tests/fuzz/$$name -merge=1 -max_len=512 -close_fd_mask=3 tests/fuzz/corpus/$$name $$dir || exit; \
	done

# Every build that is not the one to be shipped, of what the unit and fault tests run.
.PHONY: tested
tested: $(programs) $(O)/initramfs.cpio $(call tests_of,unit) $(call tests_of,fault) $(fake_qemu) $(advise)

asan_cflags := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
asan_tests = $(patsubst $(O)/%,$(O)/asan/%,$(call tests_of,unit) $(call tests_of,fault))

# The same kernels, and the agent of that build.
images_of = $(Q)mkdir -p $(O)/$(1) && sed '/^path = .*initramfs/s|=.*|= $(abspath $(O)/$(1))/initramfs.cpio|' \
	$(images) >$(O)/$(1)/images.ini

.PHONY: asan-build
asan-build: $(images)
	$(call another_build,asan) CFLAGS='$(asan_cflags)' tested
	$(call images_of,asan)
