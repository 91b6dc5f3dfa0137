/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BUILD_COMPILE_H
#define BENCH_BUILD_COMPILE_H

#include <stddef.h>

#include "bench/build/git.h"

/*
 * What builds of kernels and QEMUs have in common: programs that compile in trees/ID, with a log
 * there, progress, and the compiler's complaints before the error. Functions return 0, -EINVAL with
 * a message, -EINTR after Ctrl-C, or -ETIMEDOUT if the program had to be killed then.
 */

/* A run of make, ninja or configure. It gets nothing of the user's environment but $PATH and such.
 */
struct compile {
	const struct git *git;
	const char *const *argv;
	const char *const *env;
	const char *directory;		    /* to run it in; NULL: this one */
	const char *log;		    /* name of the log in trees/ID, which is replaced */
	const char *what;		    /* it does, as in "build the kernel" */
	void (*progress)(const char *line); /* called for each line of output */
};

int compile_run(const struct compile *compile, char *err, size_t err_size);

/* Run a program that is needed before or after; @output as of process_run(). */
int compile_tool(const char *const *argv, char **output, char *err, size_t err_size);

/* Parallel jobs: $JOBS, or one per CPU. */
unsigned long compile_jobs(void);

/*
 * Mark trees/ID as being built. A compiler that was killed, or had no space, leaves a partial
 * object that make considers up to date: if the build before was cut off like that, remove its
 * @directories of trees/ID, a NULL-terminated list. compile_end() takes the status of the build,
 * and returns it for the caller: the mark stays if the build was cut off.
 */
int compile_begin(const struct git *git, const char *const *directories, char *err,
		  size_t err_size);
int compile_end(const struct git *git, int status);

#endif
