/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/boot/tracing.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/object.h"
#include "bpf/trace_json.h"
#include "lib/clock.h"
#include "lib/log.h"

#define PAGE_BYTES 4096
#define RING_MIN (4U << 20)
#define RING_MAX (256U << 20)
/* Loading the programs takes a guest under TCG its time. */
#define START_MS 30000
#define READ_MS 30000

/* How far the phases' sum may be from the duration that the agent saw. */
#define SUM_TOLERANCE 0.02

enum { QUEUE_INFLATE, QUEUE_DEFLATE };

static json_int_t member(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/*
 * Room for the records of a whole move, for nobody reads them in its middle:
 * 64 bytes and a header of 8 for each batch, which has 256 pages at least.
 */
static unsigned int ring_bytes(uint64_t move_bytes)
{
	uint64_t wanted = 2 * 72 * (move_bytes / (256 * PAGE_BYTES) + 1);
	unsigned int ring = RING_MIN;

	while (ring < wanted && ring < RING_MAX)
		ring *= 2;
	return ring;
}

/* Whether the device advises on deflate; one without the property does. */
static bool device_advises(struct vm *vm)
{
	json_t *value = NULL;
	bool advises;

	qmp_execute(vm->qmp, "qom-get",
		    json_pack("{s:s, s:s}", "path", "/machine/peripheral/balloon0", "property",
			      "x-deflate-willneed"),
		    &value, deadline_in_ms(READ_MS));
	advises = !json_is_false(value);
	json_decref(value);
	return advises;
}

static int start_guest(struct tracing *trace, struct vm *vm, unsigned int ring)
{
	int err;

	err = agent_request(vm->agent,
			    json_pack("{s:s, s:s, s:i}", "cmd", "trace-start", "level",
				      trace_level_name(trace->level), "ring_bytes", (int)ring),
			    &trace->guest, deadline_in_ms(START_MS));
	if (err)
		vm_explain(vm, "when tracing began", agent_error(vm->agent));
	return err;
}

/* Said once a run: it will not be otherwise in the next boot. */
static void warn_once(const char *error)
{
	static bool warned;

	if (!warned)
		log_warn("%s; what the host does is not observed", error);
	warned = true;
}

static void start_host(struct tracing *trace, pid_t pid, unsigned int ring)
{
	/* Calls are all there is to see of what is no balloon, and they are few. */
	const struct tracer_options options = {
		.level = trace->method == METHOD_BALLOON ? trace->level : TRACE_PAGES,
		.ring_bytes = ring,
	};
	int err;

	err = host_tracer_open(&trace->host, &options, trace->host_error,
			       sizeof(trace->host_error));
	if (!err) {
		err = host_tracer_add(trace->host, pid);
		if (err)
			tracer_explain(trace->host_error, sizeof(trace->host_error),
				       "cannot trace QEMU", err);
	}
	if (err) {
		host_tracer_close(trace->host);
		trace->host = NULL;
		warn_once(trace->host_error);
		return;
	}
	trace->pid = pid;
	trace->batches =
		trace->method == METHOD_BALLOON && host_tracer_sees_batches(trace->host, pid);
	trace->clock_ns = clock_cost_ns();
}

int tracing_start(struct tracing *trace, struct vm *vm, const struct boot *boot)
{
	unsigned int ring = ring_bytes(boot->scenario->inflate_bytes);
	int err = 0;

	memset(trace, 0, sizeof(*trace));
	trace->level = boot->trace;
	trace->accel = boot->accel;
	trace->method = boot->variant->method;
	if (trace->level == TRACE_OFF)
		return 0;
	trace->moves = json_array();
	trace->exact = boot->scenario->backing != BACKING_HUGETLB;
	if (trace->method == METHOD_BALLOON) {
		trace->willneed = device_advises(vm);
		err = start_guest(trace, vm, ring);
	}
	if (!err)
		start_host(trace, vm->qemu.pid, ring);
	return err;
}

void tracing_release(struct tracing *trace)
{
	host_tracer_close(trace->host);
	trace->host = NULL;
	json_decref(trace->host_rows);
	json_decref(trace->guest);
	json_decref(trace->moves);
}

static void take_batch(const struct host_batch *batch, void *context)
{
	struct tracing *trace = context;

	if ((pid_t)batch->tgid != trace->pid || batch->queue > QUEUE_DEFLATE)
		return;
	host_totals_add(&trace->totals[batch->queue], batch);
	json_array_append_new(trace->host_rows, host_batch_to_row(batch));
}

static void drain(struct tracing *trace)
{
	host_tracer_drain(trace->host, take_batch, trace);
}

void tracing_begin(struct tracing *trace)
{
	if (trace->level == TRACE_OFF)
		return;
	json_decref(trace->host_rows);
	trace->host_rows = json_array();
	if (!trace->host)
		return;
	drain(trace);
	json_array_clear(trace->host_rows);
	memset(trace->totals, 0, sizeof(trace->totals));
	host_tracer_stats(trace->host, trace->pid, &trace->before);
}

static struct calls calls_since(const struct tracing *trace, const struct host_stats *now,
				enum advice advice)
{
	const struct advice_stats *a = &now->advice[advice], *b = &trace->before.advice[advice];

	return (struct calls){ .count = a->latency_ns.count - b->latency_ns.count,
			       .bytes = a->bytes - b->bytes,
			       .ns = a->latency_ns.sum - b->latency_ns.sum };
}

/*
 * A discard is one call or, for memory with a file behind it, two of the same
 * bytes: their times add up, their bytes do not.
 */
static struct calls discards_since(const struct tracing *trace, const struct host_stats *now)
{
	static const enum advice kinds[] = { ADVICE_DONTNEED, ADVICE_REMOVE, ADVICE_PUNCH_HOLE };
	struct calls sum = { 0 };
	size_t i;

	for (i = 0; i < 3; i++) {
		struct calls c = calls_since(trace, now, kinds[i]);

		sum.count += c.count;
		sum.ns += c.ns;
		sum.bytes = c.bytes > sum.bytes ? c.bytes : sum.bytes;
	}
	return sum;
}

void tracing_look(struct tracing *trace, bool inflate)
{
	const struct host_totals *totals = &trace->totals[inflate ? QUEUE_INFLATE : QUEUE_DEFLATE];
	struct host_view *view = &trace->view;
	struct host_stats *now;

	*view = (struct host_view){ .batches = trace->batches, .advice_ns = NAN };
	if (!trace->host)
		return;
	drain(trace);
	view->batch_ns = totals->ns;
	view->advice_ns = host_totals_advice_ns(totals, trace->clock_ns);
	now = calloc(1, sizeof(*now));
	view->calls = now && host_tracer_sees_calls(trace->host) &&
		      !host_tracer_stats(trace->host, trace->pid, now);
	if (view->calls) {
		view->discards = discards_since(trace, now);
		view->willneeds = calls_since(trace, now, ADVICE_WILLNEED);
		view->advice_ns = view->discards.ns + view->willneeds.ns;
	}
	free(now);
}

static json_t *ns_or_null(double ns)
{
	return isnan(ns) ? json_null() : json_integer(ns);
}

/* Put the phases into the move; returns their sum. */
static double put_phases(const struct tracing *trace, const struct resize_trace *guest,
			 bool inflate, json_t *move)
{
	const struct host_view *view = &trace->view;
	const struct guest_totals *g = &guest->totals;
	uint64_t other = g->gap_ns + guest->edge_ns;
	double tell = g->stage_ns[STAGE_TELL], host = view->batch_ns, advice = view->advice_ns;
	json_t *phases = json_object();
	double sum = tell + g->alloc_retry_ns + other;
	int i;

	/* Under icount the guest's clock stands still while the host works. */
	if (trace->accel == ACCEL_ICOUNT || !view->batches)
		host = advice = NAN;
	else if (advice > host)
		advice = host;
	for (i = 0; i < STAGE_COUNT; i++)
		sum += i == STAGE_TELL ? 0 : g->stage_ns[i];
	if (inflate) {
		json_object_set_new(phases, "alloc_ns", json_integer(g->stage_ns[STAGE_ALLOC]));
		json_object_set_new(phases, "puff_ns", json_integer(g->alloc_retry_ns));
	}
	json_object_set_new(phases, inflate ? "enqueue_ns" : "dequeue_ns",
			    g->merged && inflate ? json_null()
						 : json_integer(g->stage_ns[STAGE_MOVE]));
	json_object_set_new(phases, "notify_ns",
			    json_integer(isnan(host) ? tell : fmax(tell - host, 0)));
	json_object_set_new(phases, "host_translate_ns", ns_or_null(host - advice));
	json_object_set_new(phases, inflate ? "host_discard_ns" : "host_willneed_ns",
			    ns_or_null(advice));
	if (!inflate)
		json_object_set_new(phases, "release_ns", json_integer(g->stage_ns[STAGE_RELEASE]));
	json_object_set_new(phases, "other_ns", json_integer(other));
	json_object_set_new(move, "phases", phases);
	return sum;
}

static void put_host(const struct tracing *trace, json_t *move)
{
	const struct host_view *view = &trace->view;
	const struct host_totals *s = trace->totals;

	if (view->calls)
		json_object_set_new(move, "host",
				    json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "source",
					      "tracepoints", "discard_calls",
					      (json_int_t)view->discards.count, "discard_bytes",
					      (json_int_t)view->discards.bytes, "discard_ns",
					      (json_int_t)view->discards.ns, "willneed_calls",
					      (json_int_t)view->willneeds.count, "willneed_bytes",
					      (json_int_t)view->willneeds.bytes, "willneed_ns",
					      (json_int_t)view->willneeds.ns));
	else if (view->batches)
		json_object_set_new(move, "host",
				    json_pack("{s:s, s:I, s:I, s:I, s:I}", "source", "batches",
					      "discard_calls", (json_int_t)s[QUEUE_INFLATE].calls,
					      "discard_bytes", (json_int_t)s[QUEUE_INFLATE].bytes,
					      "willneed_calls", (json_int_t)s[QUEUE_DEFLATE].calls,
					      "willneed_bytes",
					      (json_int_t)s[QUEUE_DEFLATE].bytes));
}

/*
 * Whoever counted pages of the move must have counted the same. With backing
 * pages larger than 4 KiB the device discards whole ones only, and advises about
 * whole ones for a part: what it says is no count of the move's pages then.
 */
static void check_counts(const struct tracing *trace, unsigned int cycle, const char *name,
			 bool inflate, const struct guest_totals *g, int64_t pages,
			 const struct beside *b, struct checks *checks)
{
	const struct host_view *view = &trace->view;
	int64_t moved = pages + b->taken_back, advised = inflate ? moved : 0;
	int64_t needed = inflate ? b->taken_back : moved;
	struct beside told = *b;

	if (!trace->willneed) {
		needed = 0;
		told = (struct beside){ 0 };
	}
	checks_count(checks, cycle, name, "BPF batches", moved, g->pages);
	if (!trace->exact)
		return;
	if (view->batches) {
		checks_count_between(checks, cycle, name, "QEMU's inflate batches",
				     advised + b->migrated_least, advised + b->migrated_most,
				     trace->totals[QUEUE_INFLATE].bytes / PAGE_BYTES);
		checks_count_between(checks, cycle, name, "QEMU's deflate batches",
				     needed + told.migrated_least, needed + told.migrated_most,
				     trace->totals[QUEUE_DEFLATE].bytes / PAGE_BYTES);
	}
	if (view->calls) {
		checks_count_between(checks, cycle, name, "host discards",
				     advised + b->migrated_least, advised + b->migrated_most,
				     view->discards.bytes / PAGE_BYTES);
		checks_count_between(checks, cycle, name, "host madvise(WILLNEED)",
				     needed + told.migrated_least, needed + told.migrated_most,
				     view->willneeds.bytes / PAGE_BYTES);
	}
}

/* Where the steps of the move are among the batches: result.json has durations only. */
static json_t *step_columns(void)
{
	return json_pack("[s, s]", "start_ns", "duration_ns");
}

static json_t *rows(json_t *columns, json_t *list)
{
	return json_pack("{s:o, s:O}", "columns", columns, "rows", list);
}

void tracing_end(struct tracing *trace, unsigned int cycle, const char *name,
		 const struct resize_trace *guest, const struct beside *beside, json_t *move,
		 struct checks *checks)
{
	const struct guest_totals *g = &guest->totals;
	bool inflate = !strcmp(name, "inflate");
	int64_t duration = member(move, "duration_ns"), resolution = member(move, "resolution_ns");
	double sum;

	if (trace->level == TRACE_OFF)
		return;
	json_object_set_new(move, "batches", json_integer(g->batches));
	json_object_set_new(move, "kicks", json_integer(g->kicks));
	json_object_set_new(move, "entries", json_pack("{s:I}", "count", (json_int_t)g->entries));
	sum = put_phases(trace, guest, inflate, move);
	put_host(trace, move);
	check_counts(trace, cycle, name, inflate, g, member(move, "bytes") / PAGE_BYTES, beside,
		     checks);
	checks_time(checks, cycle, name, "the sum of the phases", duration, sum,
		    fmax(SUM_TOLERANCE * duration, resolution));
	json_array_append_new(trace->moves,
			      json_pack("{s:i, s:s, s:o, s:o, s:o}", "cycle", (int)cycle, "move",
					name, "steps", rows(step_columns(), guest->steps), "guest",
					rows(guest_batch_columns(), guest->rows), "host",
					rows(host_batch_columns(), trace->host_rows)));
}

void tracing_end_untraced(struct tracing *trace, unsigned int cycle, const char *name,
			  int64_t pages, json_t *move, struct checks *checks)
{
	if (trace->level == TRACE_OFF)
		return;
	put_host(trace, move);
	if (trace->view.calls && trace->exact && pages >= 0)
		checks_count(checks, cycle, name, "host discards", pages,
			     trace->view.discards.bytes / PAGE_BYTES);
}

json_t *tracing_between(struct tracing *trace)
{
	json_t *seen = json_object();

	if (trace->level == TRACE_OFF) {
		json_decref(seen);
		return NULL;
	}
	tracing_look(trace, true);
	put_host(trace, seen);
	if (trace->view.batches)
		json_object_set_new(seen, "round_trips",
				    json_integer(trace->totals[QUEUE_INFLATE].batches +
						 trace->totals[QUEUE_DEFLATE].batches));
	return seen;
}

static int ask_guest(struct vm *vm, json_t **answer)
{
	int err = agent_request(vm->agent, json_pack("{s:s}", "cmd", "trace"), answer,
				deadline_in_ms(READ_MS));

	if (err)
		vm_explain(vm, "when the trace was read", agent_error(vm->agent));
	return err;
}

int tracing_counters(const struct tracing *trace, struct vm *vm, json_t **counters)
{
	json_t *answer = NULL;
	int err;

	*counters = NULL;
	if (trace->level == TRACE_OFF)
		return 0;
	err = ask_guest(vm, &answer);
	if (!err)
		*counters = json_incref(json_object_get(answer, "counters"));
	json_decref(answer);
	return err;
}

/* Counts of the whole boot, which no single move has. */
static void check_ops(const json_t *answer, const json_t *vmstat, enum trace_level level,
		      struct checks *checks)
{
	static const struct {
		const char *op;
		const char *block_pages; /* that it counts no op for, or NULL */
		const char *vmstat;
		enum trace_level level;
	} pairs[] = {
		{ "enqueue", "inflated_pages", "balloon_inflate", TRACE_PAGES },
		{ "dequeue", "deflated_pages", "balloon_deflate", TRACE_PAGES },
		{ "migrate", NULL, "balloon_migrate", TRACE_PHASES },
	};
	const json_t *ops = json_object_get(answer, "ops");
	const json_t *counters = json_object_get(answer, "counters");
	const json_t *blocks = json_object_get(answer, "blocks");
	char what[64];
	size_t i;

	checks_count(checks, 0, "boot", "lost records of the guest's tracer", 0,
		     member(counters, "lost_records") + member(counters, "lost_pairs"));
	for (i = 0; i < 3; i++) {
		if (pairs[i].level > level)
			continue;
		snprintf(what, sizeof(what), "BPF %s events", pairs[i].op);
		checks_count(
			checks, 0, "boot", what, member(vmstat, pairs[i].vmstat),
			member(json_object_get(ops, pairs[i].op), "count") +
				(pairs[i].block_pages ? member(blocks, pairs[i].block_pages) : 0));
	}
}

static json_t *host_to_json(struct tracing *trace, struct checks *checks)
{
	const struct observation *seen;
	struct host_stats *stats;
	json_t *calls = NULL;
	size_t count;

	if (!trace->host)
		return json_pack("{s:s}", "error", trace->host_error);
	host_tracer_counters(trace->host, trace->lost);
	checks_count(checks, 0, "boot", "lost records of the host's tracer", 0,
		     trace->lost[COUNTER_LOST_RECORDS] + trace->lost[COUNTER_LOST_PAIRS]);
	stats = calloc(1, sizeof(*stats));
	if (stats && host_tracer_sees_calls(trace->host) &&
	    !host_tracer_stats(trace->host, trace->pid, stats))
		calls = host_stats_to_json(stats);
	free(stats);
	seen = host_tracer_observations(trace->host, &count);
	return json_pack("{s:o, s:o, s:f, s:o*}", "observations", observations_to_json(seen, count),
			 "counters", counters_to_json(trace->lost), "clock_ns", trace->clock_ns,
			 "calls", calls);
}

int tracing_finish(struct tracing *trace, struct vm *vm, const json_t *vmstat,
		   struct checks *checks, json_t *result)
{
	json_t *answer = NULL;
	int err;

	if (trace->level == TRACE_OFF)
		return 0;
	if (trace->method != METHOD_BALLOON) {
		json_object_set_new(result, "trace",
				    json_pack("{s:s, s:o}", "level", trace_level_name(trace->level),
					      "host", host_to_json(trace, checks)));
		return 0;
	}
	err = ask_guest(vm, &answer);
	if (err)
		return err;
	check_ops(answer, vmstat, trace->level, checks);
	json_object_set(result, "ops", json_object_get(answer, "ops"));
	json_object_set_new(result, "trace",
			    json_pack("{s:s, s:{s:O, s:O, s:O, s:O}, s:o}", "level",
				      trace_level_name(trace->level), "guest", "mechanism",
				      json_object_get(trace->guest, "mechanism"), "observations",
				      json_object_get(trace->guest, "observations"), "counters",
				      json_object_get(answer, "counters"), "blocks",
				      json_object_get(answer, "blocks"), "host",
				      host_to_json(trace, checks)));
	json_decref(answer);
	return 0;
}

json_t *tracing_records(const struct tracing *trace)
{
	if (trace->level == TRACE_OFF || trace->method != METHOD_BALLOON)
		return NULL;
	return json_pack("{s:i, s:s, s:O}", "schema_version", 1, "level",
			 trace_level_name(trace->level), "moves", trace->moves);
}
