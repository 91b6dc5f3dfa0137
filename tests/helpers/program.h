/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_HELPERS_PROGRAM_H
#define TESTS_HELPERS_PROGRAM_H

#include <sys/types.h>

/* A program under test, run to its end. */
struct outcome {
	int status;   /* exit status, or 128 + signal */
	char *output; /* stdout and stderr */
};

#define ARGS_MAX 32

/*
 * Run a program of the build: build/NAME with arguments, NULL-terminated.
 * Where the directory of the build is, TEST_BUILD says.
 */
struct outcome run_program(const char *name, const char *const *args);
void outcome_release(struct outcome *outcome);

/* Start one without waiting for it; its output goes to /dev/null. */
pid_t start_program(const char *name, const char *const *args);

/* Wait for it: exit status, or 128 + signal. */
int wait_program(pid_t pid);

/* Number of processes whose command line holds @text. */
int count_processes(const char *text);

/* Path of a file of the build; valid until the next call. */
const char *build_path(const char *name);

#endif
