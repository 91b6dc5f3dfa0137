/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BOOT_CHECKS_H
#define BENCH_BOOT_CHECKS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Cross-checks: whatever was counted about a move, by whomever, must be the
 * same number of pages. What disagrees makes the boot invalid.
 */
struct checks {
	json_t *list;
	bool ok;
	char reason[256]; /* the first disagreement */
};

void checks_init(struct checks *checks);
void checks_release(struct checks *checks);

/*
 * Record that @what, in the @move of @cycle, counted @observed pages where
 * @expected moved. Cycle 0 is the boot as a whole.
 */
void checks_count(struct checks *checks, unsigned int cycle, const char *move, const char *what,
		  int64_t expected, int64_t observed);

/* The same where the guest went on meanwhile: @least to @most pages moved. */
void checks_count_between(struct checks *checks, unsigned int cycle, const char *move,
			  const char *what, int64_t least, int64_t most, int64_t observed);

/**
 * checks_time() - the same for a time
 * @tolerance: how far the two may be from each other
 */
void checks_time(struct checks *checks, unsigned int cycle, const char *move, const char *what,
		 double expected, double observed, double tolerance);

/* Without a count: the boot was not what its scenario says, and why. */
void checks_refuse(struct checks *checks, const char *reason);

/* The "trust" object of result.json; new reference. */
json_t *checks_to_json(const struct checks *checks);

#endif
