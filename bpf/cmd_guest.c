/* SPDX-License-Identifier: GPL-2.0-or-later */
/* balloontrace guest: the balloon driver of the running kernel. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/commands.h"
#include "bpf/object.h"
#include "bpf/trace_result.h"
#include "lib/exit_status.h"
#include "lib/log.h"
#include "lib/record_table.h"
#include "lib/units.h"

#define PAGE_BYTES 4096ULL

struct options {
	struct trace_options trace;
};

static const struct options defaults = { .trace = TRACE_DEFAULTS };

#define OPTIONS struct options

static const struct option_row rows[] = {
	TRACE_ROWS,
	{ 0 },
};

/* What was seen, in all and in the current interval. */
struct seen {
	struct guest_totals inflate, deflate;
};

static struct seen total, interval;
static struct guest_counts counts;

static void take(const struct guest_batch *batch, void *context)
{
	(void)context;
	guest_totals_add(batch->inflate ? &total.inflate : &total.deflate, batch);
	guest_totals_add(batch->inflate ? &interval.inflate : &interval.deflate, batch);
}

/* Pages that were freed otherwise than by a resize. */
struct freed_counts {
	int64_t oom_pages, reported_bytes;
	struct record_list reported_orders;
};

/* What --json prints: of an interval the first lines of it. */
struct summary {
	const char *event, *level, *mechanism;
	int64_t elapsed_ns, schema_version;
	struct guest_totals inflate, deflate;
	struct record_list observations, ops;
	struct trace_counters counters;
	struct block_counts blocks;
	struct freed_counts freed;
};

#define S struct freed_counts
static RECORD(freed_record, "freed", "pages that went without an inflate or a deflate",
	FIELD(COUNT, oom_pages, .unit = UNIT_PAGES, .doc = "deflated by the OOM notifier"),
	FIELD(COUNT, reported_bytes, .unit = UNIT_BYTES, .doc = "free pages that were reported"),
	FIELD(NUMBERS, reported_orders, .doc = "blocks of free pages reported, by order from 0"));
#undef S

#define S struct summary
RECORD(guest_summary_record, "guest_summary", "what balloontrace guest --json prints",
	FIELD(TEXT, event), FIELD(COUNT, elapsed_ns),
	FIELD(STRUCT, inflate, .record = &guest_totals_record),
	FIELD(STRUCT, deflate, .record = &guest_totals_record),
	FIELD(COUNT, schema_version), FIELD(TEXT, level), FIELD(TEXT, mechanism),
	FIELD(LIST, observations, .record = &observed_record),
	FIELD(MAP, ops, .record = &op_record), FIELD(STRUCT, counters, .record = &counters_record),
	FIELD(STRUCT, blocks, .record = &blocks_record),
	FIELD(STRUCT, freed, .record = &freed_record));
#undef S

static struct summary *summarize(const struct seen *seen, const char *event, uint64_t elapsed_ns)
{
	static struct summary s;

	record_init(&guest_summary_record, &s);
	s.event = event;
	s.elapsed_ns = elapsed_ns;
	s.inflate = seen->inflate;
	s.deflate = seen->deflate;
	return &s;
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
	struct summary *s;

	if (options->json) {
		s = summarize(&interval, "interval", elapsed_ns);
		show_json(record_encode(&guest_summary_record, s), true);
	} else {
		if (lines++ % 20 == 0)
			printf("%10s  %-7s %8s %12s  %6s %6s %6s %6s\n", "TIME", "RESIZE",
			       "BATCHES", "PAGES", "ALLOC%", "LIST%", "TELL%", "FREE%");
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
				       &s->stages[i], SHOW_NS, false);
}

static void show_ops(void)
{
	struct record_list ops = { NULL, 0 };
	const struct op_result *op;
	char title[96];

	trace_ops(&ops, &counts, &total.inflate, &total.deflate);
	for (op = ops.items; op < (struct op_result *)ops.items + ops.count; op++) {
		if (op->per != OP_PER_PAGE)
			continue;
		snprintf(title, sizeof(title),
			 op->one_in > 1 ? "%s: %lld, one in %lld timed" : "%s", op->name,
			 (long long)op->count, (long long)op->one_in);
		show_histogram(title, op->histogram, SHOW_NS, op->one_in > 1);
	}
	record_release_list(&op_record, &ops);
}

static void show_oom(void)
{
	const struct histogram *oom = &counts.ops[OP_OOM];

	if (!oom->count)
		return;
	printf("out of memory: %llu calls of the notifier", oom->count);
	if (counts.tallies[TALLY_OOM_PAGES])
		printf(", which deflated %llu pages",
		       (unsigned long long)counts.tallies[TALLY_OOM_PAGES]);
	putchar('\n');
	show_histogram("out of memory, per call", oom, SHOW_NS, false);
}

static void show_reports(void)
{
	const uint64_t *t = counts.tallies;
	char bytes[32];
	int order;

	if (!counts.ops[OP_REPORT].count)
		return;
	printf("free page reporting: %s, blocks by order:",
	       format_bytes(t[TALLY_REPORTED_BYTES], bytes, sizeof(bytes)));
	for (order = 0; order < ORDERS_MAX; order++)
		if (t[TALLY_REPORTED_ORDER + order])
			printf(" %d: %llu", order,
			       (unsigned long long)t[TALLY_REPORTED_ORDER + order]);
	putchar('\n');
	show_histogram("report of free pages, per batch", &counts.ops[OP_REPORT], SHOW_NS, false);
}

static void show_text(void)
{
	show_totals("inflate", &total.inflate);
	show_totals("deflate", &total.deflate);
	show_ops();
	printf("out of puff %llu, migrations to be tried again (-EAGAIN) %llu, failed %llu\n",
	       (unsigned long long)counts.counters[COUNTER_OUT_OF_PUFF],
	       (unsigned long long)counts.counters[COUNTER_MIGRATE_AGAIN],
	       (unsigned long long)counts.counters[COUNTER_MIGRATE_FAILED]);
	show_oom();
	show_reports();
	show_lost(counts.counters);
}

static void trace_freed(struct freed_counts *freed, bool events)
{
	int order;

	if (events)
		freed->oom_pages = counts.tallies[TALLY_OOM_PAGES];
	if (!counts.one_in[OP_REPORT])
		return;
	freed->reported_bytes = counts.tallies[TALLY_REPORTED_BYTES];
	for (order = 0; order < ORDERS_MAX; order++)
		record_append_number(&freed->reported_orders,
				     counts.tallies[TALLY_REPORTED_ORDER + order]);
}

static void show_summary(const struct guest_tracer *tracer, const struct trace_options *options,
			 uint64_t elapsed_ns)
{
	char level[TRACE_SETTING_TEXT];
	struct summary *s = summarize(&total, "summary", elapsed_ns);
	const struct observation *seen;
	size_t count;

	seen = guest_tracer_observations(tracer, &count);
	s->schema_version = RESULT_SCHEMA_VERSION;
	s->level = trace_setting_text(&options->tracer.trace, level);
	s->mechanism = mechanisms[guest_tracer_mechanism(tracer)];
	trace_observations(&s->observations, seen, count);
	trace_ops(&s->ops, &counts, &total.inflate, &total.deflate);
	trace_counters(&s->counters, counts.counters);
	trace_blocks(&s->blocks, counts.tallies);
	trace_freed(&s->freed, guest_tracer_mechanism(tracer) == MECHANISM_EVENTS);
	show_json(record_encode(&guest_summary_record, s), options->interval_ns);
	/* Its texts are borrowed. */
	s->event = s->level = s->mechanism = NULL;
	record_release(&guest_summary_record, s);
}

static int trace(struct guest_tracer *tracer, const struct trace_options *options)
{
	char why[128];
	struct ticker ticker;
	bool more = true;
	int err;

	ticker_start(&ticker, options->duration_ns, options->interval_ns);
	say_what_is_traced("the balloon driver", options->duration_ns);
	while (more) {
		more = ticker_wait(&ticker);
		guest_tracer_drain(tracer, take, NULL);
		if (ticker_interval(&ticker))
			show_interval(options, ticker_elapsed_ns(&ticker));
	}
	err = guest_tracer_counts(tracer, &counts);
	if (err) {
		log_error("cannot read the maps of the tracer: %s",
			  tracer_strerror(err, why, sizeof(why)));
		return EXIT_ENVIRONMENT;
	}
	if (options->json)
		show_summary(tracer, options, ticker_elapsed_ns(&ticker));
	else
		show_text();
	return ticker.signalled && options->duration_ns ? EXIT_INTERRUPTED : EXIT_FINE;
}

static int run(struct command_line *line)
{
	const struct options *o = line->options;
	struct guest_tracer *tracer = NULL;
	const struct observation *seen;
	int error, status = EXIT_FINE;
	char err[512];
	size_t count;

	error = guest_tracer_open(&tracer, &o->trace.tracer, err, sizeof(err));
	if (error) {
		log_error("%s", err);
		return error == -ENOTSUP ? EXIT_UNSUPPORTED : EXIT_ENVIRONMENT;
	}
	seen = guest_tracer_observations(tracer, &count);
	if (o->trace.list)
		show_observations(seen, count, o->trace.json);
	else
		status = trace(tracer, &o->trace);
	guest_tracer_close(tracer);
	return status;
}

const struct command guest_command = {
	.name = "guest",
	.purpose = "trace the balloon driver of this kernel",
	.description =
		"Trace the memory balloon of this machine: how long each stage of a batch and "
		"each operation on a page takes.\n"
		"The tracer attaches to the balloon's trace events if the kernel has them, "
		"else by fentry and fexit, else by kprobes. --list tells what a mechanism "
		"cannot observe.",
	.examples = "  balloontrace guest                                 until Ctrl-C\n"
		    "  balloontrace guest --level phases --interval 1     a line a second\n"
		    "  balloontrace guest --level pages=1                 time every page\n"
		    "  balloontrace guest --duration 60 --json\n",
	.exits = TRACE_EXITS,
	.rows = rows,
	.defaults = &defaults,
	.size = sizeof(defaults),
	.run = run,
};
