/* SPDX-License-Identifier: GPL-2.0-or-later */
/* balloontrace host: QEMU's madvise() and fallocate() calls and its balloon's batches. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/commands.h"
#include "bpf/object.h"
#include "bpf/trace_result.h"
#include "bpf/traced_processes.h"
#include "lib/exit_status.h"
#include "lib/histogram.h"
#include "lib/log.h"
#include "lib/record_table.h"
#include "lib/units.h"
#include "lib/utf8.h"

#define PID_MAX 4194304 /* of the kernel: PID_MAX_LIMIT */
/* New QEMU processes are looked for this often, in ticks. */
#define FIND_TICKS 10

struct options {
	struct trace_options trace;
	struct pids {
		pid_t list[TARGETS_MAX];
		size_t count;
	} pids;
	bool all_qemu;
};

static const struct options defaults = { .trace = TRACE_DEFAULTS };

static const char *parse_pid(const char *text, void *field)
{
	struct pids *pids = field;
	uint64_t pid;

	if (parse_count(text, 1, PID_MAX, &pid))
		return "expected a process ID in [1, 4194304]";
	if (pids->count == TARGETS_MAX)
		return "too many processes";
	pids->list[pids->count++] = pid;
	return NULL;
}

#define OPTIONS struct options

static const struct option_row rows[] = {
	OPTION(PARSED, pids, "pid", 'p', "PID",
	       "this process with all its threads; may be repeated", .parse = parse_pid),
	OPTION(FLAG, all_qemu, "all-qemu", 0, NULL,
	       "every QEMU that runs, and every one that starts meanwhile (the default)"),
	TRACE_ROWS,
	{ 0 },
};

static struct traced_processes traced;

/* Calls and bytes of all kinds together. */
static void add_up(const struct host_stats *stats, struct advice_stats *sum)
{
	int i;

	memset(sum, 0, sizeof(*sum));
	for (i = 0; i < ADVICE_COUNT; i++) {
		sum->bytes += stats->advice[i].bytes;
		sum->latency_ns.count += stats->advice[i].latency_ns.count;
		sum->latency_ns.sum += stats->advice[i].latency_ns.sum;
	}
}

static void show_row(struct traced_process *w, uint64_t elapsed_ns)
{
	char inflate[32], deflate[32], bytes[32];
	uint64_t calls, ns, advised;
	struct advice_stats now;

	add_up(&w->stats, &now);
	calls = now.latency_ns.count - w->before.latency_ns.count;
	ns = now.latency_ns.sum - w->before.latency_ns.sum;
	advised = now.bytes - w->before.bytes;
	printf("%8.1f s %8d  %8llu %10s  %8llu %10s  %10llu %10s %8.0f\n", elapsed_ns / 1e9,
	       (int)w->pid, (unsigned long long)w->recent[0].batches,
	       format_bytes(w->recent[0].bytes, inflate, sizeof(inflate)),
	       (unsigned long long)w->recent[1].batches,
	       format_bytes(w->recent[1].bytes, deflate, sizeof(deflate)),
	       (unsigned long long)calls, format_bytes(advised, bytes, sizeof(bytes)),
	       calls ? (double)ns / calls : 0);
	w->before = now;
	memset(w->recent, 0, sizeof(w->recent));
}

/* What --json prints. */
struct summary {
	int64_t schema_version, elapsed_ns;
	const char *event, *level;
	struct record_list processes, observations;
	struct trace_counters counters;
};

#define S struct summary
static RECORD(summary_record, "summary", NULL,
	FIELD(COUNT, schema_version), FIELD(TEXT, event), FIELD(TEXT, level),
	FIELD(COUNT, elapsed_ns),
	FIELD(LIST, processes, .required = true, .record = &process_record),
	FIELD(LIST, observations, .required = true, .record = &observed_record),
	FIELD(STRUCT, counters, .record = &counters_record));
#undef S

static void show_summary(const struct trace_options *options, const char *event,
			 uint64_t elapsed_ns, bool one_line)
{
	char level[TRACE_SETTING_TEXT];
	struct summary s = { .schema_version = RESULT_SCHEMA_VERSION,
			     .event = event,
			     .level = trace_setting_text(&options->tracer.trace, level),
			     .elapsed_ns = elapsed_ns };
	uint64_t counters[COUNTER_COUNT] = { 0 };
	const struct observation *seen;
	size_t count;

	host_tracer_counters(traced.tracer, counters);
	seen = host_tracer_observations(traced.tracer, &count);
	traced_processes_summarize(&traced, clock_cost_ns(), &s.processes);
	trace_observations(&s.observations, seen, count);
	trace_counters(&s.counters, counters);
	show_json(record_encode(&summary_record, &s), one_line);
	/* Its texts are borrowed. */
	s.event = s.level = NULL;
	record_release(&summary_record, &s);
}

static void show_interval(const struct trace_options *options, uint64_t elapsed_ns)
{
	static unsigned int lines;
	size_t i;

	if (options->json) {
		show_summary(options, "interval", elapsed_ns, true);
		return;
	}
	if (lines++ % 20 == 0)
		printf("%10s %8s  %8s %10s  %8s %10s  %10s %10s %8s\n", "TIME", "PID", "INFLATES",
		       "BYTES", "DEFLATES", "BYTES", "CALLS", "BYTES", "NS/CALL");
	if (!traced.count)
		printf("%8.1f s no QEMU\n", elapsed_ns / 1e9);
	for (i = 0; i < traced.count; i++)
		if (!traced.list[i]->gone)
			show_row(traced.list[i], elapsed_ns);
	fflush(stdout);
}

static void show_batches(const char *what, const struct host_totals *s, double clock_ns)
{
	double advice = host_totals_advice_ns(s, clock_ns);
	char bytes[32], time[32];

	if (!s->batches)
		return;
	printf("  %s: %llu batches, %llu entries, %llu calls for %s, in the device %s", what,
	       (unsigned long long)s->batches, (unsigned long long)s->entries,
	       (unsigned long long)s->calls, format_bytes(s->bytes, bytes, sizeof(bytes)),
	       format_duration(s->ns, time, sizeof(time)));
	if (s->timed)
		printf(": translate %.1f %%, advice %.1f %% (from %llu calls that were timed)",
		       100 * (1 - advice / s->ns), 100 * advice / s->ns,
		       (unsigned long long)s->timed);
	putchar('\n');
}

static void show_process(const struct traced_process *w, double clock_ns)
{
	char title[64], bytes[32];
	int i;

	printf("%s (%d)%s\n", printable(w->name), (int)w->pid, w->gone ? ", has ended" : "");
	show_batches("inflate", &w->totals[0], clock_ns);
	show_batches("deflate", &w->totals[1], clock_ns);
	for (i = 0; i < ADVICE_COUNT; i++) {
		const struct advice_stats *a = &w->stats.advice[i];

		if (!a->latency_ns.count)
			continue;
		printf("  %s: %llu calls, %s, %llu errors\n", advice_names[i], a->latency_ns.count,
		       format_bytes(a->bytes, bytes, sizeof(bytes)), a->errors);
		snprintf(title, sizeof(title), "%s, latency of a call", advice_names[i]);
		show_histogram(title, &a->latency_ns, SHOW_NS, false);
		snprintf(title, sizeof(title), "%s, length of a call", advice_names[i]);
		show_histogram(title, &a->length_bytes, SHOW_BYTES, false);
	}
}

static void show_text(void)
{
	double clock_ns = clock_cost_ns();
	uint64_t counters[COUNTER_COUNT] = { 0 };
	size_t i;

	if (!traced.count)
		printf("no QEMU was seen\n");
	for (i = 0; i < traced.count; i++)
		show_process(traced.list[i], clock_ns);
	host_tracer_counters(traced.tracer, counters);
	show_lost(counters);
}

static int add_processes(const struct options *options)
{
	char why[128];
	size_t i;
	int err;

	for (i = 0; i < options->pids.count; i++) {
		err = traced_processes_add(&traced, options->pids.list[i]);
		if (err) {
			log_error("cannot trace process %d: %s", (int)options->pids.list[i],
				  err == -ESRCH ? "no such process"
						: tracer_strerror(err, why, sizeof(why)));
			return EXIT_ENVIRONMENT;
		}
	}
	if (options->all_qemu)
		traced_processes_find(&traced);
	if (!traced.count && !options->trace.list)
		log_info("no QEMU is running; waiting for one");
	return 0;
}

static int trace(const struct options *options)
{
	const struct trace_options *o = &options->trace;
	unsigned int ticks = 0;
	struct ticker ticker;
	bool more = true;

	ticker_start(&ticker, o->duration_ns, o->interval_ns);
	while (more) {
		more = ticker_wait(&ticker);
		traced_processes_update(&traced);
		if (options->all_qemu && ++ticks % FIND_TICKS == 0)
			traced_processes_find(&traced);
		if (ticker_interval(&ticker))
			show_interval(o, ticker_elapsed_ns(&ticker));
	}
	if (o->json)
		show_summary(o, "summary", ticker_elapsed_ns(&ticker), o->interval_ns);
	else
		show_text();
	if (traced.full)
		log_warn("more than %d processes at once: the others were not traced", TARGETS_MAX);
	return ticker.signalled && o->duration_ns ? EXIT_INTERRUPTED : EXIT_FINE;
}

static int run(struct command_line *line)
{
	struct options *o = line->options;
	const struct observation *seen;
	char err[512];
	int error, status;
	size_t count;

	o->all_qemu |= !o->pids.count;
	error = host_tracer_open(&traced.tracer, &o->trace.tracer, err, sizeof(err));
	if (error) {
		log_error("%s", err);
		return error == -ENOTSUP ? EXIT_UNSUPPORTED : EXIT_ENVIRONMENT;
	}
	status = add_processes(o);
	if (!status && !o->trace.list) {
		status = trace(o);
	} else if (!status) {
		seen = host_tracer_observations(traced.tracer, &count);
		show_observations(seen, count, o->trace.json);
		if (!traced.count)
			log_info("no QEMU is running: its probes are unknown");
	}
	host_tracer_close(traced.tracer);
	traced_processes_release(&traced);
	return status;
}

const struct command host_command = {
	.name = "host",
	.purpose = "trace the memory calls of QEMU and the batches of its balloon",
	.description =
		"Trace the madvise(), process_madvise() and fallocate() calls of processes, "
		"and the balloon batches of a QEMU with our trace events.\n"
		"Tracepoints and uprobes suffice: the command works where kprobes and fentry "
		"do not. At level phases, a QEMU with our trace events is traced by its "
		"batches alone, which costs it two instructions and a trap per batch; all else "
		"takes tracepoints on each call.",
	.examples = "  balloontrace host                          every QEMU, until Ctrl-C\n"
		    "  balloontrace host -p 4711 --interval 1     one process, a line a second\n"
		    "  balloontrace host --duration 5 --json\n",
	.exits = TRACE_EXITS,
	.rows = rows,
	.defaults = &defaults,
	.size = sizeof(struct options),
	.run = run,
};
