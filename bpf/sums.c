/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bpf/sums.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "lib/histogram.h"

#define CLOCK_READINGS 101

static uint64_t batch_end(const struct guest_batch *b)
{
	return b->begin_ns + b->alloc_ns + b->move_ns + b->tell_ns + b->release_ns;
}

void guest_sums_add(struct guest_sums *sums, const struct guest_batch *batch)
{
	const uint64_t ns[STAGE_COUNT] = {
		[STAGE_ALLOC] = batch->alloc_ns - batch->puff_ns,
		[STAGE_MOVE] = batch->move_ns,
		[STAGE_TELL] = batch->tell_ns,
		[STAGE_RELEASE] = batch->release_ns,
	};
	int i;

	if (!sums->batches)
		sums->begin_ns = batch->begin_ns;
	else if (batch->begin_ns > sums->end_ns)
		sums->gap_ns += batch->begin_ns - sums->end_ns;
	sums->end_ns = batch_end(batch);
	sums->batches++;
	sums->kicks += batch->entries > 0;
	sums->pages += batch->pages;
	sums->entries += batch->entries;
	sums->puff_ns += batch->puff_ns;
	sums->merged |= batch->merged;
	for (i = 0; i < STAGE_COUNT; i++) {
		sums->stage_ns[i] += ns[i];
		if (ns[i])
			histogram_add(&sums->stages[i], ns[i]);
	}
}

void guest_sums_append(struct guest_sums *sums, const struct guest_sums *later)
{
	int i;

	if (!later->batches)
		return;
	if (!sums->batches)
		sums->begin_ns = later->begin_ns;
	sums->end_ns = later->end_ns;
	sums->batches += later->batches;
	sums->kicks += later->kicks;
	sums->pages += later->pages;
	sums->entries += later->entries;
	sums->puff_ns += later->puff_ns;
	sums->gap_ns += later->gap_ns;
	sums->merged |= later->merged;
	for (i = 0; i < STAGE_COUNT; i++) {
		sums->stage_ns[i] += later->stage_ns[i];
		histogram_merge(&sums->stages[i], &later->stages[i]);
	}
}

void host_sums_add(struct host_sums *sums, const struct host_batch *batch)
{
	sums->batches++;
	sums->entries += batch->entries;
	sums->calls += batch->calls;
	sums->bytes += batch->bytes;
	sums->ns += batch->ns;
	sums->timed += batch->timed;
	sums->timed_ns += batch->timed_ns;
}

double host_sums_advice_ns(const struct host_sums *sums, double clock_ns)
{
	double mean;

	if (!sums->timed)
		return NAN;
	mean = (double)sums->timed_ns / sums->timed - clock_ns;
	return fmin(fmax(mean, 0) * sums->calls, sums->ns);
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
