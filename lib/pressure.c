/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/pressure.h"

#include <stdio.h>

#include "lib/record.h"

#define FILE_NAME "/proc/pressure/memory"
#define NSEC_PER_USEC 1000

int64_t pressure_stall_ns(void)
{
	unsigned long long us;
	FILE *f = fopen(FILE_NAME, "re");
	bool found;

	if (!f)
		return RECORD_ABSENT;
	found = fscanf(f, "some %*s %*s %*s total=%llu", &us) == 1;
	fclose(f);
	return found ? (int64_t)us * NSEC_PER_USEC : RECORD_ABSENT;
}

int64_t pressure_change_ns(int64_t before, int64_t after)
{
	return before == RECORD_ABSENT || after == RECORD_ABSENT ? RECORD_ABSENT : after - before;
}
