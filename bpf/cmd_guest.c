/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balloontrace guest: the balloon driver of the running kernel.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/commands.h"
#include "bpf/guest_tracer.h"
#include "bpf/show.h"
#include "bpf/totals.h"
#include "bpf/ticker.h"
#include "bpf/trace_json.h"
#include "bpf/trace_options.h"
#include "lib/exit_status.h"
#include "lib/log.h"
#include "lib/units.h"

#define PAGE_BYTES 4096ULL

static const char doc[] = "Trace the memory balloon of this machine: how long each stage of a "
			  "batch and each operation "
			  "on a page takes. By the balloon's trace events where the kernel has "
			  "them, else by fentry and "
			  "fexit, else by kprobes; --list says what that leaves out."
			  "\v"
			  "EXAMPLES\n"
			  "  balloontrace guest\n"
			  "      until Ctrl-C, then histograms\n"
			  "  balloontrace guest --level phases --interval 1\n"
			  "      a line a second\n"
			  "  balloontrace guest --duration 60 --json\n\n"
			  "Exit status: 0 fine, 2 usage, 3 it failed, 4 not possible on this "
			  "kernel, 130 a signal came "
			  "before --duration was over.\n";

static const struct argp_child children[] = { { &trace_options_argp, 0, NULL, 0 }, { 0 } };

static error_t parse_option(int key, char *arg __attribute__((unused)), struct argp_state *state)
{
	if (key != ARGP_KEY_INIT)
		return ARGP_ERR_UNKNOWN;
	state->child_inputs[0] = state->input;
	return 0;
}

/* What was seen, in all and in the current interval. */
struct seen {
	struct guest_totals inflate;
	struct guest_totals deflate;
};

static struct seen total, interval;
static struct guest_counts counts;

static void take(const struct guest_batch *batch, void *context)
{
	(void)context;
	guest_totals_add(batch->inflate ? &total.inflate : &total.deflate, batch);
	guest_totals_add(batch->inflate ? &interval.inflate : &interval.deflate, batch);
}

static json_t *seen_to_json(const struct seen *seen, const char *event, uint64_t elapsed_ns)
{
	return json_pack("{s:s, s:I, s:o, s:o}", "event", event, "elapsed_ns",
			 (json_int_t)elapsed_ns, "inflate", guest_totals_to_json(&seen->inflate),
			 "deflate", guest_totals_to_json(&seen->deflate));
}

static double share(uint64_t part, const struct guest_totals *s)
{
	uint64_t all = s->alloc_retry_ns;
	int i;

	for (i = 0; i < STAGE_COUNT; i++)
		all += s->stage_ns[i];
	return all ? 100.0 * part / all : 0;
}

static void print_row(const char *what, const struct guest_totals *s, uint64_t elapsed_ns)
{
	if (!s->batches)
		return;
	printf("%8.1f s  %-7s %8llu %12llu  %6.1f %6.1f %6.1f %6.1f\n", elapsed_ns / 1e9, what,
	       (unsigned long long)s->batches, (unsigned long long)s->pages,
	       share(s->stage_ns[STAGE_ALLOC], s), share(s->stage_ns[STAGE_MOVE], s),
	       share(s->stage_ns[STAGE_TELL], s), share(s->stage_ns[STAGE_RELEASE], s));
}

static void show_interval(const struct trace_options *options, uint64_t elapsed_ns)
{
	static unsigned int lines;

	if (options->json) {
		show_json(seen_to_json(&interval, "interval", elapsed_ns), true);
	} else {
		if (lines++ % 20 == 0)
			printf("%10s  %-7s %8s %12s  %6s %6s %6s %6s\n", "TIME", "MOVE", "BATCHES",
			       "PAGES", "ALLOC%", "LIST%", "TELL%", "FREE%");
		if (!interval.inflate.batches && !interval.deflate.batches)
			printf("%8.1f s  nothing\n", elapsed_ns / 1e9);
		print_row("inflate", &interval.inflate, elapsed_ns);
		print_row("deflate", &interval.deflate, elapsed_ns);
		fflush(stdout);
	}
	memset(&interval, 0, sizeof(interval));
}

static void show_totals(const char *what, const struct guest_totals *s)
{
	static const char *const names[2][STAGE_COUNT] = {
		{ "alloc, per batch", "enqueue, per batch", "tell_host, per batch", NULL },
		{ NULL, "dequeue, per batch", "tell_host, per batch", "release, per batch" },
	};
	int i, deflate = !strcmp(what, "deflate");
	char bytes[32];

	if (!s->batches)
		return;
	printf("%s: %llu batches, %llu pages (%s), %llu entries told to the host\n", what,
	       (unsigned long long)s->batches, (unsigned long long)s->pages,
	       format_bytes(s->pages * PAGE_BYTES, bytes, sizeof(bytes)),
	       (unsigned long long)s->entries);
	for (i = 0; i < STAGE_COUNT; i++)
		if (names[deflate][i])
			show_histogram(s->merged && i == STAGE_ALLOC
					       ? "alloc and enqueue, per batch"
					       : names[deflate][i],
				       &s->stages[i], SHOW_NS);
}

static void show_text(void)
{
	int op;

	show_totals("inflate", &total.inflate);
	show_totals("deflate", &total.deflate);
	for (op = 0; op < OP_COUNT; op++)
		show_histogram(page_op_name(op), &counts.ops[op], SHOW_NS);
	printf("out of puff %llu, migrations to be tried again (-EAGAIN) %llu, failed %llu\n",
	       (unsigned long long)counts.counters[COUNTER_OUT_OF_PUFF],
	       (unsigned long long)counts.counters[COUNTER_MIGRATE_AGAIN],
	       (unsigned long long)counts.counters[COUNTER_MIGRATE_FAILED]);
	show_lost(counts.counters);
}

static json_t *summary_to_json(const struct guest_tracer *tracer,
			       const struct trace_options *options, uint64_t elapsed_ns)
{
	const struct observation *seen;
	json_t *json;
	size_t count;

	seen = guest_tracer_observations(tracer, &count);
	json = seen_to_json(&total, "summary", elapsed_ns);
	json_object_set_new(json, "schema_version", json_integer(1));
	json_object_set_new(json, "level", json_string(trace_level_name(options->tracer.level)));
	json_object_set_new(json, "mechanism",
			    json_string(mechanism_name(guest_tracer_mechanism(tracer))));
	json_object_set_new(json, "observations", observations_to_json(seen, count));
	json_object_set_new(json, "ops",
			    guest_ops_to_json(&counts, &total.inflate, &total.deflate));
	json_object_set_new(json, "counters", counters_to_json(counts.counters));
	json_object_set_new(json, "blocks", guest_blocks_to_json(counts.tallies));
	return json;
}

static int trace(struct guest_tracer *tracer, const struct trace_options *options)
{
	struct ticker ticker;
	bool more = true;
	int err;

	ticker_start(&ticker, options->duration_ns, options->interval_ns);
	while (more) {
		more = ticker_wait(&ticker);
		guest_tracer_drain(tracer, take, NULL);
		if (ticker_interval(&ticker))
			show_interval(options, ticker_elapsed_ns(&ticker));
	}
	err = guest_tracer_counts(tracer, &counts);
	if (err) {
		log_error("the tracer's maps cannot be read: %s", strerror(-err));
		return EXIT_ENVIRONMENT;
	}
	if (options->json)
		show_json(summary_to_json(tracer, options, ticker_elapsed_ns(&ticker)),
			  options->interval_ns);
	else
		show_text();
	return ticker.signalled && options->duration_ns ? EXIT_INTERRUPTED : EXIT_FINE;
}

static int list(const struct guest_tracer *tracer, const struct trace_options *options)
{
	const struct observation *seen;
	size_t count;

	seen = guest_tracer_observations(tracer, &count);
	if (options->json)
		show_json(observations_to_json(seen, count), false);
	else
		show_observations(seen, count);
	return EXIT_FINE;
}

int cmd_guest(int argc, char **argv)
{
	static const struct argp argp = { NULL, parse_option, NULL, doc, children, NULL, NULL };
	struct guest_tracer *tracer = NULL;
	struct trace_options options;
	char err[512];
	int error, status;

	trace_options_init(&options);
	argp_parse(&argp, argc, argv, 0, NULL, &options);
	error = guest_tracer_open(&tracer, &options.tracer, err, sizeof(err));
	if (error) {
		log_error("%s", err);
		return error == -ENOTSUP ? EXIT_UNSUPPORTED : EXIT_ENVIRONMENT;
	}
	status = options.list ? list(tracer, &options) : trace(tracer, &options);
	guest_tracer_close(tracer);
	return status;
}
