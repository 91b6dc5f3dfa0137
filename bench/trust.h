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

/* Record that @what, in the @move of @cycle, counted @observed pages where @expected moved. */
void trust_check(struct trust *trust, unsigned int cycle, const char *move, const char *what,
		 int64_t expected, int64_t observed);

/* The "trust" object of result.json; new reference. */
json_t *trust_to_json(const struct trust *trust);

#endif
