/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/boot/host_memory.h"

#include <stdio.h>
#include <string.h>

/* A line of the rest of the roll-up, in bytes; -1 where there is none. */
static long long read_field(FILE *f, const char *wanted)
{
	char line[256], field[64];
	unsigned long long kib;

	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%63[^:]: %llu kB", field, &kib) == 2 && !strcmp(field, wanted))
			return kib << 10;
	return -1;
}

void host_memory_note(struct vm *vm, json_t *cycle, const char *when)
{
	json_t *all = json_object_get(cycle, "host_memory");
	long long rss, huge;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)vm->qemu.pid);
	f = fopen(path, "re");
	if (!f)
		return;
	/* In this order they stand there. */
	rss = read_field(f, "Rss");
	huge = read_field(f, "AnonHugePages");
	fclose(f);
	if (rss < 0 || huge < 0)
		return;
	if (!all) {
		all = json_object();
		json_object_set_new(cycle, "host_memory", all);
	}
	json_object_set_new(all, when,
			    json_pack("{s:I, s:I}", "rss_bytes", (json_int_t)rss, "anon_huge_bytes",
				      (json_int_t)huge));
}
