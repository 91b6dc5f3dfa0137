/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/boot/footprint.h"

#include <stdio.h>
#include <string.h>

#include "lib/clock.h"

/* The kernel walks the page tables for it, which takes milliseconds. */
#define HUGE_NS NSEC_PER_SEC

void footprint_begin(struct footprint *f, uint64_t bytes, uint64_t now)
{
	*f = (struct footprint){ .begin_ns = now,
				 .last_ns = now,
				 .last_bytes = bytes,
				 .peak_bytes = bytes,
				 .huge.due_ns = now };
}

void footprint_add(struct footprint *f, uint64_t bytes, uint64_t now)
{
	f->byte_ns += (double)f->last_bytes * (double)(now - f->last_ns);
	f->last_ns = now;
	f->last_bytes = bytes;
	if (bytes > f->peak_bytes)
		f->peak_bytes = bytes;
}

/* Lines "NAME: VALUE kB" of a file of QEMU's in /proc: how many of two names are in it. */
static int read_kib(const struct vm *vm, const char *file, const char *const names[2],
		    unsigned long long bytes[2])
{
	char path[64], name[64], line[256];
	unsigned long long kib;
	int found = 0, i;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)vm->qemu.pid, file);
	f = fopen(path, "re");
	while (f && found < 2 && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%63[^:]: %llu kB", name, &kib) != 2)
			continue;
		for (i = 0; i < 2; i++)
			if (!strcmp(name, names[i])) {
				bytes[i] = kib << 10;
				found++;
			}
	}
	if (f)
		fclose(f);
	return found;
}

bool footprint_of_qemu(const struct vm *vm, struct qemu_memory *memory)
{
	static const char *const names[] = { "Rss", "AnonHugePages" };
	unsigned long long bytes[2];

	if (read_kib(vm, "smaps_rollup", names, bytes) < 2)
		return false;
	*memory = (struct qemu_memory){ .rss_bytes = bytes[0], .anon_huge_bytes = bytes[1] };
	return true;
}

static void count_huge(struct footprint *f, const struct vm *vm, uint64_t now)
{
	struct qemu_memory memory;

	if (now < f->huge.due_ns)
		return;
	f->huge.due_ns = now + HUGE_NS;
	if (!footprint_of_qemu(vm, &memory))
		return;
	f->huge.bytes += memory.anon_huge_bytes;
	f->huge.count++;
}

uint64_t footprint_read(struct footprint *f, const struct vm *vm, uint64_t now)
{
	static const char *const names[] = { "VmRSS", "VmSwap" };
	unsigned long long bytes[2] = { 0, 0 };

	if (!read_kib(vm, "status", names, bytes))
		return 0;
	if (bytes[1] > f->swapped_bytes)
		f->swapped_bytes = bytes[1];
	count_huge(f, vm, now);
	return bytes[0] + bytes[1];
}

void footprint_end(const struct footprint *f, struct replay_result *r)
{
	r->elapsed_ns = f->last_ns - f->begin_ns;
	r->end_bytes = f->last_bytes;
	r->peak_bytes = f->peak_bytes;
	r->swapped_bytes = f->swapped_bytes;
	r->footprint_gib_minutes = f->byte_ns / GIB_MINUTE;
	r->mean_bytes = r->elapsed_ns ? f->byte_ns / (double)r->elapsed_ns : f->last_bytes;
	if (f->huge.count)
		r->huge_bytes = f->huge.bytes / f->huge.count;
}
