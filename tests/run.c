/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs test programs stage by stage and prints their results as one KTAP
 * document (https://docs.kernel.org/dev-tools/ktap.html): a program is a test,
 * its own TAP lines are its subtests. The last line counts the subtests.
 *
 * Usage: run STAGE[=UNDER] PROGRAM... [-- STAGE[=UNDER] PROGRAM...]...
 *
 * With UNDER the programs of a stage are run by that one: UNDER PROGRAM.
 */
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A test that hangs must not take the others with it. */
#define PROGRAM_SECONDS 1200

struct counts {
	unsigned int passed;
	unsigned int failed;
	unsigned int skipped;
};

static void count_line(const char *line, struct counts *counts)
{
	int failed = !strncmp(line, "not ok", 6);

	if (!failed && strncmp(line, "ok", 2))
		return;
	if (strstr(line, "# SKIP"))
		counts->skipped++;
	else if (failed)
		counts->failed++;
	else
		counts->passed++;
}

/* Output of a test program, from its pipe, indented as a subtest. */
static void copy_output(int fd, struct counts *counts)
{
	FILE *f = fdopen(fd, "r");
	char *line = NULL;
	size_t size = 0;

	while (f && getline(&line, &size, f) > 0) {
		count_line(line, counts);
		printf("    %s", line);
		fflush(stdout);
	}
	free(line);
	if (f)
		fclose(f);
}

static int run_program(const char *under, const char *program, struct counts *counts)
{
	int fds[2], status;
	pid_t pid;

	if (pipe(fds) < 0)
		return -1;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		dup2(fds[1], STDOUT_FILENO);
		dup2(fds[1], STDERR_FILENO);
		close(fds[0]);
		close(fds[1]);
		alarm(PROGRAM_SECONDS);	 /* outlasts exec */
		signal(SIGINT, SIG_DFL); /* a shell's background job ignores it */
		setenv("CMOCKA_MESSAGE_OUTPUT", "TAP", 1);
		if (under)
			execl(under, under, program, NULL);
		else
			execl(program, program, NULL);
		fprintf(stderr, "# cannot run %s: %s\n", under ? under : program, strerror(errno));
		_exit(127);
	}
	close(fds[1]);
	copy_output(fds[0], counts);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void run_test(const char *under, const char *program, unsigned int number,
		     struct counts *total)
{
	const char *base = strrchr(program, '/');
	struct counts counts = { 0 };
	int status;

	base = base ? base + 1 : program;
	printf("# Subtest: %s\n", base);
	status = run_program(under, program, &counts);
	/* A program that dies, or tests nothing, has failed whatever its lines say. */
	if ((status && !counts.failed) || !(counts.passed + counts.failed + counts.skipped)) {
		printf("    # %s ended with status %d\n", base, status);
		counts.failed++;
	}
	printf("%s %u %s\n", counts.failed ? "not ok" : "ok", number, base);
	total->passed += counts.passed;
	total->failed += counts.failed;
	total->skipped += counts.skipped;
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

	printf("KTAP version 1\n1..%d\n", count_programs(argc, argv));
	while (i < argc) {
		char *stage = argv[i++], *under = strchr(stage, '=');
		time_t start = time(NULL);

		if (under)
			*under++ = '\0';

		for (; i < argc && strcmp(argv[i], "--"); i++)
			run_test(under, argv[i], ++number, &total);
		printf("# stage %s: %ld s\n", stage, (long)(time(NULL) - start));
		i++;
	}
	printf("%u passed, %u failed, %u skipped\n", total.passed, total.failed, total.skipped);
	return total.failed ? 1 : 0;
}
