/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/config/method.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "lib/result.h"

static const char *const names[] = {
	[METHOD_BALLOON] = "balloon",
	[METHOD_VIRTIO_MEM] = "virtio-mem",
	[METHOD_REPORTING] = RESULT_REPORTING,
};

const char *method_name(enum method method)
{
	return names[method];
}

int method_parse(const char *name, enum method *method)
{
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], name))
			continue;
		*method = i;
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
	if (s->inflate_bytes % METHOD_BLOCK_BYTES || s->step_bytes % METHOD_BLOCK_BYTES)
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

const char *method_refuses(enum method method, const struct scenario *scenario, enum accel accel)
{
	if (method == METHOD_BALLOON)
		return NULL;
	if (is_about_a_balloon(scenario))
		return "compaction, pressure and deflate_on_oom are about a balloon";
	return method == METHOD_VIRTIO_MEM ? plugging_refuses(scenario)
					   : reporting_refuses(scenario, accel);
}
