/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_RUN_RUN_OPTIONS_H
#define BENCH_RUN_RUN_OPTIONS_H

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

#include "bench/run/resume.h"
#include "bench/config/suite.h"
#include "bench/run/until_ci.h"
#include "bpf/level.h"

/* The command line of `balloonbench run`; of one that is resumed, that of its beginning. */
struct run_options {
	struct suite suite;	    /* what to compare: names only */
	unsigned int cycles;	    /* 0: as the scenario says */
	uint64_t rate_bytes_per_s;  /* likewise */
	struct until_ci_goal until; /* half_width 0: boots are as many as the suite says */
	bool aa;		    /* the base has a twin, the suite's SUITE_TWIN */
	uint64_t seed;
	const char *accel;
	enum trace_level trace;
	bool perf;
	struct resume resume; /* its dir NULL: a new run */
	const char *output;   /* NULL: results/<UTC time>-<suite> */
	cpu_set_t pin;
	bool pinned;
	bool dry_run;
	bool quiet;
	bool verbose;
};

/* Parse; ends the process with EXIT_USAGE or after --help. 0 or an exit status. */
int run_options_parse(struct run_options *options, int argc, char **argv);
void run_options_release(struct run_options *options);

#endif
