/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/boot/checks.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void checks_init(struct checks *checks)
{
	memset(checks, 0, sizeof(*checks));
	checks->list = json_array();
	checks->ok = true;
}

void checks_release(struct checks *checks)
{
	json_decref(checks->list);
	checks->list = NULL;
}

void checks_count(struct checks *checks, unsigned int cycle, const char *move, const char *what,
		  int64_t expected, int64_t observed)
{
	if (checks->ok && expected != observed) {
		checks->ok = false;
		snprintf(checks->reason, sizeof(checks->reason),
			 "cycle %u, %s: %lld pages moved, %s says %lld", cycle, move,
			 (long long)expected, what, (long long)observed);
	}
	json_array_append_new(checks->list,
			      json_pack("{s:i, s:s, s:s, s:I, s:I}", "cycle", (int)cycle, "move",
					move, "what", what, "expected_pages", (json_int_t)expected,
					"observed_pages", (json_int_t)observed));
}

void checks_count_between(struct checks *checks, unsigned int cycle, const char *move,
			  const char *what, int64_t least, int64_t most, int64_t observed)
{
	int64_t expected = observed < least ? least : observed > most ? most : observed;

	checks_count(checks, cycle, move, what, expected, observed);
}

void checks_time(struct checks *checks, unsigned int cycle, const char *move, const char *what,
		 double expected, double observed, double tolerance)
{
	if (checks->ok && fabs(expected - observed) > tolerance) {
		checks->ok = false;
		snprintf(checks->reason, sizeof(checks->reason),
			 "cycle %u, %s: it took %.0f ns, %s says %.0f", cycle, move, expected, what,
			 observed);
	}
	json_array_append_new(checks->list,
			      json_pack("{s:i, s:s, s:s, s:I, s:I}", "cycle", (int)cycle, "move",
					move, "what", what, "expected_ns", (json_int_t)expected,
					"observed_ns", (json_int_t)observed));
}

void checks_refuse(struct checks *checks, const char *reason)
{
	if (checks->ok)
		snprintf(checks->reason, sizeof(checks->reason), "%s", reason);
	checks->ok = false;
}

json_t *checks_to_json(const struct checks *checks)
{
	return json_pack("{s:b, s:O}", "ok", checks->ok, "checks", checks->list);
}
