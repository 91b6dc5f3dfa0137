/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bpf/host_output.h"

#include <stdio.h>
#include <string.h>

#include "lib/units.h"
#include "lib/utf8.h"

static void show_batches(const char *what, const struct host_totals *s, double clock_ns)
{
	double advice = host_totals_advice_ns(s, clock_ns);
	char bytes[32], time[32];

	if (!s->batches)
		return;
	printf("  %s: %llu batches, %llu entries, %llu calls for %s, in the device %s", what,
	       (unsigned long long)s->batches, (unsigned long long)s->entries,
	       (unsigned long long)s->calls, format_bytes(s->bytes, bytes, sizeof(bytes)),
	       format_duration(s->ns, time, sizeof(time)));
	if (s->timed)
		printf(": translate %.1f %%, advice %.1f %% (from %llu calls that were timed)",
		       100 * (1 - advice / s->ns), 100 * advice / s->ns,
		       (unsigned long long)s->timed);
	putchar('\n');
}

static void show_errors(const struct advice_stats *a)
{
	const char *before = ": ";
	int i;

	printf(", %llu errors", (unsigned long long)a->errors);
	for (i = 0; i < CALL_ERROR_COUNT; i++) {
		if (!a->by_error[i])
			continue;
		printf("%s%s %llu", before, call_error_names[i],
		       (unsigned long long)a->by_error[i]);
		before = ", ";
	}
}

static void show_advice(const struct traced_processes *traced, const char *name,
			const struct advice_stats *a)
{
	char title[64], bytes[32];

	printf("  %s: %llu calls", name, (unsigned long long)a->calls);
	if (a->ranges)
		printf(", with %llu ranges by process_madvise()", (unsigned long long)a->ranges);
	printf(", %s", format_bytes(a->bytes, bytes, sizeof(bytes)));
	show_errors(a);
	if (a->lost)
		printf(", %llu lost", (unsigned long long)a->lost);
	putchar('\n');
	snprintf(title, sizeof(title), "%s, latency of a call", name);
	show_histogram(title, &a->latency_ns, SHOW_NS, traced->one_call_in > 1);
	snprintf(title, sizeof(title), "%s, length of a call", name);
	show_histogram(title, &a->length_bytes, SHOW_BYTES, false);
}

static void show_bytes(const char *what, int64_t before, int64_t after)
{
	char from[32], to[32], change[32];
	const int64_t more = after - before;

	if (before == RECORD_ABSENT || after == RECORD_ABSENT || (!before && !after))
		return;
	printf("    %-22s %10s -> %10s", what, format_bytes(before, from, sizeof(from)),
	       format_bytes(after, to, sizeof(to)));
	if (more)
		printf("  %c%s", more > 0 ? '+' : '-',
		       format_bytes(more > 0 ? more : -more, change, sizeof(change)));
	putchar('\n');
}

static void show_outcome(const struct memory_outcome *outcome)
{
	char advised[32], freed[32], rest[32];

	if (!outcome->advised_bytes && !outcome->reason)
		return;
	printf("    advised to be freed %s",
	       format_bytes(outcome->advised_bytes, advised, sizeof(advised)));
	if (outcome->freed_bytes != RECORD_ABSENT)
		printf(", freed %s", format_bytes(outcome->freed_bytes, freed, sizeof(freed)));
	if (outcome->not_freed_bytes > 0)
		printf(", advised but not freed %s",
		       format_bytes(outcome->not_freed_bytes, rest, sizeof(rest)));
	if (outcome->reason)
		printf(": %s", outcome->reason);
	putchar('\n');
}

static void show_memory(const struct traced_processes *traced, const struct traced_process *p,
			const struct host_stats *stats)
{
	const struct process_memory *a = &p->first, *b = &p->last;
	struct memory_outcome outcome;

	if (!p->pid || a->rss_bytes == RECORD_ABSENT)
		return;
	printf("  memory, before and after\n");
	show_bytes("resident", a->rss_bytes, b->rss_bytes);
	show_bytes("anonymous", a->anonymous_bytes, b->anonymous_bytes);
	show_bytes("in huge pages", a->anon_huge_bytes, b->anon_huge_bytes);
	show_bytes("shared (tmpfs, memfd)", a->shared_bytes, b->shared_bytes);
	show_bytes("hugetlb", a->hugetlb_bytes, b->hugetlb_bytes);
	show_bytes("swap", a->swap_bytes, b->swap_bytes);
	show_bytes("locked", a->locked_bytes, b->locked_bytes);
	if (!host_tracer_sees_calls(traced->tracer))
		return;
	traced_process_outcome(p, stats, &outcome);
	show_outcome(&outcome);
}

/* Of the statistics those that are bytes have these words in their names. */
static bool is_bytes(const char *name)
{
	return strstr(name, "memory") || strstr(name, "swap") || strstr(name, "caches");
}

static void show_balloon(const struct balloon_view *view)
{
	const struct counter *c;
	char bytes[32];
	size_t i;

	printf("  balloon: the guest has %s",
	       format_bytes(view->actual_bytes, bytes, sizeof(bytes)));
	if (view->stats.count)
		printf("; it said %lld s ago:", (long long)view->stats_age_s);
	for (i = 0, c = view->stats.items; i < view->stats.count; i++, c++) {
		if (is_bytes(c->name))
			printf(" %s %s", printable(c->name),
			       format_bytes(c->value, bytes, sizeof(bytes)));
		else
			printf(" %s %lld", printable(c->name), (long long)c->value);
		putchar(i + 1 < view->stats.count ? ',' : '.');
	}
	putchar('\n');
}

static void show_process(const struct traced_processes *traced, const struct traced_process *p,
			 double clock_ns)
{
	const struct host_stats *stats = traced_process_stats(traced, p);
	int i;

	if (p->pid)
		printf("%s (%d%s%s)%s\n", traced_process_name(p), (int)p->pid,
		       p->info.monitor ? ", " : "", p->info.monitor ?: "",
		       p->gone ? ", has ended" : "");
	else
		printf("%llu processes that ended earlier\n", (unsigned long long)p->processes);
	show_memory(traced, p, stats);
	if (p->balloon)
		show_balloon(p->balloon);
	show_batches("inflate", &p->totals[0], clock_ns);
	show_batches("deflate", &p->totals[1], clock_ns);
	for (i = 0; i < ADVICE_COUNT; i++)
		if (stats->advice[i].calls || stats->advice[i].lost)
			show_advice(traced, advice_names[i], &stats->advice[i]);
}

void host_show_text(const struct traced_processes *traced)
{
	double clock_ns = clock_cost_ns();
	uint64_t counters[COUNTER_COUNT] = { 0 };
	size_t i;

	if (!traced->count && !traced->earlier)
		printf("no virtual machine was seen\n");
	for (i = 0; i < traced->count; i++)
		show_process(traced, traced->list[i], clock_ns);
	if (traced->earlier)
		show_process(traced, traced->earlier, clock_ns);
	host_tracer_counters(traced->tracer, counters);
	show_lost(counters);
	if (traced->late)
		printf("lost the first calls of %llu processes, or all: too many were executed at "
		       "once\n",
		       (unsigned long long)traced->late);
}
