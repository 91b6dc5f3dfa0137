/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The duration of a resize by the driver's own events, with the agent's polls beside it. */
#include <math.h>

#include "bench/boot/parts.h"

/* How far the sum of the phases may be from the duration. */
#define SUM_TOLERANCE 0.02

static void note_overhang(struct overhang *worst, bool first, int64_t ns, int64_t bound_ns)
{
	if (first || ns - bound_ns > worst->ns - worst->bound_ns)
		*worst = (struct overhang){ ns, bound_ns };
}

bool events_add(struct driver_events *e, const struct event_resized *event)
{
	const struct guest_totals *totals = &event->trace.totals;
	const int64_t begin = totals->begin_ns, end = totals->end_ns;
	const int64_t polled_end = event->start_ns + event->duration_ns;
	const int64_t clock_ns = event->trace.resolution_ns;
	const bool first = !e->steps;

	if (!totals->batches || clock_ns == RECORD_ABSENT)
		return true;
	if (begin > end || end > TRACE_VALUE_MAX || clock_ns > TRACE_VALUE_MAX - e->resolution_ns ||
	    end - begin > TRACE_VALUE_MAX - e->duration_ns)
		return false;
	note_overhang(&e->early, first, event->start_ns - begin, event->resolution_ns);
	/* Where functions are traced, the last batch of a deflate ends after it was reported. */
	if (!totals->merged || event->to_pages > event->from_pages)
		note_overhang(&e->late, first, end - polled_end, event->resolution_ns);
	e->duration_ns += end - begin;
	e->resolution_ns += clock_ns;
	e->steps++;
	return true;
}

/* Events that the polls rule out would be those of something else. */
static void check_overhang(struct boot_result *boot, int64_t cycle, int direction, const char *what,
			   const struct overhang *o)
{
	checks_add(boot, cycle, direction, CHECK_NS, what, 0, o->bound_ns, o->ns > 0 ? o->ns : 0);
}

void events_time(const struct resize *r, struct boot_result *boot, int64_t cycle, int direction)
{
	const struct driver_events *e = &r->events;
	struct resize_result *result = r->result;

	/* A guest that takes pages back may still be inflating when the target is first reached. */
	if (!e->steps || e->steps != result->steps || r->taken_back)
		return;
	check_overhang(boot, cycle, direction,
		       "begin by the driver's events, before that by the polls", &e->early);
	check_overhang(boot, cycle, direction,
		       "end by the driver's events, after that by the polls", &e->late);
	result->timer = TIMER_EVENTS;
	result->polled =
		(struct polled_times){ .duration_ns = result->duration_ns,
				       .resolution_ns = result->resolution_ns,
				       .outside_ns = result->duration_ns - e->duration_ns };
	result->duration_ns = e->duration_ns;
	result->resolution_ns = e->resolution_ns;
	resize_derive_rate(result);
}

void events_check_sum(struct boot_result *boot, int64_t cycle, int direction,
		      const struct resize_result *result)
{
	const int64_t tolerance = SUM_TOLERANCE * result->duration_ns;
	const struct field *f;
	double sum = 0;

	for (f = phases_record.fields; f->name; f++)
		if (!isnan(field_number(f, (const char *)&result->phases + f->offset)))
			sum += field_number(f, (const char *)&result->phases + f->offset);
	checks_add(boot, cycle, direction, CHECK_NS, "the sum of the phases",
		   result->duration_ns - tolerance, result->duration_ns + tolerance, sum);
}
