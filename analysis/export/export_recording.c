/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/export/export.h"
#include "lib/alloc.h"
#include "lib/log.h"
#include "lib/recording.h"

/* A track for each queue of a balloon. */
enum track { TRACK_INFLATE = 1, TRACK_DEFLATE };

/* A process of the recording. */
struct recorded_vm {
	int64_t number, bytes, at_ns; /* advised so far, at the last sample */
};

struct drawing {
	FILE *f;
	const char *comma;
	int64_t origin_ns;
	bool begun;
	struct recorded_vm *vms;
	size_t count;
};

/* As event() of export_perfetto.c, but a process is a number of the recording. */
static __attribute__((format(printf, 7, 8))) void event(struct drawing *d, char kind,
							int64_t process, int track,
							const char *name, int64_t at_ns,
							const char *args, ...)
{
	va_list ap;

	fprintf(d->f, "%s\n{\"ph\":\"%c\",\"pid\":%" PRId64 ",\"tid\":%d,\"name\":\"%s\"", d->comma,
		kind, process, track, name);
	if (kind != 'M')
		fprintf(d->f, ",\"ts\":%.3f", (at_ns - d->origin_ns) / 1e3);
	va_start(ap, args);
	vfprintf(d->f, args, ap);
	va_end(ap);
	fputc('}', d->f);
	d->comma = ",";
}

static struct recorded_vm *find_vm(struct drawing *d, int64_t number)
{
	size_t i;

	/* The last ones are those that run. */
	for (i = d->count; i-- > 0;)
		if (d->vms[i].number == number)
			return &d->vms[i];
	return NULL;
}

/* Names are text of others: JSON escapes it. */
static void draw_process(struct drawing *d, const struct recorded *r)
{
	json_t *text = json_string(r->name) ?: json_string("?");
	char *name = json_dumps(text, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
	const int64_t number = r->process.number;

	event(d, 'M', number, 0, "process_name", 0, ",\"args\":{\"name\":%s}", name);
	free(name);
	json_decref(text);
	if (find_vm(d, number))
		return;
	d->vms = xreallocarray(d->vms, d->count + 1, sizeof(*d->vms));
	d->vms[d->count++] = (struct recorded_vm){ number, 0, r->process.at_ns };
	event(d, 'M', number, 0, "process_labels", 0, ",\"args\":{\"labels\":\"pid %" PRId64 "\"}",
	      r->process.pid);
	event(d, 'M', number, TRACK_INFLATE, "thread_name", 0, ",\"args\":{\"name\":\"inflate\"}");
	event(d, 'M', number, TRACK_DEFLATE, "thread_name", 0, ",\"args\":{\"name\":\"deflate\"}");
}

/* What is known of the calls of a batch is drawn at its end. */
static void draw_batch(struct drawing *d, const struct recorded *r)
{
	const struct recorded_batch *b = &r->batch;
	const int track = b->queue ? TRACK_DEFLATE : TRACK_INFLATE;
	double advice = b->timed ? (double)b->timed_ns / b->timed * b->calls : 0;

	advice = advice > b->ns ? b->ns : advice;
	event(d, 'X', b->number, track, "batch", b->end_ns - b->ns,
	      ",\"dur\":%.3f,\"args\":{\"entries\":%" PRId64 ",\"bytes\":%" PRId64 "}", b->ns / 1e3,
	      b->entries, b->bytes);
	if (advice > 0)
		event(d, 'X', b->number, track, b->queue ? "willneed" : "discard",
		      b->end_ns - (int64_t)advice,
		      ",\"dur\":%.3f,\"args\":{\"calls\":%" PRId64 ",\"timed_calls\":%" PRId64 "}",
		      (int64_t)advice / 1e3, b->calls, b->timed);
}

static void draw_sample(struct drawing *d, const struct recorded *r)
{
	const struct recorded_sample *s = &r->sample;
	struct recorded_vm *vm = find_vm(d, s->number);
	double seconds;

	if (!vm)
		return;
	seconds = (s->at_ns - vm->at_ns) / 1e9;
	event(d, 'C', s->number, 0, "memory", s->at_ns,
	      ",\"args\":{\"resident\":%" PRId64 ",\"anonymous huge\":%" PRId64 "}", s->rss_bytes,
	      s->anon_huge_bytes);
	if (seconds > 0)
		event(d, 'C', s->number, 0, "advised bytes/s", s->at_ns,
		      ",\"args\":{\"bytes\":%.0f}", (s->bytes - vm->bytes) / seconds);
	vm->bytes = s->bytes;
	vm->at_ns = s->at_ns;
}

static void draw_end(struct drawing *d, const struct recorded *r)
{
	event(d, 'i', r->end.number, TRACK_INFLATE, "ended", r->end.at_ns, ",\"s\":\"p\"");
}

static int64_t time_of(const struct recorded *r)
{
	const int64_t times[RECORDED_KINDS] = {
		[RECORDED_PROCESS] = r->process.at_ns,
		[RECORDED_BATCH] = r->batch.end_ns - r->batch.ns,
		[RECORDED_SAMPLE] = r->sample.at_ns,
		[RECORDED_END] = r->end.at_ns,
	};

	return times[r->kind];
}

static int draw(const struct recorded *record, void *context)
{
	static void (*const draws[RECORDED_KINDS])(struct drawing *, const struct recorded *) = {
		[RECORDED_PROCESS] = draw_process,
		[RECORDED_BATCH] = draw_batch,
		[RECORDED_SAMPLE] = draw_sample,
		[RECORDED_END] = draw_end,
	};
	struct drawing *d = context;

	if (!d->begun)
		d->origin_ns = time_of(record);
	d->begun = true;
	draws[record->kind](d, record);
	return ferror(d->f) ? -EIO : 0;
}

int export_recording(struct export *e, const char *path)
{
	struct drawing d = { .f = e->out, .comma = "" };
	char message[1024] = "";
	int status;

	fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[", e->out);
	status = recording_read(path, draw, &d, message, sizeof(message));
	fprintf(e->out,
		"\n],\"otherData\":{\"recording\":\"balloontrace host\",\"whole\":%s,"
		"\"origin_host_ns\":%" PRId64 "}}\n",
		status ? "false" : "true", d.origin_ns);
	free(d.vms);
	if (export_check(e))
		return export_check(e);
	if (!status)
		return 0;
	log_warn("%s%s", message, d.begun ? "; what stands before is exported" : "");
	e->damaged = true;
	return d.begun ? 0 : EXPORT_NOTHING;
}
