/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <limits.h>
#include <math.h>
#include <string.h>

#include "bench/boot/parts.h"
#include "bpf/object.h"
#include "bpf/trace_result.h"
#include "lib/clock.h"
#include "lib/log.h"

#define RING_MIN (4U << 20)
#define RING_MAX (256U << 20)
/* A guest under TCG takes long to load the programs. */
#define ANSWER_NS (30 * NSEC_PER_SEC)

static bool has_balloon(const struct run *run)
{
	return method_is_balloon(run->boot->variant->method);
}

/* Only virtio's driver has events of its batches, and only its device has probes of them. */
static bool has_batches(const struct run *run)
{
	return run->boot->variant->method == RESULT_BALLOON;
}

/* Room for all records of a resize, 72 bytes for each batch of at least 256 pages. */
static unsigned int ring_bytes(uint64_t resize_bytes)
{
	uint64_t wanted = 2 * 72 * (resize_bytes / (256 * PAGE_BYTES) + 1);
	unsigned int ring = RING_MIN;

	while (ring < wanted && ring < RING_MAX)
		ring *= 2;
	return ring;
}

static void start_host(struct run *run, unsigned int ring)
{
	static bool warned;
	struct tracing *t = &run->trace;
	/* Without batches the calls are all that there is to be seen. */
	const struct tracer_options options = {
		.trace.level = has_batches(run) ? run->boot->trace.level : TRACE_PAGES,
		.ring_bytes = ring,
	};
	int err;

	err = host_tracer_open(&t->host, &options, t->host_error, sizeof(t->host_error));
	if (!err) {
		t->slot = host_tracer_add(t->host, run->vm.qemu.pid);
		err = t->slot < 0 ? t->slot : 0;
		if (err)
			tracer_explain(t->host_error, sizeof(t->host_error), "cannot trace QEMU",
				       err);
	}
	if (!err) {
		t->batches = has_batches(run) && host_tracer_sees_batches(t->host, t->slot);
		t->clock_ns = clock_cost_ns();
		return;
	}
	host_tracer_close(t->host);
	t->host = NULL;
	/* All boots of a run have the same reason. */
	if (!warned)
		log_warn("%s; the host is not observed", t->host_error);
	warned = true;
}

static int create_file(struct run *run)
{
	struct tracing *t = &run->trace;
	char path[PATH_MAX], text[TRACE_SETTING_TEXT];
	int err;

	err = atomic_stream_open(&t->file, vm_file(&run->vm, TRACE_FILE, path));
	if (!err)
		trace_write_begin(&t->writer, t->file.file,
				  trace_setting_text(&run->boot->trace, text));
	return err;
}

/*
 * Batches count the operations of which a sample is timed. Without batches each of them is timed,
 * and counted by that.
 */
static struct trace_setting setting_of(const struct run *run)
{
	struct trace_setting setting = run->boot->trace;

	if (!has_batches(run))
		setting.one_in = 1;
	return setting;
}

int tracing_start(struct run *run)
{
	const struct trace_setting setting = setting_of(run);
	struct guest_request request = guest_request("trace-start");
	unsigned int ring = ring_bytes(run->boot->scenario->inflate_bytes);
	char level[TRACE_SETTING_TEXT];
	int err = 0;

	if (run->boot->trace.level == TRACE_OFF)
		return 0;
	if (has_balloon(run)) {
		run->trace.willneed = has_batches(run) &&
				      qmp_balloon_advises(run->vm.qmp, clock_ns() + ANSWER_NS);
		request.level = (char *)trace_setting_text(&setting, level);
		request.ring_bytes = ring;
		err = create_file(run);
		if (!err)
			err = vm_request(&run->vm, &request, &answer_tracer_record,
					 &run->trace.guest, "when tracing began", ANSWER_NS);
	}
	if (!err)
		start_host(run, ring);
	return err;
}

int tracing_close(struct run *run)
{
	if (!run->trace.file.file)
		return 0;
	trace_write_end(&run->trace.writer);
	return atomic_stream_commit(&run->trace.file);
}

void tracing_release(struct run *run)
{
	host_tracer_close(run->trace.host);
	record_release(&answer_tracer_record, &run->trace.guest);
	atomic_stream_release(&run->trace.file);
}

static void take_batch(const struct host_batch *batch, void *context)
{
	struct run *run = context;
	struct trace_host_batch row = trace_host_batch(batch);

	if ((int)batch->slot != run->trace.slot || batch->queue >= DIRECTIONS)
		return;
	host_totals_add(&run->trace.totals[batch->queue], batch);
	if (run->trace.in_resize)
		trace_write_record(&run->trace.writer, TRACE_HOST, &row);
}

void tracing_begin(struct run *run, int direction)
{
	struct tracing *t = &run->trace;

	t->in_resize = false;
	t->direction = direction;
	if (t->host) {
		host_tracer_drain(t->host, take_batch, run);
		memset(t->totals, 0, sizeof(t->totals));
		host_tracer_stats(t->host, t->slot, &t->before);
	}
	t->in_resize = direction < DIRECTIONS && t->file.file;
	if (t->in_resize)
		trace_write_resize(&t->writer, run->number, direction);
}

/* Memory with a file behind it is discarded by two calls: their bytes do not add up. */
static void add_calls(const struct tracing *t, enum advice advice, int64_t *calls, int64_t *bytes,
		      int64_t *ns)
{
	const struct advice_stats *now = &t->now.advice[advice];
	const struct advice_stats *before = &t->before.advice[advice];
	const int64_t new_bytes = now->bytes - before->bytes;

	*calls += now->calls - before->calls;
	*bytes = new_bytes > *bytes ? new_bytes : *bytes;
	*ns += now->latency_ns.sum - before->latency_ns.sum;
}

void tracing_read(struct run *run)
{
	static const enum advice discards[] = { ADVICE_DONTNEED, ADVICE_REMOVE, ADVICE_PUNCH_HOLE };
	struct tracing *t = &run->trace;
	struct host_work *w = &t->work;
	size_t i;

	record_init(&host_work_record, w);
	if (!t->host)
		return;
	host_tracer_drain(t->host, take_batch, run);
	if (host_tracer_sees_calls(t->host) && !host_tracer_stats(t->host, t->slot, &t->now)) {
		*w = (struct host_work){ .source = HOST_TRACEPOINTS };
		for (i = 0; i < sizeof(discards) / sizeof(discards[0]); i++)
			add_calls(t, discards[i], &w->discard_calls, &w->discard_bytes,
				  &w->discard_ns);
		add_calls(t, ADVICE_WILLNEED, &w->willneed_calls, &w->willneed_bytes,
			  &w->willneed_ns);
	} else if (t->batches) {
		w->source = HOST_BATCHES;
		w->discard_calls = t->totals[INFLATE].calls;
		w->discard_bytes = t->totals[INFLATE].bytes;
		w->willneed_calls = t->totals[DEFLATE].calls;
		w->willneed_bytes = t->totals[DEFLATE].bytes;
	}
}

static int64_t ns_or_absent(double ns)
{
	return isnan(ns) ? RECORD_ABSENT : (int64_t)ns;
}

/* After events_time(). By the polls what is outside of the batches belongs to the duration. */
static void put_phases(const struct run *run, const struct resize *r, struct phases *phases)
{
	const struct tracing *t = &run->trace;
	const struct host_totals *totals = &t->totals[t->direction];
	const struct guest_totals *g = &r->totals;
	const uint64_t *stages = g->stage_ns;
	double host = totals->ns, advice = host_totals_advice_ns(totals, t->clock_ns);

	if (t->work.source == HOST_TRACEPOINTS)
		advice = t->work.discard_ns + t->work.willneed_ns;
	else if (!totals->calls)
		advice = 0;
	/*
	 * Under icount the guest's clock stands still while the host works. If no call was timed,
	 * the time in the device cannot be divided, and stays in notify.
	 */
	if (run->boot->accel == RESULT_ICOUNT || !t->batches || isnan(advice))
		host = advice = NAN;
	else if (advice > host)
		advice = host;
	if (t->direction == INFLATE) {
		phases->alloc_ns = stages[STAGE_ALLOC];
		phases->alloc_retry_ns = g->alloc_retry_ns;
		if (!g->merged)
			phases->enqueue_ns = stages[STAGE_MOVE];
		phases->host_discard_ns = ns_or_absent(advice);
	} else {
		phases->dequeue_ns = stages[STAGE_MOVE];
		phases->host_willneed_ns = ns_or_absent(advice);
		phases->release_ns = stages[STAGE_RELEASE];
	}
	phases->notify_ns =
		isnan(host) ? (double)stages[STAGE_TELL] : fmax(stages[STAGE_TELL] - host, 0);
	phases->host_translate_ns = ns_or_absent(host - advice);
	phases->other_ns = g->gap_ns;
	if (r->result->duration_ns > r->events.duration_ns)
		phases->other_ns += r->result->duration_ns - r->events.duration_ns;
}

/*
 * The device discards whole pages of the host, and advises one of which a part is deflated. cmm has
 * no device.
 */
static bool counts_pages(const struct run *run)
{
	return run->boot->scenario->backing != BACKING_HUGETLB &&
	       run->boot->variant->method != RESULT_CMM;
}

static void check_counts(struct run *run, const struct resize *r)
{
	const struct tracing *t = &run->trace;
	const bool calls = t->work.source == HOST_TRACEPOINTS;
	const int64_t all = r->result->bytes / PAGE_BYTES + r->taken_back;
	const struct {
		bool seen;
		const char *what;
		int kind; /* enum direction */
		uint64_t bytes;
	} counts[] = {
		{ t->batches, "QEMU's inflate batches", INFLATE, t->totals[INFLATE].bytes },
		{ t->batches, "QEMU's deflate batches", DEFLATE, t->totals[DEFLATE].bytes },
		{ calls, "host discards", INFLATE, t->work.discard_bytes },
		{ calls, "host madvise(WILLNEED)", DEFLATE, t->work.willneed_bytes },
	};
	size_t i;

	if (has_batches(run))
		checks_count(run->result, run->number, t->direction, "BPF batches", all,
			     r->totals.pages);
	for (i = 0; counts_pages(run) && i < sizeof(counts) / sizeof(counts[0]); i++) {
		/* Pages that deflate-on-oom took are discarded twice and deflated once. */
		int64_t expected = counts[i].kind == t->direction ? all : r->taken_back;
		bool advises = counts[i].kind == INFLATE || t->willneed;

		if (counts[i].seen)
			checks_add(run->result, run->number, t->direction, CHECK_PAGES,
				   counts[i].what, advises ? expected + r->migrated_least : 0,
				   advises ? expected + r->migrated_most : 0,
				   counts[i].bytes / PAGE_BYTES);
	}
}

static void put_batches(struct run *run, const struct resize *resize, struct resize_result *result)
{
	const int direction = run->trace.direction;

	result->batches = resize->totals.batches;
	result->kicks = resize->totals.kicks;
	result->entries.count = resize->totals.entries;
	events_time(resize, run->result, run->number, direction);
	put_phases(run, resize, &result->phases);
	events_check_sum(run->result, run->number, direction, result);
}

void tracing_end(struct run *run, const struct resize *resize, struct resize_result *result)
{
	struct tracing *t = &run->trace;

	t->in_resize = false;
	if (run->boot->trace.level == TRACE_OFF)
		return;
	result->host = t->work;
	if (!has_balloon(run)) {
		if (resize && t->work.source == HOST_TRACEPOINTS && counts_pages(run))
			checks_count(run->result, run->number, t->direction, "host discards",
				     t->direction == INFLATE ? result->bytes / PAGE_BYTES : 0,
				     t->work.discard_bytes / PAGE_BYTES);
		return;
	}
	check_counts(run, resize);
	if (has_batches(run))
		put_batches(run, resize, result);
}

static int read_guest(struct run *run, struct answer_trace *answer)
{
	struct guest_request request = guest_request("trace");

	return vm_request(&run->vm, &request, &answer_trace_record, answer,
			  "when the trace was read", ANSWER_NS);
}

int tracing_counters(struct run *run, struct trace_counters *counters)
{
	struct answer_trace answer;
	int err;

	record_init(&counters_record, counters);
	if (run->boot->trace.level == TRACE_OFF)
		return 0;
	err = read_guest(run, &answer);
	*counters = answer.counters;
	record_release(&answer_trace_record, &answer);
	return err;
}

/* The events of one operation in a few. They are spread evenly on each CPU: see SAMPLE_STEP. */
static void check_sample(struct run *run, const struct op_result *op, const char *what)
{
	const int64_t one_in = op->one_in > 1 ? op->one_in : 1, expected = op->count / one_in;
	const int64_t error = one_in > 1 ? 8 * run->boot->scenario->vcpus + expected / 100 : 0;

	checks_add(run->result, 0, CHECK_BOOT, CHECK_PAGES, what,
		   expected > error ? expected - error : 0, expected + error,
		   (uint64_t)op->histogram->count + op->lost);
}

static int is_huge(const char *name, const char *value, void *context)
{
	(void)context;
	return !strcmp(name, "huge-pages") && !strcmp(value, "on");
}

/* vmw_balloon keeps pages of 2 MiB itself: the kernel counts them, but has no event for them. */
static bool has_huge_pages(const struct run *run)
{
	return device_each(run->boot->variant->device, is_huge, NULL);
}

/* Counts of the whole boot. */
static void check_ops(struct run *run, const struct answer_trace *answer)
{
	const struct {
		const char *op;
		int64_t block_pages; /* have no op of their own */
		const char *vmstat;
		enum trace_level level;
	} pairs[] = {
		{ "enqueue", answer->blocks.inflated_pages, "balloon_inflate", TRACE_PAGES },
		{ "dequeue", answer->blocks.deflated_pages, "balloon_deflate", TRACE_PAGES },
		{ "migrate", 0, "balloon_migrate", TRACE_PHASES },
	};
	const struct op_result *op;
	char what[64];
	size_t i;

	checks_count(run->result, 0, CHECK_BOOT, "lost records of the guest's tracer", 0,
		     (uint64_t)answer->counters.lost_records + answer->counters.lost_pairs);
	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		if (pairs[i].level > run->boot->trace.level ||
		    (pairs[i].level == TRACE_PAGES && has_huge_pages(run)))
			continue;
		op = record_find(&op_record, &answer->ops, pairs[i].op);
		snprintf(what, sizeof(what), "BPF %s counts", pairs[i].op);
		checks_count(run->result, 0, CHECK_BOOT, what,
			     record_counter(&run->result->vmstat, pairs[i].vmstat),
			     (uint64_t)(op ? op->count : 0) + pairs[i].block_pages);
		snprintf(what, sizeof(what), "BPF %s events", pairs[i].op);
		if (op)
			check_sample(run, op, what);
	}
}

static void put_host(struct run *run)
{
	struct host_trace *host = &run->result->trace.host;
	uint64_t lost[COUNTER_COUNT] = { 0 };
	struct tracing *t = &run->trace;
	const struct observation *seen;
	size_t count;

	run->result->trace.level = run->boot->trace.level - TRACE_PHASES;
	if (!t->host) {
		record_set_text(&host->error, t->host_error);
		return;
	}
	host_tracer_counters(t->host, lost);
	checks_count(run->result, 0, CHECK_BOOT, "lost records of the host's tracer", 0,
		     lost[COUNTER_LOST_RECORDS] + lost[COUNTER_LOST_PAIRS]);
	trace_counters(&host->counters, lost);
	if (host_tracer_sees_calls(t->host) && !host_tracer_stats(t->host, t->slot, &t->now))
		trace_calls(&host->calls, &t->now, 1);
	seen = host_tracer_observations(t->host, &count);
	trace_observations(&host->observations, seen, count);
	host->clock_ns = t->clock_ns;
}

/* The kernel has the trace events of virtio's driver, which another driver does not fire. */
static void unobserve_batches(struct record_list *observations)
{
	static const char *const of_mm[] = { "migrate",	 "enqueue", "dequeue",
					     "finalize", "isolate", "putback" };
	struct observed *o = observations->items, *end = o + observations->count;
	size_t i;

	for (; o < end; o++) {
		for (i = 0; i < sizeof(of_mm) / sizeof(of_mm[0]); i++)
			if (!strcmp(o->what, of_mm[i]))
				break;
		if (i < sizeof(of_mm) / sizeof(of_mm[0]) || !o->how)
			continue;
		record_set_text(&o->how, NULL);
		record_set_text(&o->why_not, "this driver has no trace events of its own");
	}
}

static int finish_guest(struct run *run)
{
	struct guest_trace *guest = &run->result->trace.guest;
	struct answer_trace answer;
	int err = read_guest(run, &answer);

	if (!err) {
		check_ops(run, &answer);
		if (!has_batches(run))
			unobserve_batches(&run->trace.guest.observations);
		guest->mechanism = run->trace.guest.mechanism;
		guest->counters = answer.counters;
		/* Lists move to the result. */
		guest->observations = run->trace.guest.observations;
		guest->blocks = answer.blocks;
		run->result->ops = answer.ops;
		run->trace.guest.observations = answer.ops = answer.blocks.allocations =
			(struct record_list){ NULL, 0 };
	}
	record_release(&answer_trace_record, &answer);
	return err;
}

int tracing_finish(struct run *run)
{
	int err = 0;

	if (run->boot->trace.level == TRACE_OFF)
		return 0;
	if (has_balloon(run))
		err = finish_guest(run);
	if (!err)
		put_host(run);
	return err;
}
