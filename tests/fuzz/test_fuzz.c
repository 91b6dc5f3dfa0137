/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Run the fuzz targets, one per CPU at a time: each replays its corpus, then mutates it.
 * README.md says what to do with a finding.
 *
 * FUZZ_SECONDS: time for all targets together; FUZZ_TARGET: run only this target.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/helpers/files.h"
#include "tests/helpers/program.h"

#define SOURCES TEST_SOURCE "/tests/fuzz"
#define PROGRAMS TEST_BUILD "/fuzz/tests/fuzz"
#define CORPORA TEST_BUILD "/corpus"
#define SEEDED TEST_SOURCE "/tests/seeded-bugs/parsers"
/* Findings: inputs that reach new code, and inputs that fail. */
#define FOUND TEST_BUILD "/fuzz/found"

#define SECONDS_DEFAULT 60
#define TARGETS_MAX 64
/* Far more than random inputs need to hit the seeded bugs. */
#define SEEDED_RUNS "-runs=3000000"

struct target {
	char name[64]; /* "fuzz_qmp" */
	pid_t pid;
};

static struct target targets[TARGETS_MAX];
static size_t target_count;
static unsigned int number; /* of the last test that was reported */
static unsigned int failed;

static void report(bool passed, const char *name, const char *what)
{
	printf("%s %u %s%s\n", passed ? "ok" : "not ok", ++number, name, what);
	fflush(stdout);
	failed += !passed;
}

static void find_targets(const char *only)
{
	char pattern[PATH_MAX];
	glob_t found;
	size_t i;

	snprintf(pattern, sizeof(pattern), SOURCES "/fuzz_%s.c", only ? only : "*");
	if (glob(pattern, 0, NULL, &found)) {
		fprintf(stderr, "# no such target: %s\n", pattern);
		exit(2);
	}
	for (i = 0; i < found.gl_pathc && i < TARGETS_MAX; i++) {
		const char *base = strrchr(found.gl_pathv[i], '/') + 1;

		snprintf(targets[i].name, sizeof(targets[i].name), "%.*s", (int)strcspn(base, "."),
			 base);
	}
	target_count = i;
	globfree(&found);
}

static void run(char *const *argv, const char *log)
{
	int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	execv(argv[0], argv);
	fprintf(stderr, "cannot run %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static void log_of(const char *name, char *path)
{
	snprintf(path, PATH_MAX, FOUND "/%s.log", name);
}

static void start(struct target *t, unsigned int seconds)
{
	char program[PATH_MAX], time[64], artifacts[PATH_MAX], dict[PATH_MAX], found[PATH_MAX],
		corpus[PATH_MAX], log[PATH_MAX];
	char *argv[] = { program,
			 time,
			 "-timeout=60",
			 "-rss_limit_mb=2048",
			 "-close_fd_mask=3",
			 artifacts,
			 found,
			 corpus,
			 NULL,
			 NULL };

	snprintf(program, sizeof(program), PROGRAMS "/%s", t->name);
	snprintf(time, sizeof(time), "-max_total_time=%u", seconds);
	snprintf(artifacts, sizeof(artifacts), "-artifact_prefix=" FOUND "/%s-", t->name);
	snprintf(found, sizeof(found), FOUND "/%s", t->name);
	snprintf(corpus, sizeof(corpus), CORPORA "/%s", t->name);
	snprintf(dict, sizeof(dict), "-dict=" SOURCES "/%s.dict", t->name);
	if (!access(strchr(dict, '=') + 1, R_OK))
		argv[8] = dict;
	mkdir(found, 0755);
	mkdir(corpus, 0755); /* for a new target */
	log_of(t->name, log);
	fflush(stdout);
	t->pid = fork();
	if (!t->pid)
		run(argv, log);
}

/* Print the last line of a log that contains @words. */
static void print_line(const char *log, const char *words)
{
	char *text = read_file(log), *at = NULL, *next;

	for (next = text; next && (next = strstr(next, words)); next++)
		at = next;
	if (at)
		printf("#   %.*s\n", (int)strcspn(at, "\n"), at);
	free(text);
}

static void print_finding(const struct target *t)
{
	char log[PATH_MAX];

	log_of(t->name, log);
	print_line(log, "runtime error");
	print_line(log, "SUMMARY:");
	print_line(log, "Test unit written to ");
	printf("#   replay: " PROGRAMS "/%s INPUT; log: %s\n", t->name, log);
}

/* Wait for a running target. */
static void finish_one(void)
{
	int status;
	pid_t pid = wait(&status);
	size_t i;

	for (i = 0; i < target_count; i++)
		if (targets[i].pid == pid)
			break;
	if (i == target_count)
		return;
	report(!status, targets[i].name, "");
	if (status)
		print_finding(&targets[i]);
}

static void run_all(unsigned int seconds)
{
	size_t jobs = sysconf(_SC_NPROCESSORS_ONLN), rounds, i, running = 0;

	rounds = (target_count + jobs - 1) / jobs;
	seconds = seconds > rounds ? seconds / rounds : 1;
	for (i = 0; i < target_count; i++) {
		if (running == jobs) {
			finish_one();
			running--;
		}
		start(&targets[i], seconds);
		running++;
	}
	while (running--)
		finish_one();
}

/* Run the target with seeded bugs; @argument is an input, or the number of random ones. */
static void run_seeded(const char *what, const char *argument, const char *words)
{
	char log[PATH_MAX], *text;
	char *argv[] = { TEST_BUILD "/fuzz/tests/seeded-bugs/parsers/parser", "-seed=1",
			 "-artifact_prefix=" FOUND "/seeded-", (char *)argument, NULL };
	int status;
	pid_t pid;

	log_of("seeded", log);
	fflush(stdout);
	pid = fork();
	if (!pid)
		run(argv, log);
	waitpid(pid, &status, 0);
	text = read_file(log);
	report(status && text && strstr(text, words), "seeded bugs: ", what);
	free(text);
}

/* In memory if possible: targets write thousands of files a second. */
static void choose_directory(char *path, size_t size)
{
	snprintf(path, size, "/dev/shm/balloonbench-fuzz-XXXXXX");
	if (!mkdtemp(path))
		snprintf(path, size, "%s", make_temp_dir());
	setenv("TMPDIR", path, 1);
}

static unsigned int seconds_asked(void)
{
	const char *text = getenv("FUZZ_SECONDS");
	unsigned long seconds = text && *text ? strtoul(text, NULL, 10) : SECONDS_DEFAULT;

	return seconds > 0 && seconds <= UINT_MAX ? seconds : SECONDS_DEFAULT;
}

int main(void)
{
	const char *only = getenv("FUZZ_TARGET");
	char directory[PATH_MAX];

	find_targets(only && *only ? only : NULL);
	mkdir(FOUND, 0755);
	choose_directory(directory, sizeof(directory));
	printf("1..%zu\n", target_count + 3);
	run_seeded("an overflow is reported", SEEDED "/overflow", "heap-buffer-overflow");
	run_seeded("a shift too far is reported", SEEDED "/shift", "runtime error: shift");
	run_seeded("one of them is found without a corpus", SEEDED_RUNS, "Test unit written to");
	run_all(seconds_asked());
	remove_tree(directory);
	return failed ? 1 : 0;
}
