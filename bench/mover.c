/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/mover.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "lib/result.h"

static const char *const names[] = {
	[MOVER_BALLOON] = "balloon",
	[MOVER_VIRTIO_MEM] = "virtio-mem",
	[MOVER_REPORTING] = RESULT_REPORTING,
};

const char *mover_name(enum mover mover)
{
	return names[mover];
}

int mover_parse(const char *name, enum mover *mover)
{
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], name))
			continue;
		*mover = i;
		return 0;
	}
	return -EINVAL;
}

static bool is_about_a_balloon(const struct scenario *s)
{
	return s->compaction_rounds || s->pressure.cache_bytes || s->deflate_on_oom;
}

static const char *plugging_refuses(const struct scenario *s)
{
	if (s->state == PREPARED_FRAGMENTED)
		return "a block with a page in it that is pinned cannot be unplugged, and state = "
		       "fragmented pins one in each";
	if (s->inflate_bytes % MOVER_BLOCK_BYTES || s->step_bytes % MOVER_BLOCK_BYTES)
		return "it moves blocks of 2 MiB; make inflate and step multiples of that";
	return NULL;
}

static const char *reporting_refuses(const struct scenario *s, enum accel accel)
{
	if (accel == ACCEL_ICOUNT)
		return "the guest rests between its reports, and under icount no time passes then";
	if (s->backing == BACKING_HUGETLB)
		return "the host does not show what it got back of hugetlb memory";
	if (s->state != PREPARED_TOUCHED)
		return "it gives back what the guest has used and freed: a scenario with state = "
		       "touched is wanted";
	if (s->rate_bytes_per_s || s->step_bytes != s->inflate_bytes)
		return "the guest's kernel sets its pace: without rate and step";
	return NULL;
}

const char *mover_refuses(enum mover mover, const struct scenario *scenario, enum accel accel)
{
	if (mover == MOVER_BALLOON)
		return NULL;
	if (is_about_a_balloon(scenario))
		return "compaction, pressure and deflate_on_oom are about a balloon";
	return mover == MOVER_VIRTIO_MEM ? plugging_refuses(scenario)
					 : reporting_refuses(scenario, accel);
}
