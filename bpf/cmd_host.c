/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balloontrace host: QEMU's madvise() and fallocate() calls and its balloon's batches.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/commands.h"
#include "bpf/show.h"
#include "bpf/ticker.h"
#include "bpf/trace_json.h"
#include "bpf/trace_options.h"
#include "bpf/traced_processes.h"
#include "lib/exit_status.h"
#include "lib/histogram.h"
#include "lib/log.h"
#include "lib/units.h"

#define PIDS_MAX TARGETS_MAX
#define PID_MAX 4194304 /* of the kernel: PID_MAX_LIMIT */
/* New QEMU processes are looked for this often, in ticks. */
#define FIND_TICKS 10

static const char doc[] =
	"Trace what processes tell this kernel about their memory, madvise(), process_madvise() "
	"and "
	"fallocate(), and the balloon batches of a QEMU with our trace events. Tracepoints and "
	"uprobes "
	"are all it needs: it works where kprobes and fentry do not."
	"\v"
	"At level phases a QEMU with our trace events is asked for its batches alone, which costs "
	"it "
	"two instructions and a trap a batch; everything else takes tracepoints on each call.\n\n"
	"EXAMPLES\n"
	"  balloontrace host\n"
	"      every QEMU, until Ctrl-C, then histograms\n"
	"  balloontrace host -p 4711 --interval 1\n"
	"      one process, a line a second\n"
	"  balloontrace host --duration 5 --json\n\n"
	"Exit status: 0 fine, 2 usage, 3 it failed, 4 not possible on this kernel, 130 a signal "
	"came "
	"before --duration was over.\n";

enum { OPT_ALL_QEMU = 256 };

static const struct argp_option option_table[] = {
	{ "pid", 'p', "PID", 0, "this process, all its threads; may be repeated", 1 },
	{ "all-qemu", OPT_ALL_QEMU, NULL, 0,
	  "every QEMU there is and every one that starts meanwhile (the default)", 1 },
	{ 0 },
};

static const struct argp_child children[] = { { &trace_options_argp, 0, NULL, 2 }, { 0 } };

struct options {
	struct trace_options trace;
	pid_t pids[PIDS_MAX];
	size_t pid_count;
	bool all_qemu;
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;
	uint64_t pid;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->trace;
		break;
	case 'p':
		if (parse_count(arg, 1, PID_MAX, &pid))
			argp_error(state, "--pid %s: the number of a process is wanted", arg);
		if (o->pid_count == PIDS_MAX)
			argp_error(state, "more than %d processes", PIDS_MAX);
		o->pids[o->pid_count++] = pid;
		break;
	case OPT_ALL_QEMU:
		o->all_qemu = true;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

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

static json_t *summary_to_json(const struct trace_options *options, const char *event,
			       uint64_t elapsed_ns)
{
	uint64_t counters[COUNTER_COUNT] = { 0 };
	const struct observation *seen;
	size_t count;

	host_tracer_counters(traced.tracer, counters);
	seen = host_tracer_observations(traced.tracer, &count);
	return json_pack("{s:i, s:s, s:s, s:I, s:o, s:o, s:o}", "schema_version", 1, "event", event,
			 "level", trace_level_name(options->tracer.level), "elapsed_ns",
			 (json_int_t)elapsed_ns, "processes",
			 traced_processes_to_json(&traced, clock_cost_ns()), "observations",
			 observations_to_json(seen, count), "counters", counters_to_json(counters));
}

static void show_interval(const struct trace_options *options, uint64_t elapsed_ns)
{
	static unsigned int lines;
	size_t i;

	if (options->json) {
		show_json(summary_to_json(options, "interval", elapsed_ns), true);
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

	printf("%s (%d)%s\n", w->name, (int)w->pid, w->gone ? ", has ended" : "");
	show_batches("inflate", &w->totals[0], clock_ns);
	show_batches("deflate", &w->totals[1], clock_ns);
	for (i = 0; i < ADVICE_COUNT; i++) {
		const struct advice_stats *a = &w->stats.advice[i];

		if (!a->latency_ns.count)
			continue;
		printf("  %s: %llu calls, %s, %llu errors\n", advice_name(i), a->latency_ns.count,
		       format_bytes(a->bytes, bytes, sizeof(bytes)), a->errors);
		snprintf(title, sizeof(title), "%s, latency of a call", advice_name(i));
		show_histogram(title, &a->latency_ns, SHOW_NS);
		snprintf(title, sizeof(title), "%s, length of a call", advice_name(i));
		show_histogram(title, &a->length_bytes, SHOW_BYTES);
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

static int watch_all(const struct options *options)
{
	size_t i;
	int err;

	for (i = 0; i < options->pid_count; i++) {
		err = traced_processes_add(&traced, options->pids[i]);
		if (err) {
			log_error("process %d: %s", (int)options->pids[i],
				  err == -ESRCH ? "there is none of that number" : strerror(-err));
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
		show_json(summary_to_json(o, "summary", ticker_elapsed_ns(&ticker)),
			  o->interval_ns);
	else
		show_text();
	if (traced.full)
		log_warn("more than %d processes at once: some were left out", TARGETS_MAX);
	return ticker.signalled && o->duration_ns ? EXIT_INTERRUPTED : EXIT_FINE;
}

static int list(const struct options *options)
{
	const struct observation *seen;
	size_t count;

	seen = host_tracer_observations(traced.tracer, &count);
	if (options->trace.json)
		show_json(observations_to_json(seen, count), false);
	else
		show_observations(seen, count);
	if (!traced.count)
		log_info("no QEMU is running: what it has to offer is not known");
	return EXIT_FINE;
}

int cmd_host(int argc, char **argv)
{
	static const struct argp argp = { option_table, parse_option, NULL, doc,
					  children,	NULL,	      NULL };
	static struct options options;
	char err[512];
	int error, status;

	trace_options_init(&options.trace);
	argp_parse(&argp, argc, argv, 0, NULL, &options);
	options.all_qemu |= !options.pid_count;
	error = host_tracer_open(&traced.tracer, &options.trace.tracer, err, sizeof(err));
	if (error) {
		log_error("%s", err);
		return error == -ENOTSUP ? EXIT_UNSUPPORTED : EXIT_ENVIRONMENT;
	}
	status = watch_all(&options);
	if (!status)
		status = options.trace.list ? list(&options) : trace(&options);
	host_tracer_close(traced.tracer);
	traced_processes_release(&traced);
	return status;
}
