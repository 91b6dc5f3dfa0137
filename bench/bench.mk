# SPDX-License-Identifier: GPL-2.0-or-later
#
# balloonbench; balloonguest, which runs in the guest; victims, which run in both.

bench_src := $(foreach room,config build vm boot box run record series fleet,$(wildcard bench/$(room)/*.c)) bench/guest/messages.c
victim_src := $(wildcard bench/victim/*.c)
guest_src := $(wildcard bench/guest/*.c)
all_src += $(bench_src) bench/main.c $(victim_src) $(guest_src)
archives += $(O)/bench.a $(O)/victim.a
programs += $(O)/balloonbench

$(O)/bench.a: $(call obj,$(bench_src))
$(O)/victim.a: $(call obj,$(victim_src))
$(O)/balloonbench: $(O)/bench/main.o $(O)/bench.a $(O)/victim.a $(O)/bpf.a $(O)/lib.a
$(O)/balloonbench: LDLIBS += $(BPF_LDLIBS) -lnettle

# All of the guest's user space, with the libraries that the initramfs brings along.
$(O)/balloonguest: $(call obj,$(guest_src)) $(O)/victim.a $(O)/bpf.a $(O)/lib.a
	$(say) LD $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(BPF_LDLIBS) -ljansson -lm
