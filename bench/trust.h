/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_TRUST_H
#define BENCH_TRUST_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * The trust check: whatever was counted about a move, by whomever, must be the
 * same number of pages. What disagrees makes the boot invalid.
 */
struct trust {
	json_t *checks;
	bool ok;
	char reason[256]; /* the first disagreement */
};

void trust_init(struct trust *trust);
void trust_release(struct trust *trust);

/*
 * Record that @what, in the @move of @cycle, counted @observed pages where
 * @expected moved. Cycle 0 is the boot as a whole.
 */
void trust_check(struct trust *trust, unsigned int cycle, const char *move, const char *what,
		 int64_t expected, int64_t observed);

/* The same where the guest went on meanwhile: @least to @most pages moved. */
void trust_check_between(struct trust *trust, unsigned int cycle, const char *move,
			 const char *what, int64_t least, int64_t most, int64_t observed);

/**
 * trust_check_ns() - the same for a time
 * @tolerance: how far the two may be from each other
 */
void trust_check_ns(struct trust *trust, unsigned int cycle, const char *move, const char *what,
		    double expected, double observed, double tolerance);

/* Without a count: the boot was not what its scenario says, and why. */
void trust_refuse(struct trust *trust, const char *reason);

/* The "trust" object of result.json; new reference. */
json_t *trust_to_json(const struct trust *trust);

#endif
