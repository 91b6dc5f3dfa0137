/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/export/export.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analysis/data/victims.h"
#include "analysis/export/guest_time.h"
#include "analysis/export/trace_reader.h"
#include "lib/log.h"
#include "lib/result.h"

#define PAGE_BYTES 4096
/* The first record need not be the earliest. */
#define LEAD_NS 1000000000LL
/* Batches that are under way at once, each on a track: the driver has one or two. */
#define LANES 8

enum process { GUEST = 1, HOST = 2 };

/* Tracks of one kind; a slice goes to the first that is free. */
struct lanes {
	enum process process;
	int first_tid;
	const char *name;
	long long end_ns[LANES];
	int used;
};

/* A trace being written. */
struct timeline {
	struct export *e;
	FILE *f;
	const json_t *boot;
	struct guest_time time;
	bool begun[HOST + 1];	    /* there is an origin */
	long long origin[HOST + 1]; /* by the host's clock, or by the process's own */
	struct lanes moves;
	struct lanes guest_batches;
	struct lanes host_batches;
	double clock_ns; /* cost of a reading, in each time that QEMU took of a call */
	long long balloon_pages;
	int step;
	/* of the move under way, by its batches */
	bool has_batches;
	long long first_guest_ns; /* by the guest's clock */
	long long first_ns;	  /* as drawn */
	long long last_ns;
	const json_t *move; /* of result.json, or NULL */
	long long cycle;    /* that it is of */
	bool inflate;
	long long guest_count;
	long long not_drawn;
	const char *comma;
};

static const char *move_name(bool inflate)
{
	return inflate ? "inflate" : "deflate";
}

/* ns as us, all digits. */
static void write_us(FILE *f, const char *key, long long ns)
{
	fprintf(f, ",\"%s\":%s%lld.%03lld", key, ns < 0 ? "-" : "", llabs(ns) / 1000,
		llabs(ns) % 1000);
}

static void open_event(struct timeline *t, const char *phase, enum process process, int tid,
		       const char *name)
{
	fprintf(t->f, "%s\n{\"ph\":\"%s\",\"pid\":%d,\"tid\":%d,\"name\":\"%s\"", t->comma, phase,
		process, tid, name);
	t->comma = ",";
}

static __attribute__((format(printf, 2, 3))) void close_event(struct timeline *t, const char *fmt,
							      ...)
{
	va_list ap;

	fputs(",\"args\":{", t->f);
	va_start(ap, fmt);
	vfprintf(t->f, fmt, ap);
	va_end(ap);
	fputs("}}", t->f);
}

/* The origin is the clocks' first comparison, or a while before the process's first record. */
static long long from_origin(struct timeline *t, enum process process, long long ns)
{
	if (!t->begun[process]) {
		t->begun[process] = true;
		t->origin[process] =
			t->time.why_not ? ns - LEAD_NS
					: guest_time_to_host(&t->time, t->time.points[0].guest_ns);
	}
	return ns - t->origin[process];
}

/* A time of the guest as it is drawn. */
static long long guest_ns(struct timeline *t, long long ns)
{
	return from_origin(t, GUEST, t->time.why_not ? ns : guest_time_to_host(&t->time, ns));
}

/* Where it is drawn; to be closed with close_event(). Never of negative length. */
static void open_slice(struct timeline *t, enum process process, int tid, const char *name,
		       long long begin_ns, long long end_ns)
{
	open_event(t, "X", process, tid, name);
	write_us(t->f, "ts", begin_ns);
	write_us(t->f, "dur", end_ns - begin_ns);
}

static void name_track(struct timeline *t, const struct lanes *lanes, int lane)
{
	char note[64] = "";

	if (lanes->process == GUEST && !t->time.why_not)
		snprintf(note, sizeof(note), " (host clock within %lld.%03lld us)",
			 guest_time_worst(&t->time) / 1000, guest_time_worst(&t->time) % 1000);
	else if (t->time.why_not)
		snprintf(note, sizeof(note), " (clocks NOT aligned)");
	open_event(t, "M", lanes->process, lanes->first_tid + lane, "thread_name");
	close_event(t, "\"name\":\"%s%s\"", lanes->name, note);
}

/* A track where nothing is under way from @begin_ns on; -1 where there is none. */
static int find_lane(struct timeline *t, struct lanes *lanes, long long begin_ns, long long end_ns)
{
	int i;

	for (i = 0; i < lanes->used; i++)
		if (lanes->end_ns[i] <= begin_ns)
			break;
	if (i == LANES) {
		t->not_drawn++;
		return -1;
	}
	if (i == lanes->used) {
		lanes->used++;
		name_track(t, lanes, i);
	}
	lanes->end_ns[i] = end_ns;
	return lanes->first_tid + i;
}

static void write_balloon(struct timeline *t, long long ns)
{
	open_event(t, "C", GUEST, 0, "balloon");
	write_us(t->f, "ts", ns);
	close_event(t, "\"bytes\":%lld", t->balloon_pages * PAGE_BYTES);
}

/* The move of result.json that a move of trace.json is. */
static void enter_move(struct timeline *t, const struct trace_move *move)
{
	const json_t *cycles = json_object_get(t->boot, "cycles");

	if (t->cycle == move->cycle && t->inflate == move->inflate)
		return;
	t->cycle = move->cycle;
	t->inflate = move->inflate;
	t->move =
		json_object_get(json_array_get(cycles, move->cycle - 1), move_name(move->inflate));
	t->has_batches = false;
	t->step = 0;
}

/* How far what is drawn of a move may be off, in a piece of JSON: "" where it is all that is. */
static void format_uncertainty(const struct timeline *t, long long ns, char *text, size_t size)
{
	text[0] = '\0';
	if (!t->time.why_not)
		snprintf(text, size, ",\"clock_uncertainty_ns\":%lld",
			 guest_time_uncertainty(&t->time, ns));
}

/* @at_ns: a time within the move, by the guest's clock. */
static void draw_move(struct timeline *t, long long begin_ns, long long end_ns, long long at_ns,
		      const char *source)
{
	char uncertainty[64];
	int tid = find_lane(t, &t->moves, begin_ns, end_ns);

	if (tid < 0)
		return;
	format_uncertainty(t, at_ns, uncertainty, sizeof(uncertainty));
	open_slice(t, GUEST, tid, move_name(t->inflate), begin_ns, end_ns);
	close_event(t, "\"cycle\":%lld,\"step\":%d,\"from\":\"%s\",\"resolution_ns\":%lld%s",
		    t->cycle, t->step, source,
		    (long long)json_integer_value(json_object_get(t->move, "resolution_ns")),
		    uncertainty);
}

static int take_step(const struct trace_move *move, long long start_ns, long long duration_ns,
		     void *context)
{
	struct timeline *t = context;

	enter_move(t, move);
	t->step++;
	draw_move(t, guest_ns(t, start_ns), guest_ns(t, start_ns + duration_ns), start_ns, "agent");
	return export_check(t->e);
}

static int take_end(const struct trace_move *move, void *context)
{
	struct timeline *t = context;

	enter_move(t, move);
	/* Older files do not say where the steps are: as far as their batches reach. */
	if (!t->step && t->has_batches)
		draw_move(t, t->first_ns, t->last_ns, t->first_guest_ns, "batches");
	t->cycle = -1;
	return export_check(t->e);
}

static long long value_of(const struct trace_batch *batch, enum trace_column column)
{
	return batch->values[column] == TRACE_ABSENT ? 0 : batch->values[column];
}

static void draw_phase(struct timeline *t, int tid, const char *name, long long begin_ns,
		       long long end_ns)
{
	long long begin = guest_ns(t, begin_ns), end = guest_ns(t, end_ns);

	if (begin_ns == end_ns)
		return;
	open_slice(t, GUEST, tid, name, begin, end);
	close_event(t, "\"ns\":%lld", end_ns - begin_ns);
}

/* The phases follow each other; puff, the sleep, is the end of alloc. */
static void draw_phases(struct timeline *t, int tid, const struct trace_batch *b)
{
	bool merged = t->inflate && json_is_null(json_at(t->move, "phases.enqueue_ns"));
	long long begin = b->values[TRACE_BEGIN_NS], end = begin + value_of(b, TRACE_ALLOC_NS);
	long long puff = value_of(b, TRACE_PUFF_NS);

	draw_phase(t, tid, merged ? "alloc + enqueue" : "alloc", begin, end);
	if (puff <= end - begin)
		draw_phase(t, tid, "puff", end - puff, end);
	begin = end;
	end += value_of(b, TRACE_MOVE_NS);
	draw_phase(t, tid, t->inflate ? "enqueue" : "dequeue", begin, end);
	begin = end;
	end += value_of(b, TRACE_TELL_NS);
	draw_phase(t, tid, "notify", begin, end);
	draw_phase(t, tid, "release", end, end + value_of(b, TRACE_RELEASE_NS));
}

static void draw_guest_batch(struct timeline *t, const struct trace_batch *b)
{
	long long length = value_of(b, TRACE_ALLOC_NS) + value_of(b, TRACE_MOVE_NS) +
			   value_of(b, TRACE_TELL_NS) + value_of(b, TRACE_RELEASE_NS);
	long long begin = guest_ns(t, b->values[TRACE_BEGIN_NS]);
	long long end = guest_ns(t, b->values[TRACE_BEGIN_NS] + length);
	int tid = find_lane(t, &t->guest_batches, begin, end);

	t->guest_count++;
	if (!t->has_batches) {
		t->has_batches = true;
		t->first_guest_ns = b->values[TRACE_BEGIN_NS];
		t->first_ns = begin;
		write_balloon(t, begin);
	}
	t->last_ns = end;
	t->balloon_pages += (t->inflate ? 1 : -1) * value_of(b, TRACE_PAGES);
	if (tid >= 0) {
		open_slice(t, GUEST, tid, "batch", begin, end);
		close_event(t, "\"cycle\":%lld,\"batch\":%lld,\"pages\":%lld,\"entries\":%lld",
			    t->cycle, b->number, value_of(b, TRACE_PAGES),
			    value_of(b, TRACE_ENTRIES));
		draw_phases(t, tid, b);
	}
	write_balloon(t, end);
}

/* As host_totals_advice_ns() of bpf/totals.h, for one batch. */
static long long advice_ns(const struct timeline *t, const struct trace_batch *b)
{
	long long timed = value_of(b, TRACE_TIMED);
	double mean;

	if (!timed)
		return 0;
	mean = (double)value_of(b, TRACE_TIMED_NS) / timed - t->clock_ns;
	return fmin(fmax(mean, 0) * value_of(b, TRACE_CALLS), b->values[TRACE_NS]);
}

static void draw_host_batch(struct timeline *t, const struct trace_batch *b)
{
	long long length = b->values[TRACE_NS], advice = advice_ns(t, b);
	long long begin = from_origin(t, HOST, b->values[TRACE_END_NS] - length);
	long long end = begin + length;
	int tid = find_lane(t, &t->host_batches, begin, end);

	if (tid < 0)
		return;
	open_slice(t, HOST, tid, "batch", begin, end);
	close_event(t, "\"cycle\":%lld,\"batch\":%lld,\"entries\":%lld", t->cycle, b->number,
		    value_of(b, TRACE_ENTRIES));
	if (!advice)
		return;
	open_slice(t, HOST, tid, value_of(b, TRACE_QUEUE) ? "willneed" : "discard", end - advice,
		   end);
	close_event(t,
		    "\"calls\":%lld,\"bytes\":%lld,\"timed_calls\":%lld,\"note\":\"sum of the "
		    "calls, drawn at the end\"",
		    value_of(b, TRACE_CALLS), value_of(b, TRACE_BYTES), value_of(b, TRACE_TIMED));
}

static int take_batch(const struct trace_move *move, const struct trace_batch *batch, void *context)
{
	struct timeline *t = context;

	enter_move(t, move);
	if (batch->side == TRACE_GUEST)
		draw_guest_batch(t, batch);
	else
		draw_host_batch(t, batch);
	return export_check(t->e);
}

static void name_process(struct timeline *t, enum process process, const char *name)
{
	open_event(t, "M", process, 0, "process_name");
	close_event(t, "\"name\":\"%s%s\"", name, t->time.why_not ? " (clocks NOT aligned)" : "");
	open_event(t, "M", process, 0, "process_sort_index");
	close_event(t, "\"sort_index\":%d", process);
	if (process == GUEST && tree_is_icount(t->e->tree)) {
		open_event(t, "M", process, 0, "process_labels");
		close_event(t, "\"labels\":\"1 us is 1000 guest instructions\"");
	}
}

/* How many batches the boot had, by what the agent summed up. */
static long long count_batches(const json_t *boot)
{
	const json_t *cycles = json_object_get(boot, "cycles"), *cycle;
	long long count = 0;
	size_t i;

	json_array_foreach (cycles, i, cycle)
		count += json_integer_value(json_at(cycle, "inflate.batches")) +
			 json_integer_value(json_at(cycle, "deflate.batches"));
	return count;
}

static json_t *other_data(const struct timeline *t, bool whole)
{
	const struct guest_time *time = &t->time;
	json_t *other;

	other = json_pack(
		"{s:O, s:O, s:O, s:O, s:O*, s:b, s:b, s:I, s:I, s:I, s:I}", "scenario",
		json_object_get(t->boot, "scenario"), "variant",
		json_object_get(t->boot, "variant"), "boot", json_object_get(t->boot, "boot"),
		"accel", json_object_get(t->boot, "accel"), "kernel_release",
		json_object_get(t->boot, "kernel_release"), "aligned", !time->why_not, "whole",
		whole, "guest_batches", (json_int_t)t->guest_count, "guest_batches_of_boot",
		(json_int_t)count_batches(t->boot), "slices_not_drawn", (json_int_t)t->not_drawn,
		"origin_host_ns", (json_int_t)t->origin[HOST]);
	if (time->why_not)
		json_object_update_new(other,
				       json_pack("{s:s, s:I}", "why_not_aligned", time->why_not,
						 "origin_guest_ns", (json_int_t)t->origin[GUEST]));
	else
		json_object_update_new(
			other, json_pack("{s:O, s:I}", "clock", json_object_get(t->boot, "clock"),
					 "uncertainty_ns", (json_int_t)guest_time_worst(time)));
	return other;
}

/* The worst value of each stretch of a victim's time, as a counter. */
static void draw_victim(struct timeline *t, const struct victim_figure *figure)
{
	enum process process = strcmp(figure->side, "guest") ? HOST : GUEST;
	const json_t *noted, *point;
	char path[128];
	size_t i;

	snprintf(path, sizeof(path), "victims.%s.%s", figure->side, figure->name);
	noted = json_at(t->boot, path);
	json_array_foreach (json_object_get(noted, "series"), i, point) {
		long long ns = json_integer_value(json_array_get(point, 0));

		open_event(t, "C", process, 0, figure->name);
		write_us(t->f, "ts", process == GUEST ? guest_ns(t, ns) : from_origin(t, HOST, ns));
		close_event(t, "\"worst\":%lld",
			    (long long)json_integer_value(json_array_get(point, 1)));
	}
}

static void draw_victims(struct timeline *t)
{
	struct victim_figure *figures;
	size_t i, n = victim_figures(t->e->tree, json_text(t->boot, "scenario"), &figures);

	for (i = 0; i < n; i++)
		draw_victim(t, &figures[i]);
	free(figures);
}

static int draw(struct timeline *t, const char *path)
{
	const struct trace_sink sink = {
		.step = take_step, .batch = take_batch, .end = take_end, .context = t
	};
	char message[1024];
	json_t *other;
	int status;

	fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[", t->f);
	name_process(t, GUEST, "guest");
	name_process(t, HOST, "QEMU / host");
	status = trace_read(path, &sink, message, sizeof(message));
	if (export_check(t->e))
		return export_check(t->e);
	if (status) {
		log_warn("%s; what stands before is exported", message);
		t->e->damaged = true;
	}
	draw_victims(t);
	other = other_data(t, !status);
	fputs("\n],\"otherData\":", t->f);
	json_dumpf(other, t->f, JSON_COMPACT | JSON_ENSURE_ASCII);
	fputs("}\n", t->f);
	json_decref(other);
	return export_check(t->e);
}

static void warn(const struct timeline *t)
{
	long long batches = count_batches(t->boot);

	if (t->time.why_not)
		log_warn("guest and host are not aligned, each has its own clock: %s",
			 t->time.why_not);
	if (!t->e->damaged && t->guest_count < batches)
		log_warn("%lld of %lld batches are there: the agent sends the first 50000 of a "
			 "step",
			 t->guest_count, batches);
	if (t->not_drawn)
		log_warn("%lld slices are not drawn: more than %d at once", t->not_drawn, LANES);
}

static int draw_boot(struct export *e, const json_t *boot, const char *path)
{
	struct timeline t = {
		.e = e,
		.f = e->out,
		.boot = boot,
		.time = guest_time_of(boot),
		.moves = { .process = GUEST, .first_tid = 1, .name = "moves" },
		.guest_batches = { .process = GUEST, .first_tid = 101, .name = "batches" },
		.host_batches = { .process = HOST, .first_tid = 201, .name = "batches" },
		.clock_ns = json_number_value(json_at(boot, "trace.host.clock_ns")),
		.cycle = -1,
		.comma = "",
	};
	int err = draw(&t, path);

	if (!err)
		warn(&t);
	guest_time_release(&t.time);
	return err;
}

int export_perfetto(struct export *e)
{
	int i, err = -ENOENT;

	for (i = export_next(e, -1); err == -ENOENT && i >= 0; i = export_next(e, i)) {
		const json_t *boot = json_array_get(e->tree->boots, i);
		char *path = export_trace_path(e, i);

		if (!path)
			return -ENOMEM;
		if (!strcmp(json_text(boot, "status"), RESULT_OK) && !access(path, F_OK))
			err = draw_boot(e, boot, path);
		free(path);
	}
	return err;
}
