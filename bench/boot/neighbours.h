/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BOOT_NEIGHBOURS_H
#define BENCH_BOOT_NEIGHBOURS_H

#include "bench/boot/parts.h"

/*
 * The other guests of a boot with several: a VM each, like the first, with its logs in the
 * directory vm-2, vm-3, ... of the boot. They are not traced, and have no victims beside them. All
 * calls but the last return 0 or -errno with the reason of the boot's own VM set.
 */
struct neighbour {
	struct boot boot; /* that of the boot, with another directory */
	struct run run;
	struct boot_result checked; /* has its checks, until neighbours_end() */
	char *directory;
};

/* Start as many as the scenario asks for. */
int neighbours_start(struct run *run);

/* After the cycles: their checks become the boot's, and they are powered off. */
int neighbours_end(struct run *run);

/* If one has failed, its reason becomes the boot's. */
void neighbours_tell(struct run *run);

void neighbours_release(struct run *run);

#endif
