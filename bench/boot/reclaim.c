/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/boot/reclaim.h"

#include <stdbool.h>
#include <string.h>

#include "lib/clock.h"

#define SHARE 0.9
#define REST_NS ((int64_t)NSEC_PER_SEC)

typedef const int64_t (*points)[2];

/* The footprint at a time: that of the last point before it. */
static int64_t level_at(const struct record_list *footprint, int64_t ns)
{
	points p = footprint->items;
	size_t i = 0;

	while (i + 1 < footprint->count && p[i + 1][0] <= ns)
		i++;
	return footprint->count ? p[i][1] : 0;
}

/* When it is at a level or below, from a time to another; false: it was not. */
static bool reaches(const struct record_list *footprint, int64_t level, int64_t from, int64_t to,
		    int64_t *at)
{
	points p = footprint->items;
	size_t i;

	for (i = 0; i < footprint->count && p[i][0] <= to; i++) {
		if (p[i][0] < from || p[i][1] > level)
			continue;
		*at = p[i][0];
		return true;
	}
	return false;
}

/* When the demand, from its point @i on, grows for the first time; or @end. */
static int64_t grows_at(const struct record_list *demand, size_t i, int64_t end)
{
	points p = demand->items;

	for (; i + 1 < demand->count; i++)
		if (p[i + 1][1] > p[i][1])
			return p[i][0];
	return end;
}

void reclaims_find(struct reclaims *r, const struct record_list *demand,
		   const struct record_list *footprint)
{
	points d = demand->items, f = footprint->items;
	const int64_t end = footprint->count ? f[footprint->count - 1][0] : 0;
	int64_t freed, until, level, at;
	size_t i;

	memset(r, 0, sizeof(*r));
	for (i = 1; i < demand->count; i++) {
		freed = d[i - 1][1] - d[i][1];
		until = grows_at(demand, i, end);
		if (freed < RECLAIM_LEAST_BYTES || (until == end && end - d[i][0] < REST_NS))
			continue;
		level = level_at(footprint, d[i - 1][0]) - (int64_t)((double)freed * SHARE);
		/* It may be on its way while the guest still frees. */
		if (reaches(footprint, level, d[i - 1][0], until, &at))
			histogram_add(&r->ns, at > d[i][0] ? at - d[i][0] : 0);
		else
			r->missed++;
	}
}
