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

/*
 * The same, for a program that does not wait for its children after Ctrl-C: it and they get
 * SIGTERM, and have ended on return.
 */
int program_run_group(const char *program, const struct arguments *arguments);

/* What a result tree has once it was begun, and whether it has. */
#define TREE_SIGN "plan.json"
bool tree_begun(const char *dir);

/*
 * balloonbench run with these arguments and -o @dir, or --resume @dir if a run with the same
 * arguments has begun it. @verbosity: "-q", "-v" or NULL. An exit status.
 */
int tree_run(const struct arguments *arguments, const char *dir, const char *verbosity);

/* balloonstat COMMAND DIR [OPTION]; standard output as of tool_run(). An exit status. */
int stat_run(const char *command, const char *dir, const char *option, const char *output);

#endif
