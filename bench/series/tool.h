/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_SERIES_TOOL_H
#define BENCH_SERIES_TOOL_H

#include <stdbool.h>
#include <stddef.h>

/* Arguments of a program, which grow. Starts zeroed; free with arguments_release(). */
struct arguments {
	char **list; /* NULL-terminated */
	size_t count;
};

void arguments_add(struct arguments *arguments, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void arguments_release(struct arguments *arguments);

/*
 * Run balloonbench or balloonstat, those beside this program, with these arguments, on this
 * terminal. Standard output goes to @output, a file, unless that is NULL. The exit status, after a
 * message if it cannot be run; after Ctrl-C that of the program, which ends by itself.
 */
int tool_run(const char *program, const struct arguments *arguments, const char *output);

/* The same of a program of $PATH. */
int program_run_here(const char *program, const struct arguments *arguments, const char *output);

/* Whether a result tree was begun: it is resumed then. */
bool was_begun(const char *dir);

/* Run balloonstat COMMAND DIR. */
int stat_run(const char *command, const char *dir, const char *output);

#endif
