/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/export/guest_time.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/data/tree.h"

/* Sums and differences of a few such numbers do not overflow. */
#define SANE_MAX (1LL << 56)

static bool take(const json_t *object, const char *key, long long *value)
{
	const json_t *number = json_object_get(object, key);

	*value = json_integer_value(number);
	return json_is_integer(number) && *value <= SANE_MAX && *value >= -SANE_MAX;
}

/* Whether time goes on from one comparison to the next, on either clock. */
static bool follows(const struct clock_point *from, const struct clock_point *to)
{
	long long drift = to->offset_ns - from->offset_ns;

	return to->guest_ns > from->guest_ns && to->guest_ns - from->guest_ns > llabs(drift);
}

static void add_point(struct guest_time *time, const json_t *object)
{
	struct clock_point *point = &time->points[time->count];
	long long at_ns;

	if (!take(object, "at_ns", &at_ns) || !take(object, "offset_ns", &point->offset_ns) ||
	    !take(object, "uncertainty_ns", &point->uncertainty_ns) || point->uncertainty_ns < 0) {
		time->why_not = "the clock of the result is not complete";
		return;
	}
	point->guest_ns = at_ns + point->offset_ns;
	if (time->count && !follows(point - 1, point))
		time->why_not = "the clock of the result contradicts itself";
	time->count++;
}

struct guest_time guest_time_of(const json_t *boot)
{
	const json_t *clock = json_object_get(boot, "clock"), *item;
	const json_t *between = json_object_get(clock, "between");
	struct guest_time time = { .why_not = NULL };
	size_t i;

	if (!strcmp(json_text(boot, "accel"), "icount"))
		time.why_not = "under icount the guest's clock counts instructions";
	else if (!clock)
		time.why_not = "the balloonbench that ran did not compare the clocks";
	if (time.why_not)
		return time;
	time.points = calloc(json_array_size(between) + 2, sizeof(*time.points));
	if (!time.points) {
		time.why_not = "out of memory";
		return time;
	}
	add_point(&time, json_object_get(clock, "begin"));
	json_array_foreach (between, i, item)
		if (!time.why_not)
			add_point(&time, item);
	if (!time.why_not)
		add_point(&time, json_object_get(clock, "end"));
	return time;
}

void guest_time_release(struct guest_time *time)
{
	free(time->points);
	time->points = NULL;
}

/* The comparison before, of the two between which a time is; the first and the last go on. */
static const struct clock_point *point_before(const struct guest_time *time, long long guest_ns)
{
	size_t i;

	for (i = 0; i + 2 < time->count && time->points[i + 1].guest_ns <= guest_ns; i++)
		;
	return &time->points[i];
}

long long guest_time_to_host(const struct guest_time *time, long long guest_ns)
{
	const struct clock_point *from = point_before(time, guest_ns), *to = from + 1;
	double passed = (double)(guest_ns - from->guest_ns) / (to->guest_ns - from->guest_ns);
	double drift = passed * (to->offset_ns - from->offset_ns);

	return guest_ns - from->offset_ns - llround(drift);
}

static long long uncertainty(const struct clock_point *from)
{
	const struct clock_point *to = from + 1;

	return llabs(to->offset_ns - from->offset_ns) + (from->uncertainty_ns > to->uncertainty_ns
								 ? from->uncertainty_ns
								 : to->uncertainty_ns);
}

long long guest_time_uncertainty(const struct guest_time *time, long long guest_ns)
{
	return uncertainty(point_before(time, guest_ns));
}

long long guest_time_worst(const struct guest_time *time)
{
	long long worst = 0;
	size_t i;

	for (i = 0; i + 1 < time->count; i++)
		worst = uncertainty(&time->points[i]) > worst ? uncertainty(&time->points[i])
							      : worst;
	return worst;
}
