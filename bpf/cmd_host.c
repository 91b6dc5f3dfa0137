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
#define PIDS_MAX 256
/* Processes are looked for, and their memory is looked at, this often. */
#define LOOK_NS 1000000000ULL

struct options {
	struct trace_options trace;
	struct pids {
		pid_t list[PIDS_MAX];
		size_t count;
	} pids;
	bool all_qemu;
	enum memory_detail { MEMORY_ALL, MEMORY_STATUS } memory;
	unsigned int sample;
};

static const char *const memory_details[] = { "all", "status", NULL };

static const struct options defaults = { .trace = TRACE_DEFAULTS, .sample = 1 };

static const char *parse_pid(const char *text, void *field)
{
	struct pids *pids = field;
	uint64_t pid;

	if (parse_count(text, 1, PID_MAX, &pid))
		return "expected a process ID in [1, 4194304]";
	if (pids->count == PIDS_MAX)
		return "too many processes; --all-qemu traces every virtual machine";
	pids->list[pids->count++] = pid;
	return NULL;
}

#define OPTIONS struct options

static const struct option_row rows[] = {
	OPTION(PARSED, pids, "pid", 'p', "PID",
	       "this process with all its threads; may be repeated", .parse = parse_pid),
	OPTION(FLAG, all_qemu, "all-qemu", 0, NULL,
	       "every virtual machine that runs, and every one that starts meanwhile (the "
	       "default): programs named as QEMU, cloud-hypervisor, crosvm, firecracker, libkrun "
	       "and lkvm are, and all that have /dev/kvm open"),
	OPTION(CHOICE, memory, "memory", 0, NULL,
	       "of the memory of processes: all, or what /proc/PID/status has, without shared files "
	       "and huge pages, whose page tables take milliseconds a GiB to walk (default: all)",
	       .choices = memory_details),
	OPTION(COUNT, sample, "sample", 0, "N",
	       "time one call in N; counts and bytes are exact all the same (default: 1)", .min = 1,
	       .max = TRACE_ONE_IN_MAX),
	TRACE_ROWS,
	{ 0 },
};

static struct traced_processes traced;

/* The name of the virtual machine, or else of the program. */
static const char *shown_name(const struct traced_process *p)
{
	return printable(*p->info.vm ? p->info.vm : p->info.name);
}

static void show_row(struct traced_process *p, uint64_t elapsed_ns)
{
	char inflate[32], deflate[32], bytes[32];
	struct call_totals calls;

	traced_process_interval(&traced, p, &calls);
	printf("%8.1f s %8d  %8llu %10s  %8llu %10s  %10llu %10s %8.0f  %s\n", elapsed_ns / 1e9,
	       (int)p->pid, (unsigned long long)p->recent[0].batches,
	       format_bytes(p->recent[0].bytes, inflate, sizeof(inflate)),
	       (unsigned long long)p->recent[1].batches,
	       format_bytes(p->recent[1].bytes, deflate, sizeof(deflate)),
	       (unsigned long long)calls.calls, format_bytes(calls.bytes, bytes, sizeof(bytes)),
	       calls.timed ? (double)calls.ns / calls.timed : 0, shown_name(p));
	memset(p->recent, 0, sizeof(p->recent));
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
		printf("%10s %8s  %8s %10s  %8s %10s  %10s %10s %8s  %s\n", "TIME", "PID",
		       "INFLATES", "BYTES", "DEFLATES", "BYTES", "CALLS", "BYTES", "NS/CALL", "VM");
	if (!traced.living)
		printf("%8.1f s no virtual machine\n", elapsed_ns / 1e9);
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

static void show_errors(const struct advice_stats *a)
{
	const char *before = ": ";
	int i;

	printf(", %llu errors", (unsigned long long)a->errors);
	for (i = 0; i < CALL_ERROR_COUNT; i++) {
		if (!a->by_error[i])
			continue;
		printf("%s%s %llu", before, call_error_names[i],
		       (unsigned long long)a->by_error[i]);
		before = ", ";
	}
}

static void show_advice(const char *name, const struct advice_stats *a)
{
	char title[64], bytes[32];

	printf("  %s: %llu calls", name, (unsigned long long)a->calls);
	if (a->ranges)
		printf(", with %llu ranges by process_madvise()", (unsigned long long)a->ranges);
	printf(", %s", format_bytes(a->bytes, bytes, sizeof(bytes)));
	show_errors(a);
	if (a->lost)
		printf(", %llu lost", (unsigned long long)a->lost);
	putchar('\n');
	snprintf(title, sizeof(title), "%s, latency of a call", name);
	show_histogram(title, &a->latency_ns, SHOW_NS, traced.one_call_in > 1);
	snprintf(title, sizeof(title), "%s, length of a call", name);
	show_histogram(title, &a->length_bytes, SHOW_BYTES, false);
}

static void show_bytes(const char *what, int64_t before, int64_t after)
{
	char from[32], to[32], change[32];
	const int64_t more = after - before;

	if (before == RECORD_ABSENT || after == RECORD_ABSENT || (!before && !after))
		return;
	printf("    %-22s %10s -> %10s", what, format_bytes(before, from, sizeof(from)),
	       format_bytes(after, to, sizeof(to)));
	if (more)
		printf("  %c%s", more > 0 ? '+' : '-',
		       format_bytes(more > 0 ? more : -more, change, sizeof(change)));
	putchar('\n');
}

static void show_outcome(const struct memory_outcome *outcome)
{
	char advised[32], freed[32], rest[32];

	if (!outcome->advised_bytes && !outcome->reason)
		return;
	printf("    advised to be freed %s",
	       format_bytes(outcome->advised_bytes, advised, sizeof(advised)));
	if (outcome->freed_bytes != RECORD_ABSENT)
		printf(", freed %s", format_bytes(outcome->freed_bytes, freed, sizeof(freed)));
	if (outcome->not_freed_bytes > 0)
		printf(", advised but not freed %s",
		       format_bytes(outcome->not_freed_bytes, rest, sizeof(rest)));
	if (outcome->reason)
		printf(": %s", outcome->reason);
	putchar('\n');
}

static void show_memory(const struct traced_process *p, const struct host_stats *stats)
{
	const struct process_memory *a = &p->first, *b = &p->last;
	struct memory_outcome outcome;

	if (!p->pid || a->rss_bytes == RECORD_ABSENT)
		return;
	printf("  memory, before and after\n");
	show_bytes("resident", a->rss_bytes, b->rss_bytes);
	show_bytes("anonymous", a->anonymous_bytes, b->anonymous_bytes);
	show_bytes("in huge pages", a->anon_huge_bytes, b->anon_huge_bytes);
	show_bytes("shared (tmpfs, memfd)", a->shared_bytes, b->shared_bytes);
	show_bytes("hugetlb", a->hugetlb_bytes, b->hugetlb_bytes);
	show_bytes("swap", a->swap_bytes, b->swap_bytes);
	show_bytes("locked", a->locked_bytes, b->locked_bytes);
	if (!host_tracer_sees_calls(traced.tracer))
		return;
	traced_process_outcome(p, stats, &outcome);
	show_outcome(&outcome);
}

static void show_process(const struct traced_process *p, double clock_ns)
{
	const struct host_stats *stats = traced_process_stats(&traced, p);
	int i;

	if (p->pid)
		printf("%s (%d%s%s)%s\n", shown_name(p), (int)p->pid, p->info.monitor ? ", " : "",
		       p->info.monitor ?: "", p->gone ? ", has ended" : "");
	else
		printf("%llu processes that ended earlier\n", (unsigned long long)p->processes);
	show_memory(p, stats);
	show_batches("inflate", &p->totals[0], clock_ns);
	show_batches("deflate", &p->totals[1], clock_ns);
	for (i = 0; i < ADVICE_COUNT; i++)
		if (stats->advice[i].calls || stats->advice[i].lost)
			show_advice(advice_names[i], &stats->advice[i]);
}

static void show_text(void)
{
	double clock_ns = clock_cost_ns();
	uint64_t counters[COUNTER_COUNT] = { 0 };
	size_t i;

	if (!traced.count && !traced.earlier)
		printf("no virtual machine was seen\n");
	for (i = 0; i < traced.count; i++)
		show_process(traced.list[i], clock_ns);
	if (traced.earlier)
		show_process(traced.earlier, clock_ns);
	host_tracer_counters(traced.tracer, counters);
	show_lost(counters);
}

static const char *why_not(pid_t pid, int err, char *text, size_t size)
{
	if (err == -ESRCH && !proc_is_ours())
		return "no such process; this /proc is that of another PID namespace: mount the "
		       "one of this namespace";
	if (err == -ESRCH)
		return "no such process";
	if (err == -ENOSPC)
		return "too many processes";
	if (err != -EINVAL)
		return tracer_strerror(err, text, size);
	snprintf(text, size, "it is a thread of process %1$d; use -p %1$d",
		 (int)process_of_thread(pid));
	return text;
}

static int add_processes(const struct options *options)
{
	const pid_t *pid = options->pids.list, *end = pid + options->pids.count;
	char why[128];
	int err;

	for (; pid < end; pid++) {
		err = traced_processes_add(&traced, *pid);
		if (!err)
			continue;
		log_error("cannot trace process %d: %s", (int)*pid,
			  why_not(*pid, err, why, sizeof(why)));
		return EXIT_ENVIRONMENT;
	}
	if (!options->all_qemu)
		return 0;
	err = options->trace.list ? 0 : traced_processes_watch(&traced);
	if (err)
		log_warn("cannot trace programs from their start: %s; they are looked for once a "
			 "second",
			 tracer_strerror(err, why, sizeof(why)));
	traced_processes_find(&traced);
	if (traced.find_error)
		log_warn("cannot list who has /dev/kvm open: %s; programs are found by their names",
			 tracer_strerror(traced.find_error, why, sizeof(why)));
	if (!traced.count && !options->trace.list)
		log_info("no virtual machine is running; waiting for one");
	return 0;
}

static void look(const struct options *options)
{
	if (options->all_qemu)
		traced_processes_find(&traced);
	traced_processes_measure(&traced, false);
}

static int trace(const struct options *options)
{
	const struct trace_options *o = &options->trace;
	uint64_t next_look_ns = LOOK_NS;
	struct ticker ticker;
	bool more = true;

	ticker_start(&ticker, o->duration_ns, o->interval_ns);
	ticker.wake_fd = host_tracer_wake_fd(traced.tracer);
	while (more) {
		more = ticker_wait(&ticker);
		traced_processes_update(&traced);
		if (ticker_elapsed_ns(&ticker) >= next_look_ns) {
			look(options);
			next_look_ns += LOOK_NS;
		}
		if (ticker_interval(&ticker))
			show_interval(o, ticker_elapsed_ns(&ticker));
	}
	traced_processes_measure(&traced, true);
	if (o->json)
		show_summary(o, "summary", ticker_elapsed_ns(&ticker), o->interval_ns);
	else
		show_text();
	if (traced.left_out)
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
	o->trace.tracer.one_call_in = traced.one_call_in = o->sample;
	traced.status_only = o->memory == MEMORY_STATUS;
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
			log_info("no virtual machine is running: its probes are unknown");
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
