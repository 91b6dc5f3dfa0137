/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Run test programs, stage by stage, and print their results as one KTAP document
 * (https://docs.kernel.org/dev-tools/ktap.html): a program is a test, its TAP lines are
 * subtests. At the end, the skipped subtests are listed with their reasons, and the
 * last line counts all subtests.
 *
 * Usage: run STAGE[:JOBS][=UNDER] PROGRAM... [-- STAGE[:JOBS][=UNDER] PROGRAM...]...
 *
 * JOBS programs of a stage run at the same time, by default one. With UNDER, programs
 * run as UNDER PROGRAM.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"

/* A program that hangs is killed. */
#define PROGRAM_SECONDS 1200

struct counts {
	unsigned int passed;
	unsigned int failed;
	unsigned int skipped;
};

/* A running program. Its output goes to a file, which is read while it is written. */
struct job {
	const char *program;
	pid_t pid; /* -1: it could not be started */
	FILE *output;
	char comment[256]; /* of the line before, "" if that was no comment */
	time_t begin, end; /* 0: not yet */
};

/* A line for each skipped subtest. */
static char *skips;
static size_t skips_size;
static FILE *skips_file;

static void count_line(struct job *job, const char *line, struct counts *counts)
{
	const char *skip = strstr(line, "# SKIP"), *base = strrchr(job->program, '/');
	int failed = !strncmp(line, "not ok", 6);

	if (!failed && strncmp(line, "ok", 2)) {
		snprintf(job->comment, sizeof(job->comment), "%s",
			 !strncmp(line, "# ", 2) ? line + 2 : "");
		job->comment[strcspn(job->comment, "\n")] = '\0';
		return;
	}
	if (skip) {
		counts->skipped++;
		fprintf(skips_file, "# skipped: %s:%.*s: %s\n", base ? base + 1 : job->program,
			(int)strcspn(skip + 6, "\n"), skip + 6,
			*job->comment ? job->comment : "no reason given");
	} else if (failed) {
		counts->failed++;
	} else {
		counts->passed++;
	}
	job->comment[0] = '\0';
}

static void become(const char *under, const char *program, int output)
{
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	alarm(PROGRAM_SECONDS);	 /* outlasts exec */
	signal(SIGINT, SIG_DFL); /* ignored in background jobs of a shell */
	setenv("CMOCKA_MESSAGE_OUTPUT", "TAP", 1);
	if (under)
		execl(under, under, program, NULL);
	else
		execl(program, program, NULL);
	fprintf(stderr, "# cannot run %s: %s\n", under ? under : program, strerror(errno));
	_exit(127);
}

static void start(struct job *job, const char *under, const char *program)
{
	char name[] = "/tmp/balloonbench-run-XXXXXX";
	int output = mkostemp(name, O_CLOEXEC | O_APPEND);

	*job = (struct job){ .program = program, .pid = -1, .begin = time(NULL) };
	if (output < 0) {
		perror(name);
		return;
	}
	job->output = fopen(name, "re");
	unlink(name);
	fflush(stdout);
	job->pid = fork();
	if (!job->pid)
		become(under, program, output);
	close(output);
}

static int has_ended(const struct job *job)
{
	siginfo_t info = { .si_pid = 0 };

	return job->pid < 0 || waitid(P_PID, job->pid, &info, WEXITED | WNOHANG | WNOWAIT) ||
	       info.si_pid;
}

/* Copy complete lines, indented as a subtest; and the rest if the program has @ended. */
static void copy_output(struct job *job, int ended, struct counts *counts)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t n;

	while (job->output && (n = getline(&line, &size, job->output)) > 0) {
		if (line[n - 1] != '\n' && !ended) {
			fseek(job->output, -n, SEEK_CUR);
			break;
		}
		count_line(job, line, counts);
		printf("    %s", line);
	}
	if (job->output)
		clearerr(job->output);
	fflush(stdout);
	free(line);
}

static int finish(struct job *job)
{
	int status = -1;

	if (job->output)
		fclose(job->output);
	if (job->pid < 0)
		return -1;
	while (waitpid(job->pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* A stage: some of its programs run at the same time, and are reported in order. */
struct stage {
	const char *under;
	char **programs;
	int count;
	int at_once;
	struct job *jobs;
	int started;
};

static void start_some(struct stage *stage)
{
	int i, running = 0;

	for (i = 0; i < stage->started; i++) {
		struct job *job = &stage->jobs[i];

		if (job->end)
			continue;
		if (has_ended(job))
			job->end = time(NULL);
		else
			running++;
	}
	for (; running < stage->at_once && stage->started < stage->count; running++) {
		start(&stage->jobs[stage->started], stage->under, stage->programs[stage->started]);
		stage->started++;
	}
}

static void report(struct stage *stage, struct job *job, unsigned int number, struct counts *total)
{
	const char *base = strrchr(job->program, '/');
	struct counts counts = { 0 };
	int ended = 0, status;

	base = base ? base + 1 : job->program;
	printf("# Subtest: %s\n", base);
	while (!ended) {
		ended = has_ended(job);
		copy_output(job, ended, &counts);
		start_some(stage);
		if (!ended)
			sleep_ns(20 * NSEC_PER_MSEC);
	}
	status = finish(job);
	/* A program that dies, or has no subtests, has failed. */
	if ((status && !counts.failed) || !(counts.passed + counts.failed + counts.skipped)) {
		printf("    # %s ended with status %d\n", base, status);
		counts.failed++;
	}
	printf("# %s: %ld s\n", base, (long)(job->end - job->begin));
	printf("%s %u %s\n", counts.failed ? "not ok" : "ok", number, base);
	total->passed += counts.passed;
	total->failed += counts.failed;
	total->skipped += counts.skipped;
}

/* NAME[:JOBS][=UNDER] */
static void run_stage(char *name, char **programs, int count, unsigned int *number,
		      struct counts *total)
{
	struct stage stage = { .programs = programs, .count = count, .at_once = 1 };
	char *under = strchr(name, '='), *at_once;
	time_t begin = time(NULL);
	int i;

	if (under)
		*under++ = '\0';
	stage.under = under;
	at_once = strchr(name, ':');
	if (at_once) {
		*at_once++ = '\0';
		stage.at_once = atoi(at_once) > 0 ? atoi(at_once) : 1;
	}
	stage.jobs = calloc(count + 1, sizeof(*stage.jobs));
	if (!stage.jobs)
		abort();
	for (i = 0; i < count; i++) {
		start_some(&stage);
		report(&stage, &stage.jobs[i], ++*number, total);
	}
	free(stage.jobs);
	printf("# stage %s: %ld s\n", name, (long)(time(NULL) - begin));
}

static int count_programs(int argc, char **argv)
{
	int i, n = 0;

	for (i = 1; i < argc; i++)
		n += strcmp(argv[i], "--") && strcmp(argv[i - 1], "--") && i > 1;
	return n;
}

int main(int argc, char **argv)
{
	struct counts total = { 0 };
	unsigned int number = 0;
	int i = 1;

	skips_file = open_memstream(&skips, &skips_size);
	if (!skips_file)
		abort();
	printf("KTAP version 1\n1..%d\n", count_programs(argc, argv));
	while (i < argc) {
		char *stage = argv[i++];
		int first = i;

		while (i < argc && strcmp(argv[i], "--"))
			i++;
		run_stage(stage, argv + first, i - first, &number, &total);
		i++;
	}
	fclose(skips_file);
	printf("%s%u passed, %u failed, %u skipped\n", skips, total.passed, total.failed,
	       total.skipped);
	free(skips);
	return total.failed ? 1 : 0;
}
