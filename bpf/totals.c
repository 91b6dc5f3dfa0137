/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bpf/totals.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "lib/histogram.h"
#include "lib/record_table.h"

#define CLOCK_READINGS 101

#define S struct guest_totals
RECORD(guest_totals_record, "guest_totals", NULL,
	FIELD(COUNT, batches, .required = true), FIELD(COUNT, kicks, .required = true),
	FIELD(COUNT, pages, .required = true), FIELD(COUNT, entries, .required = true),
	NAMED("alloc_ns", COUNT, stage_ns[STAGE_ALLOC], .required = true),
	FIELD(COUNT, alloc_retry_ns, .required = true),
	NAMED("move_ns", COUNT, stage_ns[STAGE_MOVE], .required = true),
	NAMED("tell_ns", COUNT, stage_ns[STAGE_TELL], .required = true),
	NAMED("release_ns", COUNT, stage_ns[STAGE_RELEASE], .required = true),
	FIELD(COUNT, gap_ns, .required = true), FIELD(COUNT, begin_ns, .required = true),
	FIELD(COUNT, end_ns, .required = true), FIELD(BOOL, merged, .required = true));
#undef S

static uint64_t batch_end(const struct guest_batch *b)
{
	return b->begin_ns + b->alloc_ns + b->move_ns + b->tell_ns + b->release_ns;
}

void guest_totals_add(struct guest_totals *totals, const struct guest_batch *batch)
{
	const uint64_t ns[STAGE_COUNT] = {
		[STAGE_ALLOC] = batch->alloc_ns - batch->alloc_retry_ns,
		[STAGE_MOVE] = batch->move_ns,
		[STAGE_TELL] = batch->tell_ns,
		[STAGE_RELEASE] = batch->release_ns,
	};
	int i;

	if (!totals->batches)
		totals->begin_ns = batch->begin_ns;
	else if (batch->begin_ns > totals->end_ns)
		totals->gap_ns += batch->begin_ns - totals->end_ns;
	totals->end_ns = batch_end(batch);
	totals->batches++;
	totals->kicks += batch->entries > 0;
	totals->pages += batch->pages;
	totals->entries += batch->entries;
	totals->alloc_retry_ns += batch->alloc_retry_ns;
	totals->merged |= batch->merged;
	for (i = 0; i < STAGE_COUNT; i++) {
		totals->stage_ns[i] += ns[i];
		if (ns[i])
			histogram_add(&totals->stages[i], ns[i]);
	}
}

void guest_totals_append(struct guest_totals *totals, const struct guest_totals *later)
{
	int i;

	if (!later->batches)
		return;
	if (!totals->batches)
		totals->begin_ns = later->begin_ns;
	totals->end_ns = later->end_ns;
	totals->batches += later->batches;
	totals->kicks += later->kicks;
	totals->pages += later->pages;
	totals->entries += later->entries;
	totals->alloc_retry_ns += later->alloc_retry_ns;
	totals->gap_ns += later->gap_ns;
	totals->merged |= later->merged;
	for (i = 0; i < STAGE_COUNT; i++) {
		totals->stage_ns[i] += later->stage_ns[i];
		histogram_merge(&totals->stages[i], &later->stages[i]);
	}
}

void host_totals_add(struct host_totals *totals, const struct host_batch *batch)
{
	totals->batches++;
	totals->entries += batch->entries;
	totals->calls += batch->calls;
	totals->bytes += batch->bytes;
	totals->ns += batch->ns;
	totals->timed += batch->timed;
	totals->timed_ns += batch->timed_ns;
}

double host_totals_advice_ns(const struct host_totals *totals, double clock_ns)
{
	double mean;

	if (!totals->timed)
		return NAN;
	mean = (double)totals->timed_ns / totals->timed - clock_ns;
	return fmin(fmax(mean, 0) * totals->calls, totals->ns);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double clock_cost_ns(void)
{
	double costs[CLOCK_READINGS];
	struct timespec a, b;
	int i;

	for (i = 0; i < CLOCK_READINGS; i++) {
		clock_gettime(CLOCK_MONOTONIC, &a);
		clock_gettime(CLOCK_MONOTONIC, &b);
		costs[i] = (b.tv_sec - a.tv_sec) * 1e9 + (b.tv_nsec - a.tv_nsec);
	}
	qsort(costs, CLOCK_READINGS, sizeof(costs[0]), compare);
	return costs[CLOCK_READINGS / 2];
}
