/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BOOT_PERF_H
#define BENCH_BOOT_PERF_H

#include <jansson.h>
#include <sys/types.h>

/*
 * perf(1) beside one boot: counters of QEMU and a sampled profile of it, with
 * the hardware's cycles where there are any, else with cpu-clock.
 */
struct perf {
	pid_t stat;
	pid_t record;
	const char *directory; /* for perf's files; borrowed */
	const char *event;
	char error[256]; /* why there is nothing; empty where there is */
};

/* Whether there is a perf to be run; else @err says what to do. */
int perf_available(char *err, size_t err_size);

/*
 * Begin to look at a process. What goes wrong is no error of the boot: it is
 * kept for perf_stop(). To be followed by perf_stop() or perf_kill().
 */
void perf_start(struct perf *perf, pid_t pid, const char *directory);

/**
 * perf_stop() - end it and read what it saw
 *
 * Leaves perf.folded in the directory: stacks and their number, a line each, as
 * flame graph tools read them.
 *
 * Return: the "perf" of result.json, a new reference.
 */
json_t *perf_stop(struct perf *perf);

/* End it, whatever it saw. */
void perf_kill(struct perf *perf);

#endif
