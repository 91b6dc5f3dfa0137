/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * result.json: what is refused, and what a boot that is not yields.
 */
#include <math.h>

#include "analysis/gate/quantity.h"
#include "lib/histogram.h"
#include "lib/result.h"
#include "tests/fuzz/input.h"

static const struct {
	const char *name;
	const char *phase;
} quantities[] = {
	{ "inflate.duration_ns", NULL },     { "inflate.gib_per_s", NULL },
	{ "inflate.phases.alloc_ns", NULL }, { "ready_ns", NULL },
	{ "vmstat.pgfault", NULL },	     { "ops.enqueue.p99", NULL },
	{ "ops.enqueue.mean", NULL },	     { "host.dontneed.max", NULL },
	{ "guest.fault_ns.p50", "inflate" },
};

static void look_at(const json_t *result, const char *name, const char *phase)
{
	struct quantity quantity;
	char err[256];
	double value;

	FUZZ_HOLDS(!quantity_parse(&quantity, name, phase ? quantity_phase(phase) : NULL, err,
				   sizeof(err)));
	if (quantity_of_boot(&quantity, result, &value) == QUANTITY_THERE)
		FUZZ_HOLDS(!isnan(value));
	if (phase)
		quantity_over_idle(&quantity, result, &value);
	quantity_release(&quantity);
}

static void look_at_histogram(const json_t *json)
{
	struct histogram h;
	double p50, p99;
	json_t *again;

	if (histogram_from_json(&h, json) || !h.count)
		return;
	p50 = histogram_quantile(&h, 0.5);
	p99 = histogram_quantile(&h, 0.99);
	FUZZ_HOLDS(p50 <= p99 && p50 >= h.min && p99 <= h.max);
	again = histogram_to_json(&h);
	FUZZ_HOLDS(!histogram_from_json(&h, again));
	json_decref(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char err[1024] = "";
	json_t *result = result_load(fuzz_file(0, data, size), err, sizeof(err));
	size_t i;

	if (!result) {
		FUZZ_HOLDS(*err);
		return 0;
	}
	for (i = 0; i < sizeof(quantities) / sizeof(quantities[0]); i++)
		look_at(result, quantities[i].name, quantities[i].phase);
	look_at_histogram(json_at(result, "ops.enqueue.histogram"));
	json_decref(result);
	return 0;
}
