/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_HELPERS_HOST_TRACING_H
#define TESTS_HELPERS_HOST_TRACING_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * `balloontrace host` beside processes with known calls. Nothing is timed: it says that it traces
 * before the calls begin, and is told to end once they are made.
 */
struct host_tracing {
	pid_t pid;
	int status;		 /* as of struct outcome */
	char *output, *messages; /* of stdout and stderr */
};

/* Skip the test if this user may not trace. */
void skip_without_tracer(void);

/*
 * Start balloontrace with these arguments, which end with NULL. Returns when it traces, or has
 * ended. One at a time: its output is in two files of test_dir.
 */
void host_tracing_start(struct host_tracing *tracing, const char *const *args);

/* How often its output so far has a text. */
int host_tracing_says(const char *text);

/* Interrupt it, unless it has ended, and read what it printed. */
void host_tracing_end(struct host_tracing *tracing);
void host_tracing_release(struct host_tracing *tracing);

/* Wait until a process executes a file of that name. */
void await_program(pid_t pid, const char *name);

#endif
