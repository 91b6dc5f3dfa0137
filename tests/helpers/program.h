/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_HELPERS_PROGRAM_H
#define TESTS_HELPERS_PROGRAM_H

#include <sys/types.h>

/* How a program ended. */
struct outcome {
	int status;   /* exit status, or 128 + signal */
	char *output; /* stdout and stderr */
};

#define ARGS_MAX 32

/* Run a program of the build, TEST_BUILD/NAME; @args end with NULL. */
struct outcome run_program(const char *name, const char *const *args);
void outcome_release(struct outcome *outcome);

/* Run a command, a printf() format, by bash. */
struct outcome run_shell(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Start a program of the build; its output goes to /dev/null. */
pid_t start_program(const char *name, const char *const *args);

/* Wait for a process. Returns its exit status, or 128 + signal. */
int wait_program(pid_t pid);

/* Number of processes whose command line or working directory contains @text. */
int count_processes(const char *text);

/* Path of a file of the build, valid until the next call. */
const char *build_path(const char *name);

#endif
