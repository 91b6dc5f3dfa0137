/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef STRESS_OPTIONS_H
#define STRESS_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#define STRESS_CUTS_MAX 16

struct stress_options {
	const char *images;
	const char *cuts[STRESS_CUTS_MAX]; /* none: all that the images have */
	unsigned int cut_count;
	const char *output; /* NULL: results/stress-UTC */
	uint64_t seed;
	uint64_t minutes; /* of all cuts together; 0: no such limit */
	uint64_t ops;	  /* of each cut; 0: no such limit */
	uint64_t replay;  /* the one boot that is to be run; 0: all, from the first */
	bool plan;	  /* show it, run nothing */
	bool keep_going;
	bool quiet;
};

/* Exits where argp does; a seed that was not given is made up. */
void stress_options_parse(struct stress_options *options, int argc, char **argv);

#endif
