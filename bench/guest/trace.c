/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/guest/trace.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bpf/guest_tracer.h"
#include "bpf/totals.h"
#include "bpf/trace_json.h"

/* Batches of one move that are sent one by one: a message has its limit. Sums have none. */
#define ROWS_MAX 50000
/* For the last batch; one that was lost does not come. */
#define NAP_NS 1000000
#define NAPS_MAX 100

static struct guest_tracer *tracer;
/* Of all batches since the start, for the histograms of their stages. */
static struct guest_totals inflate, deflate;

json_t *trace_start(const json_t *request, char *err, size_t err_size)
{
	const char *level = json_string_value(json_object_get(request, "level"));
	const char *mechanism = json_string_value(json_object_get(request, "mechanism"));
	struct tracer_options options = {
		.ring_bytes = json_integer_value(json_object_get(request, "ring_bytes")),
	};
	const struct observation *seen;
	size_t count;

	if (!level || !trace_level_parse(level, &options.level) || options.level == TRACE_OFF ||
	    (mechanism && !mechanism_parse(mechanism, &options.mechanism))) {
		snprintf(err, err_size, "trace-start needs a level, and a mechanism that exists");
		return NULL;
	}
	guest_tracer_close(tracer);
	tracer = NULL;
	if (guest_tracer_open(&tracer, &options, err, err_size))
		return NULL;
	seen = guest_tracer_observations(tracer, &count);
	return json_pack("{s:s, s:o}", "mechanism", mechanism_name(guest_tracer_mechanism(tracer)),
			 "observations", observations_to_json(seen, count));
}

struct taking {
	bool inflates;
	struct guest_totals totals;
	json_t *rows;
};

static void take(const struct guest_batch *batch, void *context)
{
	struct taking *taking = context;

	/* What a guest out of memory takes back meanwhile is beside the move, on another CPU. */
	if (!batch->inflate == !taking->inflates)
		guest_totals_add(&taking->totals, batch);
	guest_totals_add(batch->inflate ? &inflate : &deflate, batch);
	if (json_array_size(taking->rows) < ROWS_MAX)
		json_array_append_new(taking->rows, guest_batch_to_row(batch));
}

json_t *trace_take_batches(bool inflates, uint64_t pages)
{
	const struct timespec nap = { .tv_nsec = NAP_NS };
	static struct taking taking;
	int naps;

	if (!tracer)
		return NULL;
	memset(&taking, 0, sizeof(taking));
	taking.inflates = inflates;
	taking.rows = json_array();
	guest_tracer_drain(tracer, take, &taking);
	for (naps = 0; taking.totals.pages < pages && naps < NAPS_MAX; naps++) {
		nanosleep(&nap, NULL);
		guest_tracer_drain(tracer, take, &taking);
	}
	return json_pack("{s:o, s:o}", "sums", guest_totals_to_json(&taking.totals), "batches",
			 taking.rows);
}

json_t *trace_read(char *err, size_t err_size)
{
	static struct guest_counts counts;

	if (!tracer) {
		snprintf(err, err_size, "nothing is traced");
		return NULL;
	}
	if (guest_tracer_counts(tracer, &counts)) {
		snprintf(err, err_size, "the tracer's maps cannot be read");
		return NULL;
	}
	return json_pack("{s:o, s:o, s:o}", "ops", guest_ops_to_json(&counts, &inflate, &deflate),
			 "counters", counters_to_json(counts.counters), "blocks",
			 guest_blocks_to_json(counts.tallies));
}
