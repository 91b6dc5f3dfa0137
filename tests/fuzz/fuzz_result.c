/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * result.json: what is refused, and what a boot that is not yields.
 */
#include <math.h>

#include "analysis/data/measure.h"
#include "lib/histogram.h"
#include "tests/fuzz/input.h"

static const char *const measures[] = {
	"inflate.duration_ns",
	"inflate.gib_per_s",
	"inflate.phases.alloc_ns.per_page",
	"ready_ns",
	"vmstat.pgfault",
	"ops.enqueue.p99",
	"ops.enqueue.mean",
	"host.dontneed.max",
	"guest.fault_ns.p50 during inflate",
	"guest.fault_ns.p99 during inflate",
	"guest.fault_ns.excess_ns during inflate",
};

static void take(const struct table *table, const char *name)
{
	struct measure measure = measure_of("%s", name);
	struct series s = series(table, NULL, NULL, &measure);
	size_t i;

	for (i = 0; i < s.n; i++)
		FUZZ_HOLDS(!isnan(s.values[i]));
	series_release(&s);
}

static void check_histogram(const struct table *table)
{
	const struct column *column = table_column(table, "ops.enqueue.histogram");
	struct histogram h, same;
	double p50, p99;
	json_t *json;

	if (!table_histogram(column, &table->boots[0], &h) || !h.count)
		return;
	p50 = histogram_quantile(&h, 0.5);
	p99 = histogram_quantile(&h, 0.99);
	FUZZ_HOLDS(p50 <= p99 && p50 >= h.min && p99 <= h.max);
	json = histogram_to_json(&h);
	FUZZ_HOLDS(!histogram_from_json(&same, json));
	json_decref(json);
}

/* What was read is written as what can be read again. */
static void check_encoding(const struct table_boot *boot)
{
	struct boot_result result, same;
	char err[1024];
	json_t *json;

	FUZZ_HOLDS(!table_reread(boot, &result, err, sizeof(err)));
	json = record_encode(&boot_record, &result);
	FUZZ_HOLDS(!result_decode(&same, json, "again", err, sizeof(err)));
	json_decref(json);
	record_release(&boot_record, &result);
	record_release(&boot_record, &same);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int linked;
	char err[1024] = "";
	struct table table;
	size_t i;

	if (!linked++)
		fuzz_link("s/v/boot-01/result.json", 0);
	fuzz_file(0, data, size);
	if (table_load(&table, fuzz_directory(), err, sizeof(err))) {
		FUZZ_HOLDS(*err);
		return 0;
	}
	for (i = 0; i < sizeof(measures) / sizeof(measures[0]); i++)
		take(&table, measures[i]);
	check_histogram(&table);
	check_encoding(&table.boots[0]);
	table_release(&table);
	return 0;
}
