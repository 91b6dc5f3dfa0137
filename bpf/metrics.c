/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bpf/metrics.h"

#include <inttypes.h>
#include <stdlib.h>

#include "lib/alloc.h"
#include "lib/atomic_file.h"
#include "lib/histogram.h"
#include "lib/record.h"
#include "lib/utf8.h"

#define FIRST_BOUND_NS 1024
#define BOUND_FACTOR_LOG2 2

uint64_t metrics_bound_ns(unsigned int bucket)
{
	return (uint64_t)FIRST_BOUND_NS << (BOUND_FACTOR_LOG2 * bucket);
}

/* Bounds are powers of two, where buckets of the histogram end, too. */
uint64_t metrics_below(const struct histogram *h, uint64_t bound_ns)
{
	unsigned int end = histogram_bucket(bound_ns), i;
	uint64_t count = 0;

	for (i = 0; i < end; i++)
		count += h->buckets[i];
	return count;
}

/* The buckets may be a moment ahead of the count. */
static uint64_t all_values(const struct histogram *h)
{
	uint64_t count = 0;
	unsigned int i;

	for (i = 0; i < HISTOGRAM_BUCKETS; i++)
		count += h->buckets[i];
	return count > h->count ? count : h->count;
}

void metrics_print_label(FILE *f, const char *value)
{
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			fputc('\\', f);
		if (*value == '\n')
			fputs("\\n", f);
		else
			fputc(*value, f);
	}
}

static void family(FILE *f, const char *name, const char *type, const char *unit, const char *help)
{
	fprintf(f, "# HELP balloontrace_%s %s\n# TYPE balloontrace_%s %s\n", name, help, name,
		type);
	if (unit)
		fprintf(f, "# UNIT balloontrace_%s %s\n", name, unit);
}

/* The labels of a process; more may follow, and the brace. */
static void begin(FILE *f, const char *name, const struct traced_process *p)
{
	fprintf(f, "balloontrace_%s{vm=\"", name);
	metrics_print_label(f, traced_process_name(p));
	fprintf(f, "\",pid=\"%d\",monitor=\"%s\"", (int)p->pid, p->info.monitor ?: "");
}

static void for_each_living(FILE *f, const struct traced_processes *traced,
			    void (*print)(FILE *f, const struct traced_processes *traced,
					  const struct traced_process *p))
{
	size_t i;

	for (i = 0; i < traced->count; i++)
		if (!traced->list[i]->gone)
			print(f, traced, traced->list[i]);
}

/* Print a line for each advice that a process has called. */
static void for_each_advice(FILE *f, const struct traced_processes *traced,
			    const struct traced_process *p,
			    void (*print)(FILE *f, const struct traced_process *p,
					  const char *advice, const struct advice_stats *a))
{
	const struct host_stats *stats = traced_process_stats(traced, p);
	int i;

	for (i = 0; i < ADVICE_COUNT; i++)
		if (stats->advice[i].calls || stats->advice[i].lost)
			print(f, p, advice_names[i], &stats->advice[i]);
}

static void print_number(FILE *f, const char *name, const struct traced_process *p,
			 const char *advice, uint64_t value)
{
	begin(f, name, p);
	fprintf(f, ",advice=\"%s\"} %" PRIu64 "\n", advice, value);
}

static void advice_calls(FILE *f, const struct traced_process *p, const char *advice,
			 const struct advice_stats *a)
{
	print_number(f, "calls_total", p, advice, a->calls);
}

static void advice_bytes(FILE *f, const struct traced_process *p, const char *advice,
			 const struct advice_stats *a)
{
	print_number(f, "call_bytes_total", p, advice, a->bytes);
}

static void advice_errors(FILE *f, const struct traced_process *p, const char *advice,
			  const struct advice_stats *a)
{
	int i;

	for (i = 0; i < CALL_ERROR_COUNT; i++) {
		if (!a->by_error[i])
			continue;
		begin(f, "call_errors_total", p);
		fprintf(f, ",advice=\"%s\",errno=\"%s\"} %" PRIu64 "\n", advice,
			call_error_names[i], a->by_error[i]);
	}
}

static void advice_lost(FILE *f, const struct traced_process *p, const char *advice,
			const struct advice_stats *a)
{
	if (a->lost + a->unplaced)
		print_number(f, "calls_lost_total", p, advice, a->lost + a->unplaced);
}

static void advice_seconds(FILE *f, const struct traced_process *p, const char *advice,
			   const struct advice_stats *a)
{
	const struct histogram *h = &a->latency_ns;
	unsigned int i;

	for (i = 0; i < METRICS_BUCKETS; i++) {
		begin(f, "call_seconds_bucket", p);
		fprintf(f, ",advice=\"%s\",le=\"%.9g\"} %" PRIu64 "\n", advice,
			metrics_bound_ns(i) / 1e9, metrics_below(h, metrics_bound_ns(i)));
	}
	begin(f, "call_seconds_bucket", p);
	fprintf(f, ",advice=\"%s\",le=\"+Inf\"} %" PRIu64 "\n", advice, all_values(h));
	begin(f, "call_seconds_count", p);
	fprintf(f, ",advice=\"%s\"} %" PRIu64 "\n", advice, all_values(h));
	begin(f, "call_seconds_sum", p);
	fprintf(f, ",advice=\"%s\"} %.9f\n", advice, h->sum / 1e9);
}

#define OF_ADVICE(what)                                                                            \
	static void what##_of_process(FILE *f, const struct traced_processes *traced,              \
				      const struct traced_process *p)                              \
	{                                                                                          \
		for_each_advice(f, traced, p, advice_##what);                                      \
	}
OF_ADVICE(calls)
OF_ADVICE(bytes)
OF_ADVICE(errors)
OF_ADVICE(lost)
OF_ADVICE(seconds)

static void print_calls(FILE *f, const struct traced_processes *traced)
{
	family(f, "calls", "counter", NULL, "Calls that advised the kernel.");
	for_each_living(f, traced, calls_of_process);
	family(f, "call_bytes", "counter", "bytes", "Bytes of the calls that succeeded.");
	for_each_living(f, traced, bytes_of_process);
	family(f, "call_errors", "counter", NULL, "Calls that failed, by errno.");
	for_each_living(f, traced, errors_of_process);
	family(f, "calls_lost", "counter", NULL, "Calls that were not counted or not timed.");
	for_each_living(f, traced, lost_of_process);
	family(f, "call_seconds", "histogram", "seconds", "Latency of the calls that were timed.");
	for_each_living(f, traced, seconds_of_process);
}

static void print_queues(FILE *f, const char *name, const struct traced_process *p, double inflate,
			 double deflate)
{
	if (!p->batches)
		return;
	begin(f, name, p);
	fprintf(f, ",resize=\"inflate\"} %.15g\n", inflate);
	begin(f, name, p);
	fprintf(f, ",resize=\"deflate\"} %.15g\n", deflate);
}

#define OF_QUEUE(what, name, member, scale)                                                        \
	static void what##_of_process(FILE *f, const struct traced_processes *traced,              \
				      const struct traced_process *p)                              \
	{                                                                                          \
		(void)traced;                                                                      \
		print_queues(f, name, p, p->totals[0].member / scale,                              \
			     p->totals[1].member / scale);                                         \
	}
OF_QUEUE(batches, "batches_total", batches, 1.)
OF_QUEUE(batch_bytes, "batch_bytes_total", bytes, 1.)
OF_QUEUE(batch_seconds, "batch_seconds_total", ns, 1e9)

static void print_batches(FILE *f, const struct traced_processes *traced)
{
	family(f, "batches", "counter", NULL, "Batches of the balloon.");
	for_each_living(f, traced, batches_of_process);
	family(f, "batch_bytes", "counter", "bytes", "Bytes of the batches.");
	for_each_living(f, traced, batch_bytes_of_process);
	family(f, "batch_seconds", "counter", "seconds", "Time of the batches in the device.");
	for_each_living(f, traced, batch_seconds_of_process);
}

static void memory_of_process(FILE *f, const struct traced_processes *traced,
			      const struct traced_process *p)
{
	const struct process_memory *m = &p->last;
	const struct {
		const char *kind;
		int64_t bytes;
	} kinds[] = {
		{ "resident", m->rss_bytes },  { "anonymous", m->anonymous_bytes },
		{ "shared", m->shared_bytes }, { "hugetlb", m->hugetlb_bytes },
		{ "swap", m->swap_bytes },     { "anonymous_huge", m->anon_huge_bytes },
		{ "locked", m->locked_bytes },
	};
	size_t i;

	(void)traced;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (kinds[i].bytes == RECORD_ABSENT)
			continue;
		begin(f, "memory_bytes", p);
		fprintf(f, ",kind=\"%s\"} %" PRId64 "\n", kinds[i].kind, kinds[i].bytes);
	}
}

static void actual_of_process(FILE *f, const struct traced_processes *traced,
			      const struct traced_process *p)
{
	(void)traced;
	if (!p->balloon)
		return;
	begin(f, "balloon_actual_bytes", p);
	fprintf(f, "} %" PRId64 "\n", p->balloon->actual_bytes);
}

static void not_freed_of_process(FILE *f, const struct traced_processes *traced,
				 const struct traced_process *p)
{
	struct memory_outcome outcome;

	traced_process_outcome(p, traced_process_stats(traced, p), &outcome);
	if (outcome.not_freed_bytes == RECORD_ABSENT)
		return;
	begin(f, "not_freed_bytes", p);
	fprintf(f, "} %" PRId64 "\n", outcome.not_freed_bytes);
}

static void print_memory(FILE *f, const struct traced_processes *traced)
{
	family(f, "memory_bytes", "gauge", "bytes", "Memory of the process.");
	for_each_living(f, traced, memory_of_process);
	family(f, "balloon_actual_bytes", "gauge", "bytes",
	       "Memory of the guest less its balloon, by QMP.");
	for_each_living(f, traced, actual_of_process);
	if (!host_tracer_sees_calls(traced->tracer))
		return;
	family(f, "not_freed_bytes", "gauge", "bytes",
	       "Advised to be freed, and not freed, in use again or not there before.");
	for_each_living(f, traced, not_freed_of_process);
}

/* All processes together, those that have ended too. */
static void print_all(FILE *f, const struct traced_processes *traced)
{
	struct {
		uint64_t calls, bytes;
	} all[ADVICE_COUNT] = { { 0 } };
	size_t i, count = traced->count + (traced->earlier != NULL);
	int a;

	for (i = 0; i < count; i++) {
		const struct host_stats *stats = traced_process_stats(
			traced, i < traced->count ? traced->list[i] : traced->earlier);

		for (a = 0; a < ADVICE_COUNT; a++) {
			all[a].calls += stats->advice[a].calls;
			all[a].bytes += stats->advice[a].bytes;
		}
	}
	family(f, "all_calls", "counter", NULL, "Calls of all processes, also those that ended.");
	for (a = 0; a < ADVICE_COUNT; a++)
		if (all[a].calls)
			fprintf(f, "balloontrace_all_calls_total{advice=\"%s\"} %" PRIu64 "\n",
				advice_names[a], all[a].calls);
	family(f, "all_call_bytes", "counter", "bytes",
	       "Bytes of all processes, also those that ended.");
	for (a = 0; a < ADVICE_COUNT; a++)
		if (all[a].calls)
			fprintf(f, "balloontrace_all_call_bytes_total{advice=\"%s\"} %" PRIu64 "\n",
				advice_names[a], all[a].bytes);
}

static void print_tracer(FILE *f, const struct traced_processes *traced)
{
	uint64_t counters[COUNTER_COUNT] = { 0 };
	uint64_t ended = traced->count - traced->living;

	if (traced->earlier)
		ended += traced->earlier->processes;
	host_tracer_counters(traced->tracer, counters);
	family(f, "processes", "gauge", NULL, "Processes that are traced.");
	fprintf(f, "balloontrace_processes %zu\n", traced->living);
	family(f, "processes_ended", "counter", NULL, "Processes that were traced and have ended.");
	fprintf(f, "balloontrace_processes_ended_total %" PRIu64 "\n", ended);
	family(f, "lost", "counter", NULL,
	       "Records, begins or ends, and first calls of processes, that were lost.");
	fprintf(f, "balloontrace_lost_total{what=\"records\"} %" PRIu64 "\n",
		counters[COUNTER_LOST_RECORDS]);
	fprintf(f, "balloontrace_lost_total{what=\"pairs\"} %" PRIu64 "\n",
		counters[COUNTER_LOST_PAIRS]);
	fprintf(f, "balloontrace_lost_total{what=\"processes\"} %" PRIu64 "\n", traced->late);
	family(f, "tracer_memory_bytes", "gauge", "bytes", "Kernel memory of the tracer's maps.");
	fprintf(f, "balloontrace_tracer_memory_bytes %" PRIu64 "\n",
		host_tracer_memory(traced->tracer));
}

void metrics_print(FILE *f, const struct traced_processes *traced)
{
	print_calls(f, traced);
	print_batches(f, traced);
	print_memory(f, traced);
	print_all(f, traced);
	print_tracer(f, traced);
	fputs("# EOF\n", f);
}

int metrics_write(const char *path, const struct traced_processes *traced)
{
	size_t size = 0;
	char *text;
	FILE *f = xmemstream(&text, &size);
	int err;

	metrics_print(f, traced);
	fclose(f);
	err = atomic_file_write(path, text, size);
	free(text);
	return err;
}
