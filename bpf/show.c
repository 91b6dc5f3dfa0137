/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bpf/show.h"

#include <stdio.h>
#include <string.h>

#include "lib/histogram.h"
#include "lib/units.h"

#define BAR_WIDTH 40

void show_json(json_t *json, bool one_line)
{
	json_dumpf(json, stdout, one_line ? JSON_COMPACT : JSON_INDENT(2));
	putchar('\n');
	fflush(stdout);
	json_decref(json);
}

static const char *format(double value, enum show_unit unit, char *text, size_t size)
{
	return unit == SHOW_NS ? format_duration(value, text, size)
			       : format_bytes(value, text, size);
}

static void show_percentiles(const struct histogram *h, enum show_unit unit)
{
	static const struct {
		const char *name;
		double q;
	} percentiles[] = { { "p50", .5 }, { "p90", .9 }, { "p99", .99 }, { "p99.9", .999 } };
	char text[32];
	size_t i;

	printf("    n %llu, mean %s", h->count,
	       format(histogram_mean(h), unit, text, sizeof(text)));
	/* A length is most often the lowest of its bucket, which a percentile does not know. */
	for (i = 0; unit == SHOW_NS && i < 4; i++)
		if (histogram_carries(h, percentiles[i].q))
			printf(", %s %s", percentiles[i].name,
			       format(histogram_quantile(h, percentiles[i].q), unit, text,
				      sizeof(text)));
	printf(", max %s\n", format(h->max, unit, text, sizeof(text)));
}

static uint64_t octave_count(const struct histogram *h, unsigned int exponent)
{
	uint64_t count = 0;
	unsigned int i;

	for (i = 0; i < HISTOGRAM_BUCKETS; i++)
		if (h->buckets[i] && histogram_log2(histogram_low(i) | 1) == exponent)
			count += h->buckets[i];
	return count;
}

void show_histogram(const char *title, const struct histogram *h, enum show_unit unit)
{
	uint64_t counts[64], most = 1;
	unsigned int e, first, last;
	char from[32];

	if (!h->count)
		return;
	printf("  %s\n", title);
	show_percentiles(h, unit);
	first = histogram_log2(h->min | 1);
	last = histogram_log2(h->max | 1);
	for (e = first; e <= last; e++) {
		counts[e] = octave_count(h, e);
		most = counts[e] > most ? counts[e] : most;
	}
	for (e = first; e <= last; e++) {
		int width = (counts[e] * BAR_WIDTH + most - 1) / most;

		if (!counts[e])
			continue;
		printf("    %10s .. |%-*.*s| %llu\n", format(1ULL << e, unit, from, sizeof(from)),
		       BAR_WIDTH, width, "########################################",
		       (unsigned long long)counts[e]);
	}
}

void show_observations(const struct observation *observations, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		const struct observation *o = &observations[i];

		if (o->what)
			printf("  %-26s %s%s\n", o->what,
			       o->how ? o->how : "not observed: ", o->how ? "" : o->why_not);
	}
}

void show_lost(const uint64_t counters[COUNTER_COUNT])
{
	if (counters[COUNTER_LOST_RECORDS])
		printf("LOST %llu records: the ring buffer was full, batches are missing; a larger "
		       "--ring helps\n",
		       (unsigned long long)counters[COUNTER_LOST_RECORDS]);
	if (counters[COUNTER_LOST_PAIRS])
		printf("LOST %llu operations: their begin or end was not seen\n",
		       (unsigned long long)counters[COUNTER_LOST_PAIRS]);
}
