/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BUILD_PROCESS_H
#define BENCH_BUILD_PROCESS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Programs that a build runs: git, make, patch, tar. No shell. Ctrl-C ends the program and its
 * children: each is a process group of its own, which gets SIGTERM, then SIGKILL. They end, too,
 * if this process is killed.
 */

struct process {
	const char *const *argv; /* NULL-terminated; argv[0] is searched in $PATH */
	const char *directory;	 /* to run it in; NULL: this one */
	const char *const *env;	 /* "NAME=VALUE" in addition to the environment; or NULL */
	const char *input;	 /* file that is its standard input; NULL: /dev/null */
	const char *log;	 /* file that gets its standard error; NULL: process_error() */
	/* Called for each line of its standard output, without the end of line; NULL: collected. */
	void (*line)(const char *line, void *context);
	void *context;
	bool mixed;   /* standard error goes where standard output does */
	bool visible; /* standard error is that of this process: it shows progress */
	/*
	 * Its environment is @env and what every program needs ($PATH, $HOME, $TMPDIR and the
	 * like), so that a setting of the user's shell does not change what is built.
	 */
	bool bare;
	size_t *output_size; /* gets the size of the output, without the final NUL; or NULL */
};

/*
 * Run a program to its end. 0; its exit status; -EINTR after Ctrl-C; -ETIMEDOUT if it had to be
 * killed then; -errno if it cannot be run: process_error() has the reason. @output, if it is not
 * NULL and there is no line(), gets all of its standard output, with a final NUL; to be freed in
 * every case; NULL if there was none. A signal N counts as exit status 128 + N.
 */
int process_run(const struct process *process, char **output);

/* The last lines of standard error of the last program that had no log, up to 4 KiB. */
const char *process_error(void);

#endif
