/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_RUN_INSIDE_H
#define BENCH_RUN_INSIDE_H

#include <stdint.h>

struct session;

/*
 * The balloonbench in a box. It is executed with the arguments of the outer one, so that it
 * resolves the same plan; what the outer one has decided by its machine comes in a variable of the
 * environment, as JSON.
 */
#define INSIDE_VARIABLE "BALLOONBENCH_INSIDE"

struct inside {
	int accel; /* enum result_accel: as results are to have it */
	int64_t seed;
	int64_t memory_limit; /* of guests, in bytes */
};

/* A guest may take so many times as long to boot as its scenario allows on a machine. */
#define INSIDE_BOOT_SLOWNESS 4

/* The value of the variable, to be freed. */
char *inside_text(const struct inside *inside);

/* What the variable says; NULL: this is not the inside. */
const struct inside *inside_box(void);

/*
 * Resolve the run, and run the boots that the outer one asks for, until it is gone. An exit status.
 */
int inside_serve(struct session *s);

/* Say that this process ends; a port does not tell. */
void inside_end(int status);

#endif
