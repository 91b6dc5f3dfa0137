/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bpf/commands.h"

#include <stdio.h>
#include <string.h>

#include "bpf/trace_result.h"
#include "lib/histogram.h"
#include "lib/log.h"
#include "lib/stats.h"
#include "lib/units.h"

#define BAR_WIDTH 40

const char *parse_level(const char *text, void *field)
{
	struct trace_setting *setting = field;
	const char *wrong = trace_setting_parse(text, setting);

	if (!wrong && setting->level == TRACE_OFF)
		wrong = "expected phases, pages or pages=N";
	return wrong;
}

void say_what_is_traced(const char *what, uint64_t duration_ns)
{
	char time[32] = "Ctrl-C";

	if (duration_ns)
		format_duration(duration_ns, time, sizeof(time));
	log_info("tracing %s %s %s", what, duration_ns ? "for" : "until", time);
}

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

/* Of a sample: between which values the percentile of all lies, with 95 %. */
static void show_error(const struct histogram *h, enum show_unit unit, double q)
{
	char low_text[32], high_text[32];
	uint64_t low, high;

	if (stats_quantile_ranks(h->count, q, &low, &high))
		printf(" [%s, %s]",
		       format(histogram_at_rank(h, low), unit, low_text, sizeof(low_text)),
		       format(histogram_at_rank(h, high), unit, high_text, sizeof(high_text)));
}

static void show_percentiles(const struct histogram *h, enum show_unit unit, bool sample)
{
	static const struct {
		const char *name;
		double q;
	} percentiles[] = { { "p50", .5 }, { "p90", .9 }, { "p99", .99 }, { "p99.9", .999 } };
	char text[32];
	size_t i;

	printf("    n %llu, mean %s", h->count,
	       format(histogram_mean(h), unit, text, sizeof(text)));
	/* Lengths are usually the lowest value of their bucket, percentiles its middle. */
	for (i = 0; unit == SHOW_NS && i < 4; i++) {
		if (!histogram_carries(h, percentiles[i].q))
			continue;
		printf(", %s %s", percentiles[i].name,
		       format(histogram_quantile(h, percentiles[i].q), unit, text, sizeof(text)));
		if (sample)
			show_error(h, unit, percentiles[i].q);
	}
	printf(", max %s\n", format(h->max, unit, text, sizeof(text)));
}

void show_histogram(const char *title, const struct histogram *h, enum show_unit unit, bool sample)
{
	uint64_t counts[64] = { 0 }, most = 1;
	unsigned int i, e, width;
	char from[32];

	if (!h->count)
		return;
	printf("  %s\n", title);
	show_percentiles(h, unit, sample);
	for (i = 0; i < HISTOGRAM_BUCKETS; i++) {
		e = histogram_log2(histogram_low(i) | 1);
		counts[e] += h->buckets[i];
		most = counts[e] > most ? counts[e] : most;
	}
	for (e = 0; e < 64; e++) {
		width = (counts[e] * BAR_WIDTH + most - 1) / most;
		if (width)
			printf("    %10s .. |%-*.*s| %llu\n",
			       format(1ULL << e, unit, from, sizeof(from)), BAR_WIDTH, width,
			       "########################################",
			       (unsigned long long)counts[e]);
	}
}

void show_observations(const struct observation *observations, size_t count, bool json)
{
	struct record_list list = { NULL, 0 };
	json_t *array = json_array();
	const struct observed *o;

	trace_observations(&list, observations, count);
	for (o = list.items; o < (struct observed *)list.items + list.count; o++) {
		if (json)
			json_array_append_new(array, record_encode(&observed_record, o));
		else
			printf("  %-26s %s%s\n", o->what,
			       o->how ?: "not observed: ", o->why_not ?: "");
	}
	if (json)
		show_json(array, false);
	else
		json_decref(array);
	record_release_list(&observed_record, &list);
}

void show_lost(const uint64_t counters[COUNTER_COUNT])
{
	if (counters[COUNTER_LOST_RECORDS])
		printf("lost %llu records: ring buffer full, batches are missing; use a larger "
		       "--ring\n",
		       (unsigned long long)counters[COUNTER_LOST_RECORDS]);
	if (counters[COUNTER_LOST_PAIRS])
		printf("lost %llu operations: begin or end not seen\n",
		       (unsigned long long)counters[COUNTER_LOST_PAIRS]);
}
