/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef STRESS_OPTIONS_H
#define STRESS_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/result.h"

#define STRESS_CUTS_MAX 16

struct stress_options {
	const char *images;
	const char *cuts[STRESS_CUTS_MAX]; /* none: all of the images */
	unsigned int cut_count;
	enum result_method method; /* of the balloon: RESULT_BALLOON or RESULT_VMWARE */
	const char *output;	   /* NULL: results/stress-UTC */
	uint64_t seed;
	uint64_t minutes; /* for all cuts together; 0: no limit */
	uint64_t ops;	  /* for each cut; 0: no limit */
	uint64_t replay;  /* run only this boot; 0: all, from the first */
	bool plan;	  /* print the schedule, run nothing */
	bool keep_going;
	bool quiet;
};

/* May exit, as argp does; the default seed is the time. */
void stress_options_parse(struct stress_options *options, int argc, char **argv);

#endif
