# SPDX-License-Identifier: GPL-2.0-or-later
#
# balloontrace, and the BPF programs that it and the agent load.

bpf_src := $(filter-out bpf/main.c %.bpf.c,$(wildcard bpf/*.c))
bpf_programs := $(wildcard bpf/*.bpf.c)
skeletons := $(patsubst bpf/%.bpf.c,$(O)/bpf/%.skel.h,$(bpf_programs))
all_src += $(bpf_src) bpf/main.c
archives += $(O)/bpf.a
programs += $(O)/balloontrace

$(O)/bpf.a: $(call obj,$(bpf_src))
$(O)/balloontrace: $(O)/bpf/main.o $(O)/bpf.a $(O)/lib.a
$(O)/balloontrace: LDLIBS += $(BPF_LDLIBS)

# For machines without its libraries: what is on this one's, of those that have a static form.
$(O)/balloontrace-static: $(O)/bpf/main.o $(O)/bpf.a $(O)/lib.a
	$(say) LD $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -static -o $@ $^ $(BPF_LDLIBS) $(LDLIBS)

# The types of any kernel will do: programs are relocated when they are loaded.
# This machine's if its kernel has BTF, else those of the kernel we built.
own_btf := $(wildcard /sys/kernel/btf/vmlinux)
$(O)/vmlinux.h: $(if $(own_btf),,$(images)) | $(O)/.deps
	$(say) BTF $@
	$(Q)bpftool btf dump file $(or $(own_btf),$$(sed -n 's/^image = //p' $(images) | head -n 1)) \
		format c >$@

$(O)/bpf/%.bpf.o: bpf/%.bpf.c $(O)/vmlinux.h
	$(say) BPF $<
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) -target bpf -mcpu=v3 -g -O2 -D__TARGET_ARCH_x86 -I. -I$(O) \
		-I/usr/include/$(or $(MULTIARCH),$(shell $(CC) -print-multiarch)) -Wall -Werror -MMD -MP -c -o $@ $<

$(skeletons): $(O)/bpf/%.skel.h: $(O)/bpf/%.bpf.o
	$(say) SKEL $@
	$(Q)bpftool gen skeleton $< name $* >$@

# Skeletons are no part of the .d files: they are included as system headers.
$(O)/bpf/guest_tracer.o $(O)/bpf/host_tracer.o: $(skeletons)
