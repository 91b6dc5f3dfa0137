/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/trust.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void trust_init(struct trust *trust)
{
	memset(trust, 0, sizeof(*trust));
	trust->checks = json_array();
	trust->ok = true;
}

void trust_release(struct trust *trust)
{
	json_decref(trust->checks);
	trust->checks = NULL;
}

void trust_check(struct trust *trust, unsigned int cycle, const char *move, const char *what,
		 int64_t expected, int64_t observed)
{
	if (trust->ok && expected != observed) {
		trust->ok = false;
		snprintf(trust->reason, sizeof(trust->reason),
			 "cycle %u, %s: %lld pages moved, %s says %lld", cycle, move,
			 (long long)expected, what, (long long)observed);
	}
	json_array_append_new(trust->checks,
			      json_pack("{s:i, s:s, s:s, s:I, s:I}", "cycle", (int)cycle, "move",
					move, "what", what, "expected_pages", (json_int_t)expected,
					"observed_pages", (json_int_t)observed));
}

void trust_check_between(struct trust *trust, unsigned int cycle, const char *move,
			 const char *what, int64_t least, int64_t most, int64_t observed)
{
	int64_t expected = observed < least ? least : observed > most ? most : observed;

	trust_check(trust, cycle, move, what, expected, observed);
}

void trust_check_ns(struct trust *trust, unsigned int cycle, const char *move, const char *what,
		    double expected, double observed, double tolerance)
{
	if (trust->ok && fabs(expected - observed) > tolerance) {
		trust->ok = false;
		snprintf(trust->reason, sizeof(trust->reason),
			 "cycle %u, %s: it took %.0f ns, %s says %.0f", cycle, move, expected, what,
			 observed);
	}
	json_array_append_new(trust->checks,
			      json_pack("{s:i, s:s, s:s, s:I, s:I}", "cycle", (int)cycle, "move",
					move, "what", what, "expected_ns", (json_int_t)expected,
					"observed_ns", (json_int_t)observed));
}

void trust_refuse(struct trust *trust, const char *reason)
{
	if (trust->ok)
		snprintf(trust->reason, sizeof(trust->reason), "%s", reason);
	trust->ok = false;
}

json_t *trust_to_json(const struct trust *trust)
{
	return json_pack("{s:b, s:O}", "ok", trust->ok, "checks", trust->checks);
}
