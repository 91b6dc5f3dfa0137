/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/export/export.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/utf8.h"
#include "lib/alloc.h"
#include "lib/log.h"

#define PAGE_BYTES 4096
/* The first record need not be the earliest. */
#define LEAD_NS 1000000000LL
/* Batches that are under way at once, each on a track: the driver has one or two. */
#define LANES 8

/*
 * From the guest's clock to the host's, by the "clock" of result.json: the two were compared before
 * and after each resize, each time within half a round trip. Between two comparisons the offset is
 * taken to change evenly. It may have been a jump (of the guest's clock source), so all of the
 * change is uncertain, besides the larger uncertainty of the two. Only a drift and a jump that
 * cancel out could be more than that.
 */
struct guest_time {
	const char *why_not; /* NULL: the clocks are known */
	struct clock_offset *points;
	size_t count;
};

static int64_t guest_time_at(const struct clock_offset *point)
{
	return point->at_ns + point->offset_ns;
}

static void add_point(struct guest_time *time, const struct clock_offset *offset)
{
	struct clock_offset *point = &time->points[time->count++];

	*point = *offset;
	if (point->at_ns < -TRACE_VALUE_MAX || point->at_ns > TRACE_VALUE_MAX ||
	    point->offset_ns < -TRACE_VALUE_MAX || point->offset_ns > TRACE_VALUE_MAX ||
	    point->uncertainty_ns < 0 || point->uncertainty_ns > TRACE_VALUE_MAX)
		time->why_not = "the clock of the result is not complete";
	/* Time goes on from one comparison to the next, on either clock. */
	else if (!time->why_not && time->count > 1 &&
		 guest_time_at(point) - guest_time_at(point - 1) <=
			 llabs(point->offset_ns - point[-1].offset_ns))
		time->why_not = "the clock of the result contradicts itself";
}

/* What a result says of the clocks. Its points are to be freed. */
static struct guest_time guest_time_of(const struct boot_result *boot)
{
	const struct record_list *between = &boot->clock.between;
	struct guest_time time = { .why_not = NULL };
	size_t i;

	if (boot->accel == RESULT_ICOUNT)
		time.why_not = "under icount the guest's clock counts instructions";
	else if (boot->clock.begin.at_ns == RECORD_ABSENT)
		time.why_not = "the run did not compare the clocks";
	if (time.why_not)
		return time;
	time.points = xcalloc(between->count + 2, sizeof(*time.points));
	add_point(&time, &boot->clock.begin);
	for (i = 0; i < between->count; i++)
		add_point(&time, (const struct clock_offset *)between->items + i);
	add_point(&time, &boot->clock.end);
	return time;
}

/* The comparison before, of the two between which a time is; the first and the last go on. */
static const struct clock_offset *point_before(const struct guest_time *time, int64_t guest_ns)
{
	size_t i;

	for (i = 0; i + 2 < time->count && guest_time_at(&time->points[i + 1]) <= guest_ns; i++)
		;
	return &time->points[i];
}

/* A time of the guest by the host's clock; later times never come out earlier. */
static int64_t guest_time_to_host(const struct guest_time *time, int64_t guest_ns)
{
	const struct clock_offset *from = point_before(time, guest_ns), *to = from + 1;
	int64_t begin = guest_time_at(from);
	double passed = (double)(guest_ns - begin) / (guest_time_at(to) - begin);

	return guest_ns - from->offset_ns - llround(passed * (to->offset_ns - from->offset_ns));
}

/* How far times after a comparison may be wrong. */
static int64_t uncertainty(const struct clock_offset *from)
{
	int64_t larger = from[from[1].uncertainty_ns > from->uncertainty_ns].uncertainty_ns;

	return llabs(from[1].offset_ns - from->offset_ns) + larger;
}

static int64_t guest_time_worst(const struct guest_time *time)
{
	int64_t worst = 0;
	size_t i;

	for (i = 0; i + 1 < time->count; i++)
		if (uncertainty(&time->points[i]) > worst)
			worst = uncertainty(&time->points[i]);
	return worst;
}

enum process { GUEST = 1, HOST = 2 };

/* Tracks of a kind of record; a slice goes to the first that is free. */
struct lanes {
	int64_t end_ns[LANES];
	int used;
};

struct timeline {
	struct export *e;
	FILE *f;
	const struct boot_result *boot;
	struct guest_time time;
	bool begun[HOST + 1];	  /* there is an origin */
	int64_t origin[HOST + 1]; /* by the host's clock, or by the process's own */
	struct lanes lanes[TRACE_KINDS];
	int64_t balloon_pages, guest_count, not_drawn;
	const char *comma;
};

/* Of kind 'M' (a name), 'C' (a counter, at @begin_ns) or 'X' (a slice); @args: members of JSON. */
static __attribute__((format(printf, 8, 9))) void event(struct timeline *t, char kind,
							enum process process, int tid,
							const char *name, int64_t begin_ns,
							int64_t end_ns, const char *args, ...)
{
	va_list ap;

	fprintf(t->f, "%s\n{\"ph\":\"%c\",\"pid\":%d,\"tid\":%d,\"name\":\"%s\"", t->comma, kind,
		process, tid, name);
	if (kind != 'M')
		fprintf(t->f, ",\"ts\":%.3f", begin_ns / 1e3);
	if (kind == 'X')
		fprintf(t->f, ",\"dur\":%.3f", (end_ns - begin_ns) / 1e3);
	fputs(",\"args\":{", t->f);
	va_start(ap, args);
	vfprintf(t->f, args, ap);
	va_end(ap);
	fputs("}}", t->f);
	t->comma = ",";
}

/* The origin is the clocks' first comparison, or a while before the process's first record. */
static int64_t from_origin(struct timeline *t, enum process process, int64_t ns)
{
	if (!t->begun[process]) {
		t->begun[process] = true;
		t->origin[process] = t->time.why_not ? ns - LEAD_NS : t->time.points[0].at_ns;
	}
	return ns - t->origin[process];
}

static int64_t guest_ns(struct timeline *t, int64_t ns)
{
	return from_origin(t, GUEST, t->time.why_not ? ns : guest_time_to_host(&t->time, ns));
}

/* A track where nothing is under way from @begin_ns on; -1 where there is none. */
static int find_track(struct timeline *t, enum trace_kind kind, int64_t begin_ns, int64_t end_ns)
{
	struct lanes *lanes = &t->lanes[kind];
	char note[64] = "";
	int i = 0, tid;

	while (i < lanes->used && lanes->end_ns[i] > begin_ns)
		i++;
	if (i == LANES) {
		t->not_drawn++;
		return -1;
	}
	tid = 100 * kind + 1 + i;
	lanes->end_ns[i] = end_ns;
	if (i < lanes->used)
		return tid;
	lanes->used++;
	if (t->time.why_not)
		snprintf(note, sizeof(note), " (clocks NOT aligned)");
	else if (kind != TRACE_HOST)
		snprintf(note, sizeof(note), " (host clock within %.3f us)",
			 guest_time_worst(&t->time) / 1e3);
	event(t, 'M', kind == TRACE_HOST ? HOST : GUEST, tid, "thread_name", 0, 0,
	      "\"name\":\"%s%s\"", kind == TRACE_STEP ? "resizes" : "batches", note);
	return tid;
}

static void draw_balloon(struct timeline *t, int64_t ns)
{
	event(t, 'C', GUEST, 0, "balloon", ns, 0, "\"bytes\":%" PRId64,
	      t->balloon_pages * PAGE_BYTES);
}

/* The resize of result.json that a record is of, or NULL. */
static const struct resize_result *resize_of(const struct timeline *t, const struct trace_record *r)
{
	if ((size_t)r->cycle > t->boot->cycles.count)
		return NULL;
	return cycle_resize(result_cycle(t->boot, r->cycle - 1), r->resize);
}

static void draw_step(struct timeline *t, const struct trace_record *r)
{
	int64_t begin = guest_ns(t, r->step.start_ns);
	int64_t end = guest_ns(t, r->step.start_ns + r->step.duration_ns);
	const struct resize_result *resize = resize_of(t, r);
	int64_t resolution = 0;
	int tid = find_track(t, TRACE_STEP, begin, end);
	char note[64] = "";

	if (tid < 0)
		return;
	if (!t->time.why_not)
		snprintf(note, sizeof(note), ",\"clock_uncertainty_ns\":%" PRId64,
			 uncertainty(point_before(&t->time, r->step.start_ns)));
	/* A step is by the polls. */
	if (resize && resize->polled.resolution_ns != RECORD_ABSENT)
		resolution = resize->polled.resolution_ns;
	else if (resize && resize->resolution_ns != RECORD_ABSENT)
		resolution = resize->resolution_ns;
	event(t, 'X', GUEST, tid, direction_names[r->resize], begin, end,
	      "\"cycle\":%" PRId64 ",\"step\":%" PRId64 ",\"resolution_ns\":%" PRId64 "%s",
	      r->cycle, r->number, resolution, note);
}

/* Returns where it ends, by the guest's clock. */
static int64_t draw_phase(struct timeline *t, int tid, const char *name, int64_t begin_ns,
			  int64_t length_ns)
{
	if (length_ns)
		event(t, 'X', GUEST, tid, name, guest_ns(t, begin_ns),
		      guest_ns(t, begin_ns + length_ns), "\"ns\":%" PRId64, length_ns);
	return begin_ns + length_ns;
}

/* The phases follow each other; the retry, which is slept, is the end of alloc. */
static void draw_phases(struct timeline *t, int tid, const struct trace_record *r)
{
	const struct resize_result *resize = resize_of(t, r);
	const struct trace_guest_batch *b = &r->guest;
	bool merged = r->resize == INFLATE && resize &&
		      resize->phases.enqueue_ns == RECORD_ABSENT &&
		      !record_is_absent(&phases_record, &resize->phases);
	int64_t at =
		draw_phase(t, tid, merged ? "alloc + enqueue" : "alloc", b->begin_ns, b->alloc_ns);

	if (b->alloc_retry_ns <= b->alloc_ns)
		draw_phase(t, tid, "alloc retry", at - b->alloc_retry_ns, b->alloc_retry_ns);
	at = draw_phase(t, tid, r->resize == INFLATE ? "enqueue" : "dequeue", at, b->move_ns);
	at = draw_phase(t, tid, "notify", at, b->tell_ns);
	draw_phase(t, tid, "release", at, b->release_ns);
}

static void draw_guest_batch(struct timeline *t, const struct trace_record *r)
{
	const struct trace_guest_batch *b = &r->guest;
	int64_t ns = b->alloc_ns + b->move_ns + b->tell_ns + b->release_ns;
	int64_t begin = guest_ns(t, b->begin_ns), end = guest_ns(t, b->begin_ns + ns);
	int tid = find_track(t, TRACE_GUEST, begin, end);

	t->guest_count++;
	if (r->number == 1)
		draw_balloon(t, begin);
	t->balloon_pages += r->resize == INFLATE ? b->pages : -b->pages;
	if (tid >= 0) {
		event(t, 'X', GUEST, tid, "batch", begin, end,
		      "\"cycle\":%" PRId64 ",\"batch\":%" PRId64 ",\"pages\":%" PRId64
		      ",\"entries\":%" PRId64,
		      r->cycle, r->number, b->pages, b->entries);
		draw_phases(t, tid, r);
	}
	draw_balloon(t, end);
}

/* As host_totals_advice_ns() of bpf/totals.h, for one batch. */
static int64_t advice_ns(const struct timeline *t, const struct trace_host_batch *b)
{
	double clock_ns = t->boot->trace.host.clock_ns; /* in each time that QEMU took of a call */
	double mean;

	if (!b->timed)
		return 0;
	mean = (double)b->timed_ns / b->timed - (isfinite(clock_ns) ? clock_ns : 0);
	return fmin(fmax(mean, 0) * b->calls, b->ns);
}

static void draw_host_batch(struct timeline *t, const struct trace_record *r)
{
	const struct trace_host_batch *b = &r->host;
	int64_t begin = from_origin(t, HOST, b->end_ns - b->ns), end = begin + b->ns;
	int64_t advice = advice_ns(t, b);
	int tid = find_track(t, TRACE_HOST, begin, end);

	if (tid < 0)
		return;
	event(t, 'X', HOST, tid, "batch", begin, end,
	      "\"cycle\":%" PRId64 ",\"batch\":%" PRId64 ",\"entries\":%" PRId64, r->cycle,
	      r->number, b->entries);
	if (advice)
		event(t, 'X', HOST, tid, b->queue ? "willneed" : "discard", end - advice, end,
		      "\"calls\":%" PRId64 ",\"bytes\":%" PRId64 ",\"timed_calls\":%" PRId64
		      ",\"note\":\"sum of the calls, drawn at the end\"",
		      b->calls, b->bytes, b->timed);
}

static int draw_record(const struct trace_record *record, void *context)
{
	static void (*const draw[])(struct timeline *, const struct trace_record *) = {
		[TRACE_STEP] = draw_step,
		[TRACE_GUEST] = draw_guest_batch,
		[TRACE_HOST] = draw_host_batch,
	};
	struct timeline *t = context;

	draw[record->kind](t, record);
	return export_check(t->e);
}

static void name_process(struct timeline *t, enum process process, const char *name)
{
	event(t, 'M', process, 0, "process_name", 0, 0, "\"name\":\"%s%s\"", name,
	      t->time.why_not ? " (clocks NOT aligned)" : "");
	event(t, 'M', process, 0, "process_sort_index", 0, 0, "\"sort_index\":%d", process);
	if (accel_counts(t->boot->accel, process == GUEST ? CLOCK_GUEST : CLOCK_HOST))
		event(t, 'M', process, 0, "process_labels", 0, 0, "\"labels\":\"1 us is 1000 %s\"",
		      table_instructions(t->e->table));
}

/* How many batches the boot had, by the totals of its resizes. */
static int64_t count_batches(const struct boot_result *boot)
{
	const struct resize_result *resize;
	int64_t count = 0;
	size_t i;

	for (i = 0; i < DIRECTIONS * boot->cycles.count; i++) {
		resize = cycle_resize(result_cycle(boot, i / DIRECTIONS), i % DIRECTIONS);
		count += resize->batches == RECORD_ABSENT ? 0 : resize->batches;
	}
	return count;
}

/* The worst value of each stretch of a victim's time, as a counter. */
static void draw_victims(struct timeline *t, enum process process,
			 const struct record_list *victims)
{
	const struct victim_result *v = victims->items;
	const int64_t *point;
	int64_t ns;
	size_t i, k;

	for (i = 0; i < victims->count; i++, v++) {
		/* The names of our victims need no escape. */
		if (v->name[strspn(v->name, "abcdefghijklmnopqrstuvwxyz0123456789_")])
			continue;
		for (k = 0, point = v->series.items; k < v->series.count; k++, point += 2) {
			if (point[0] < 0 || point[0] > TRACE_VALUE_MAX)
				continue;
			ns = process == GUEST ? guest_ns(t, point[0])
					      : from_origin(t, HOST, point[0]);
			event(t, 'C', process, 0, v->name, ns, 0, "\"worst\":%" PRId64, point[1]);
		}
	}
}

static void write_other_data(const struct timeline *t, bool whole)
{
	const struct guest_time *time = &t->time;
	struct boot_result head;
	json_t *json;

	record_init(&boot_record, &head);
	head.scenario = t->boot->scenario;
	head.variant = t->boot->variant;
	head.accel = t->boot->accel;
	head.boot = t->boot->boot;
	head.kernel_release = t->boot->kernel_release;
	if (!time->why_not)
		head.clock = t->boot->clock;
	json = record_encode(&boot_record, &head);
	json_object_del(json, "cycles");
	json_object_del(json, "vmstat");
	fputs("\n],\"otherData\":{", t->f);
	json_dumpf(json, t->f, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_EMBED);
	json_decref(json);
	fprintf(t->f,
		",\"aligned\":%s,\"whole\":%s,\"guest_batches\":%" PRId64
		",\"guest_batches_of_boot\":%" PRId64 ",\"slices_not_drawn\":%" PRId64
		",\"origin_host_ns\":%" PRId64,
		time->why_not ? "false" : "true", whole ? "true" : "false", t->guest_count,
		count_batches(t->boot), t->not_drawn, t->origin[HOST]);
	if (time->why_not)
		fprintf(t->f, ",\"why_not_aligned\":\"%s\",\"origin_guest_ns\":%" PRId64 "}}\n",
			time->why_not, t->origin[GUEST]);
	else
		fprintf(t->f, ",\"uncertainty_ns\":%" PRId64 "}}\n", guest_time_worst(time));
}

static void warn(const struct timeline *t, bool whole)
{
	int64_t batches = count_batches(t->boot);

	if (t->time.why_not)
		log_warn("guest and host are not aligned, each has its own clock: %s",
			 t->time.why_not);
	if (whole && t->guest_count < batches)
		log_warn("%" PRId64 " of %" PRId64
			 " batches are there: the agent sends the first 50000 of a step",
			 t->guest_count, batches);
	if (t->not_drawn)
		log_warn("%" PRId64 " slices are not drawn: more than %d at once", t->not_drawn,
			 LANES);
}

/* The first boot with a trace ends the walk: @context is set to what drawing it returned. */
static int draw_boot(struct export *e, const struct boot_result *boot, const char *trace,
		     void *context)
{
	struct timeline t = { .e = e, .f = e->out, .boot = boot, .comma = "" };
	int *status = context, read;

	if (boot->status != BOOT_OK || !trace || access(trace, F_OK))
		return 0;
	t.time = guest_time_of(boot);
	fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[", t.f);
	name_process(&t, GUEST, "guest");
	name_process(&t, HOST, "QEMU / host");
	read = export_trace(e, trace, draw_record, &t);
	*status = export_check(e);
	if (!*status) {
		draw_victims(&t, GUEST, &boot->victims.guest);
		draw_victims(&t, HOST, &boot->victims.host);
		write_other_data(&t, !read);
		warn(&t, !read);
		*status = export_check(e);
	}
	free(t.time.points);
	return 1;
}

int export_perfetto(struct export *e)
{
	int status = EXPORT_NOTHING;

	export_each(e, draw_boot, &status);
	if (status == EXPORT_NOTHING)
		log_error("%s: no ok boot of the selection has a trace.jsonl: run with --trace "
			  "phases, and keep the files",
			  printable(e->table->dir));
	return status;
}
