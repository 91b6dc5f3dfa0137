/* SPDX-License-Identifier: GPL-2.0-or-later */
/* balloonbench record: sample what a command uses. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/config/workload.h"
#include "bench/record/record.h"
#include "bench/record/usage.h"
#include "bench/run/run.h"
#include "bench/vm/interrupt.h"
#include "lib/atomic_file.h"
#include "lib/clock.h"
#include "lib/exit_status.h"
#include "lib/log.h"
#include "lib/units.h"

#define PERIOD_MIN_NS (10 * NSEC_PER_MSEC)
#define PERIOD_MAX_NS (60 * NSEC_PER_SEC)
/* A command that was asked to end and has not by then is killed. */
#define END_MS 5000

enum sampled { SAMPLED_AUTO, SAMPLED_GROUP, SAMPLED_PROCESSES };
static const char *const sampled_names[] = { "auto", "cgroup", "processes", NULL };

struct options {
	const char *output;
	uint64_t period_ns;
	unsigned int by; /* enum sampled */
	char **command;
};

#define OPTIONS struct options

static const struct option_row rows[] = {
	OPTION(STRING, output, "output", 'o', "FILE", "where the workload is written",
	       .hint = HINT_FILE),
	OPTION(DURATION, period_ns, "period", 'p', "TIME", "time from row to row"),
	OPTION(CHOICE, by, "by", 'b', NULL, "whose memory is sampled", .choices = sampled_names),
	OPTION(OPERANDS, command, NULL, 0, "COMMAND", "what to run, with its arguments"),
	{ 0 },
};

static const struct options defaults = {
	.output = "recorded.workload",
	.period_ns = 100 * NSEC_PER_MSEC,
};

/* A command under way. */
struct recording {
	const struct options *options;
	struct group group;
	struct atomic_stream stream;
	struct usage last;
	uint64_t begin_ns;
	uint64_t row_ns; /* of the last row */
	size_t count;	 /* of rows */
	pid_t pid;
	int pidfd;
	int wait_status;
	bool ended; /* wait_status is set */
};

static __attribute__((noreturn)) void become(const struct recording *r, int report)
{
	int err = r->group.path ? -group_enter(&r->group) : 0;

	interrupt_restore_mask();
	if (!err) {
		execvp(r->options->command[0], r->options->command);
		err = errno;
	}
	if (write(report, &err, sizeof(err)) < 0)
		_exit(2);
	_exit(1);
}

/* Start the command: 0, or an errno, its own if it could not be executed. */
static int start(struct recording *r)
{
	int ends[2], err = 0;

	if (pipe2(ends, O_CLOEXEC))
		return errno;
	/* What a process leaves behind stays a descendant of ours. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	r->pid = fork();
	if (!r->pid)
		become(r, ends[1]);
	close(ends[1]);
	if (r->pid < 0)
		err = errno;
	else if (read(ends[0], &err, sizeof(err)) != sizeof(err))
		err = 0; /* closed by exec() */
	close(ends[0]);
	if (err && r->pid > 0)
		waitpid(r->pid, NULL, 0);
	if (err)
		return err;
	r->pidfd = syscall(SYS_pidfd_open, r->pid, 0);
	return r->pidfd < 0 ? errno : 0;
}

/* Wait for all that have ended. */
static void reap(struct recording *r)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == r->pid) {
			r->wait_status = status;
			r->ended = true;
		}
}

static uint64_t increase(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

/* The first row and the last have no memory: the command has not begun, or it has ended. */
static void write_row(struct recording *r, uint64_t now, const struct usage *usage)
{
	const uint64_t at_ns = now - r->begin_ns;
	/* Whole milliseconds; what is left of the CPU time is in the next row. */
	const uint64_t cpu_ns =
		increase(usage->cpu_ns, r->last.cpu_ns) / NSEC_PER_MSEC * NSEC_PER_MSEC;
	const struct workload_row row = {
		.at_ns = r->count ? at_ns : 0,
		.anon_bytes = usage->anon_bytes,
		.file_bytes = usage->file_bytes,
		.faults = increase(usage->faults, r->last.faults),
		.cpu_ns = cpu_ns,
	};

	if (r->count && at_ns / NSEC_PER_MSEC <= r->row_ns / NSEC_PER_MSEC)
		return;
	workload_write_row(r->stream.file, &row);
	r->row_ns = row.at_ns;
	r->last.faults += row.faults;
	r->last.cpu_ns += cpu_ns;
	r->count++;
}

/* Descendants that outlive the command are not waited for: 0 or -EINTR. */
static int sample_until_end(struct recording *r)
{
	struct usage usage = { .cpu_ns = 0 };
	uint64_t due = r->begin_ns;
	int err;

	write_row(r, r->begin_ns, &usage);
	do {
		due += r->options->period_ns;
		err = interruptible_poll(r->pidfd, POLLIN, due);
		if (err && err != -ETIMEDOUT)
			return err;
		reap(r);
		if (r->ended)
			break;
		usage_sample(&r->group, &usage);
		write_row(r, clock_ns(), &usage);
		/* Where sampling takes longer than the period: at the next multiple of it. */
		while (due + r->options->period_ns < clock_ns())
			due += r->options->period_ns;
	} while (r->count < WORKLOAD_ROWS_MAX - 1);
	return 0;
}

static void write_last_row(struct recording *r)
{
	struct usage usage;
	uint64_t now = clock_ns();

	usage_sample(&r->group, &usage);
	usage.anon_bytes = 0;
	usage.file_bytes = 0;
	if (now - r->begin_ns < r->row_ns + NSEC_PER_MSEC)
		now = r->begin_ns + r->row_ns + NSEC_PER_MSEC;
	write_row(r, now, &usage);
}

/* Ask the command to end; it may have got the terminal's Ctrl-C, too. */
static void end_command(struct recording *r)
{
	uint64_t deadline = deadline_in_ms(END_MS);

	kill(r->pid, SIGTERM);
	while (!r->ended && clock_ns() < deadline) {
		sleep_ns(PERIOD_MIN_NS);
		reap(r);
	}
	if (!r->ended) {
		kill(r->pid, SIGKILL);
		waitpid(r->pid, &r->wait_status, 0);
		r->ended = true;
	}
}

/* As comments, so that gnuplot and awk read the file. A line break would end the comment. */
static void write_head(const struct recording *r)
{
	FILE *f = r->stream.file;
	char *const *word;
	struct utsname uts;
	const char *c;

	uname(&uts);
	fputs(WORKLOAD_FIRST_LINE "\n# command:", f);
	for (word = r->options->command; *word; word++) {
		fputc(' ', f);
		for (c = *word; *c; c++)
			fputc((unsigned char)*c < ' ' ? '?' : *c, f);
	}
	fprintf(f, "\n# memory: of %s\n",
		r->group.path ? "a control group" : "the processes; page cache as far as mapped");
	fprintf(f, "# machine: %ld CPUs, Linux %s\n", sysconf(_SC_NPROCESSORS_ONLN), uts.release);
	fputs("# " WORKLOAD_COLUMNS "\n", f);
}

static void show(const char *path)
{
	char err[512], time[32], peak[32], cpu[32];
	struct workload w;

	if (workload_load(&w, path, err, sizeof(err)))
		log_warn("%s", err);
	else
		log_info("%s: %s, peak %s, %.4g GiB minutes, %s of CPU time", path,
			 format_duration(workload_duration_ns(&w), time, sizeof(time)),
			 format_bytes(workload_peak_bytes(&w), peak, sizeof(peak)),
			 workload_gib_minutes(&w),
			 format_duration(workload_cpu_ns(&w), cpu, sizeof(cpu)));
	workload_release(&w);
}

/* The command has ended, or was ended: how, as an exit status. */
static int judge(const struct recording *r, int err)
{
	const char *name = r->options->command[0];

	if (err == -EINTR)
		return fails(EXIT_INTERRUPTED, "interrupted; the workload ends there");
	if (err)
		return fails(EXIT_ENVIRONMENT, "cannot wait for %s: %s", name, strerror(-err));
	if (WIFSIGNALED(r->wait_status))
		return fails(EXIT_ENVIRONMENT, "%s: killed by signal %d; the workload ends there",
			     name, WTERMSIG(r->wait_status));
	if (WEXITSTATUS(r->wait_status))
		return fails(EXIT_ENVIRONMENT,
			     "%s: exit status %d; the workload is that of a command that failed",
			     name, WEXITSTATUS(r->wait_status));
	return EXIT_FINE;
}

static int record(struct recording *r)
{
	const struct options *o = r->options;
	int err, status;

	write_head(r);
	r->begin_ns = clock_ns();
	err = start(r);
	if (err)
		return fails(EXIT_ENVIRONMENT, "cannot run %s: %s", o->command[0], strerror(err));
	err = sample_until_end(r);
	if (!r->ended && !err)
		log_warn("%s has run for %d periods: the most that a workload holds; it is ended. "
			 "Record with a longer --period",
			 o->command[0], WORKLOAD_ROWS_MAX);
	if (!r->ended)
		end_command(r);
	write_last_row(r);
	status = judge(r, err);
	err = atomic_stream_commit(&r->stream);
	if (err)
		return fails(EXIT_ENVIRONMENT, "cannot write %s: %s", o->output, strerror(-err));
	show(o->output);
	return status;
}

/* Whose memory is sampled, by the option: 0 or an exit status. */
static int choose_group(struct recording *r)
{
	if (r->options->by == SAMPLED_PROCESSES)
		return 0;
	group_make(&r->group);
	if (r->group.path)
		return 0;
	if (r->options->by == SAMPLED_GROUP)
		return fails(EXIT_UNSUPPORTED,
			     "cannot make a control group: %s; try as root, or --by processes",
			     r->group.error);
	log_warn("no control group (%s): the memory is that of the processes, without page cache "
		 "that none of them maps",
		 r->group.error);
	return 0;
}

static int run(struct command_line *line)
{
	const struct options *o = line->options;
	struct recording r = { .options = o, .pidfd = -1 };
	int err, status;

	if (o->period_ns < PERIOD_MIN_NS || o->period_ns > PERIOD_MAX_NS)
		return fails(EXIT_USAGE, "--period: expected 10 ms to 60 s");
	err = interrupt_setup();
	if (err)
		return fails(EXIT_ENVIRONMENT, "cannot take signals: %s", strerror(-err));
	status = choose_group(&r);
	if (status)
		return status;
	err = atomic_stream_open(&r.stream, o->output);
	status = err ? fails(EXIT_ENVIRONMENT, "cannot write %s: %s", o->output, strerror(-err))
		     : record(&r);
	atomic_stream_release(&r.stream);
	if (r.pidfd >= 0)
		close(r.pidfd);
	group_release(&r.group);
	return status;
}

const struct command record_command = {
	.name = "record",
	.purpose = "record the memory and CPU time of a command as a workload",
	.description =
		"Run COMMAND and sample what it and its descendants use: anonymous memory, page "
		"cache, page faults and CPU time. The workload that results is a small text file, "
		"which docs/workloads.md describes.\n"
		"The memory is that of a control group, where one can be made (as root), and of "
		"the processes otherwise: then page cache counts only as far as it is mapped. "
		"Write -- before a COMMAND that has options.",
	.examples = "  balloonbench record -o build.workload -- make -j2\n"
		    "  balloonbench record --period 1s -- ./nightly-job\n",
	.exits = "0 recorded\n"
		 "2 wrong usage\n"
		 "3 COMMAND could not be run or failed, or the file was not written\n"
		 "4 --by cgroup, and no control group can be made\n"
		 "130 interrupted: the workload up to there is written",
	.rows = rows,
	.defaults = &defaults,
	.size = sizeof(struct options),
	.run = run,
};
