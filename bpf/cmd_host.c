/* SPDX-License-Identifier: GPL-2.0-or-later */
/* balloontrace host: QEMU's madvise() and fallocate() calls and its balloon's batches. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "bpf/host_output.h"
#include "bpf/metrics.h"
#include "bpf/object.h"
#include "lib/exit_status.h"
#include "lib/log.h"

#define PID_MAX 4194304 /* of the kernel: PID_MAX_LIMIT */
#define PIDS_MAX 256
/* The period at which processes are searched and their memory is read. */
#define LOOK_NS 1000000000ULL
/* Metrics are written this often, unless --interval says how often. */
#define METRICS_NS 15000000000ULL

struct options {
	struct trace_options trace;
	struct pids {
		pid_t list[PIDS_MAX];
		size_t count;
	} pids;
	bool all_qemu;
	enum memory_detail { MEMORY_ALL, MEMORY_STATUS } memory;
	unsigned int sample;
	enum live_sort sort;
	const char *metrics, *record;
	struct names qmp;
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
	       "of the memory of processes: all, or what /proc/PID/status has, without shared "
	       "files "
	       "and huge pages, whose page tables take milliseconds a GiB to walk",
	       .choices = memory_details),
	OPTION(COUNT, sample, "sample", 0, "N",
	       "time one call in N; counts and bytes are exact all the same", .min = 1,
	       .max = TRACE_ONE_IN_MAX),
	OPTION(NAMES, qmp, "qmp", 0, "SOCKET",
	       "ask the QEMU at this socket for the size of its balloon and the statistics of its "
	       "guest, once a second; a socket serves one program at a time",
	       .hint = HINT_FILE),
	OPTION(CHOICE, sort, "sort", 0, NULL, "order of the rows of --interval",
	       .choices = live_sorts),
	OPTION(STRING, metrics, "metrics", 0, "FILE",
	       "write OpenMetrics to this file at each interval, or every 15 s, and at the end; it "
	       "is "
	       "replaced as a whole, as the textfile collector of node_exporter wants it",
	       .hint = HINT_FILE),
	OPTION(STRING, record, "record", 0, "FILE",
	       "record batches and, once a second, calls and memory: for balloonstat export "
	       "--format perfetto",
	       .hint = HINT_FILE),
	TRACE_ROWS,
	{ 0 },
};

static struct traced_processes traced;

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
	return 0;
}

/* One that does not answer is said once. */
static void ask_balloons(const struct options *options)
{
	static bool failed[NAMES_MAX];
	struct balloon_view view;
	char err[512];
	size_t i;

	for (i = 0; i < options->qmp.count; i++) {
		if (failed[i])
			continue;
		if (balloon_view_read(options->qmp.list[i], &view, err, sizeof(err))) {
			log_warn("cannot ask for the balloon: %s", err);
			failed[i] = true;
		} else if (!traced_processes_take_balloon(&traced, &view)) {
			log_warn("%s: its process, %d, is not traced", options->qmp.list[i],
				 (int)view.pid);
			failed[i] = true;
		}
		record_release(&balloon_view_record, &view);
	}
}

static void look(const struct options *options)
{
	ask_balloons(options);
	if (options->all_qemu)
		traced_processes_find(&traced);
	traced_processes_measure(&traced, false);
	traced_processes_sample(&traced);
	if (traced.recording)
		fflush(traced.recording->file);
}

/* A file that cannot be written is said once, and fails the command. */
static int write_metrics(const struct options *options)
{
	static int failed;
	int err = options->metrics ? metrics_write(options->metrics, &traced) : 0;

	if (err && err != failed)
		log_error("cannot write metrics: %s: %s", options->metrics, strerror(-err));
	failed = err ?: failed;
	return failed ? EXIT_ENVIRONMENT : 0;
}

static void show_interval(const struct options *options, uint64_t elapsed_ns)
{
	if (options->trace.json)
		host_show_json(&traced, &options->trace, "interval", elapsed_ns, true);
	else
		host_show_table(&traced, elapsed_ns, options->sort);
	write_metrics(options);
}

static void show_end(const struct trace_options *options, uint64_t elapsed_ns)
{
	char why[128];

	if (options->json)
		host_show_json(&traced, options, "summary", elapsed_ns, options->interval_ns);
	else
		host_show_text(&traced);
	if (traced.left_out == -ENOSPC)
		log_warn("more than %d processes at once: the others were not traced", TARGETS_MAX);
	else if (traced.left_out)
		log_warn("some processes were not traced: %s",
			 tracer_strerror(traced.left_out, why, sizeof(why)));
}

/* What is done besides, each at its time. */
struct chores {
	uint64_t look_ns, metrics_ns; /* the next, since the start */
};

static void do_chores(const struct options *options, struct chores *next, uint64_t elapsed_ns)
{
	if (elapsed_ns >= next->look_ns) {
		look(options);
		next->look_ns = elapsed_ns + LOOK_NS;
	}
	if (!options->trace.interval_ns && elapsed_ns >= next->metrics_ns) {
		write_metrics(options);
		next->metrics_ns = elapsed_ns + METRICS_NS;
	}
}

static void say_processes(uint64_t duration_ns)
{
	char what[32];

	if (!traced.living) {
		log_info("no virtual machine is running; waiting for one");
		return;
	}
	snprintf(what, sizeof(what), "%zu process%s", traced.living, traced.living > 1 ? "es" : "");
	say_what_is_traced(what, duration_ns);
}

static int trace(const struct options *options)
{
	const struct trace_options *o = &options->trace;
	struct chores next = { .look_ns = LOOK_NS };
	struct ticker ticker;
	bool more = true;

	ticker_start(&ticker, o->duration_ns, o->interval_ns);
	ticker.wake_fd = host_tracer_wake_fd(traced.tracer);
	say_processes(o->duration_ns);
	while (more) {
		more = ticker_wait(&ticker);
		traced_processes_update(&traced);
		do_chores(options, &next, ticker_elapsed_ns(&ticker));
		if (ticker_interval(&ticker))
			show_interval(options, ticker_elapsed_ns(&ticker));
	}
	ask_balloons(options);
	traced_processes_measure(&traced, true);
	traced_processes_sample(&traced);
	show_end(o, ticker_elapsed_ns(&ticker));
	return write_metrics(options)
		       ?: ticker.signalled && o->duration_ns ? EXIT_INTERRUPTED
							     : EXIT_FINE;
}

/* Trace, and write a recording if --record names a file. */
static int record(const struct options *options)
{
	struct recording recording;
	FILE *file = NULL;
	int status, failed;

	if (options->record) {
		file = fopen(options->record, "we");
		if (!file) {
			log_error("cannot write %s: %s", options->record, strerror(errno));
			return EXIT_ENVIRONMENT;
		}
		recording_begin(&recording, file);
		traced.recording = &recording;
	}
	status = add_processes(options) ?: trace(options);
	if (!file)
		return status;
	recording_end(&recording);
	traced.recording = NULL;
	failed = ferror(file);
	if (fclose(file) || failed) {
		log_error("cannot write %s: it is not whole", options->record);
		return EXIT_ENVIRONMENT;
	}
	return status;
}

/* Say what can be observed. */
static int list(const struct options *options)
{
	const struct observation *seen;
	int status = add_processes(options);
	size_t count;

	if (status)
		return status;
	seen = host_tracer_observations(traced.tracer, &count);
	show_observations(seen, count, options->trace.json);
	if (!traced.count)
		log_info("no virtual machine is running: its probes are unknown");
	return EXIT_FINE;
}

/* A process takes a descriptor, and so do eight of them together. */
static void allow_many_files(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files))
		return;
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
}

static int run(struct command_line *line)
{
	struct options *o = line->options;
	char err[512];
	int error, status;

	allow_many_files();
	o->all_qemu |= !o->pids.count;
	o->trace.tracer.one_call_in = traced.one_call_in = o->sample;
	traced.status_only = o->memory == MEMORY_STATUS;
	error = host_tracer_open(&traced.tracer, &o->trace.tracer, err, sizeof(err));
	if (error) {
		log_error("%s", err);
		return error == -ENOTSUP ? EXIT_UNSUPPORTED : EXIT_ENVIRONMENT;
	}
	status = o->trace.list ? list(o) : record(o);
	host_tracer_close(traced.tracer);
	traced_processes_release(&traced);
	return status;
}

const struct command host_command = {
	.name = "host",
	.purpose = "trace the memory calls and balloon batches of virtual machines",
	.description =
		"Trace the madvise(), process_madvise() and fallocate() calls of processes, what "
		"came of them, and the balloon batches of a QEMU with our trace events.\n"
		"Tracepoints and uprobes suffice: the command works where kprobes and fentry "
		"do not. At level phases, a QEMU with our trace events is traced by its "
		"batches alone, which costs it two instructions and a trap per batch; all else "
		"takes tracepoints on each call.",
	.examples = "  balloontrace host                          all of them, until Ctrl-C\n"
		    "  balloontrace host -p 4711 --interval 1     one process, a line a second\n"
		    "  balloontrace host --interval 2 --sort errors\n"
		    "  balloontrace host --duration 5 --json\n"
		    "  balloontrace host --metrics /var/lib/node_exporter/textfile/balloon.prom\n"
		    "  balloontrace host --duration 60 --record host.jsonl\n",
	.exits = TRACE_EXITS,
	.rows = rows,
	.defaults = &defaults,
	.size = sizeof(struct options),
	.run = run,
};
